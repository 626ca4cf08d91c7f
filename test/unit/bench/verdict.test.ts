import { expect, test } from "vitest";
import { boundsText, spreadOf, verdictOf } from "../../../bench/verdict.ts";

const spread = spreadOf([1, 2, 3, 4]);

test("a row without a target has no verdict", () => {
  expect(verdictOf([], spread, 1)).toBeNull();
});

test("a bound holds up to its very number, and a row is met when all of its bounds hold", () => {
  expect(verdictOf([{ of: "ratio", most: 1.5 }], spread, 1.5)).toBe("met");
  expect(verdictOf([{ of: "ratio", most: 1.5 }], spread, 1.51)).toBe("missed");
  const early = [
    { of: "min", least: 1 },
    { of: "max", most: 4 },
  ] as const;
  expect(verdictOf(early, spread, null)).toBe("met");
  expect(verdictOf(early, spreadOf([0.9, 4]), null)).toBe("missed");
  expect(verdictOf(early, spreadOf([1, 4.1]), null)).toBe("missed");
});

test("a ratio that could not be taken is missed, not met", () => {
  expect(verdictOf([{ of: "ratio", most: 1.5 }], spread, null)).toBe("missed");
});

test("targets are printed with both of their ends", () => {
  expect(
    boundsText([
      { of: "min", least: 1 },
      { of: "max", most: 4 },
    ]),
  ).toBe("min >= 1, max <= 4");
});
