import { expect, test } from "vitest";
import { type BackOff, backOffMs, nextAttempt } from "../../../shared/back-off.ts";

const backOff: BackOff = { firstMs: 250, longestMs: 1_000 };
const waits = (random: number, share?: number) =>
  [0, 1, 2, 3, 2_000].map((attempt) =>
    backOffMs(attempt, random, { ...backOff, ...(share !== undefined && { leastShare: share }) }),
  );

test("the bound doubles up to the longest one, and what is waited is chosen below it", () => {
  expect(waits(1)).toEqual([250, 500, 1_000, 1_000, 1_000]);
  expect(waits(0)).toEqual([0, 0, 0, 0, 0]);
});

test("a share of it is waited in any case, where one is named", () => {
  expect(waits(0, 0.5)).toEqual([125, 250, 500, 500, 500]);
  expect(waits(1, 0.5)).toEqual(waits(1));
  expect(waits(0, 1)).toEqual(waits(1));
});

test("attempts at the longest bound are not counted: a longer one is reached step by step", () => {
  expect([0, 1, 2, 3].map((attempt) => nextAttempt(attempt, backOff))).toEqual([1, 2, 2, 3]);
  expect(nextAttempt(2, { ...backOff, longestMs: 10_000 })).toBe(3);
});
