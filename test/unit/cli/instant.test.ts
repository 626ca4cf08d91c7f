import { expect, test } from "vitest";
import { earlier, instantIn, msUntil } from "../../../cli/run/instant.ts";

const FAR_MS = 1e6;

test("[S6] a moment has come when either clock has reached it: a clock that stands still or was set back delays nothing", () => {
  const later = instantIn(FAR_MS);
  const past = instantIn(-1);

  expect(msUntil(later)).toBeGreaterThan(0);
  expect(msUntil({ ...later, wallMs: past.wallMs })).toBeLessThan(0);
  expect(msUntil({ ...later, monotonicMs: past.monotonicMs })).toBeLessThan(0);
  expect(earlier({ monotonicMs: 1, wallMs: 4 }, { monotonicMs: 2, wallMs: 3 })).toEqual({ monotonicMs: 1, wallMs: 3 });
});
