import { afterEach, expect, test, vi } from "vitest";
import {
  freshNonce,
  freshSecret,
  hashSecret,
  hasSpareSecret,
  spareSecret,
} from "../../../worker/durable-object/secrets.ts";

afterEach(() => {
  vi.useRealTimers();
});

test("ids that are made later sort behind the earlier ones, so that a crowd is stored in the order in which it came", () => {
  vi.useFakeTimers();
  const ids = Array.from({ length: 1_000 }, (_, index) => {
    vi.setSystemTime(Date.UTC(2026, 0, 1) + index * 86_400_000 * 12); // some 33 years
    return freshNonce();
  });
  expect(ids.toSorted()).toEqual(ids);
});

test("ids of one millisecond differ, and nothing of a secret can be guessed from when it was made", () => {
  vi.useFakeTimers();
  expect(new Set(Array.from({ length: 1_000 }, freshNonce)).size).toBe(1_000);
  const beginnings = Array.from({ length: 1_000 }, () => freshSecret().secret.slice(0, 8));
  expect(new Set(beginnings).size).toBe(1_000);
});

test("a secret that is made ahead is given out once, with its own hash", () => {
  const given = Array.from({ length: 100 }, (_, index) => {
    if (index % 3 > 0) spareSecret();
    return freshSecret();
  });
  expect(hasSpareSecret()).toBe(false);
  expect(new Set(given.map(({ secret }) => secret)).size).toBe(100);
  for (const { secret, hash } of given) expect(hash).toBe(hashSecret(secret));
});
