import { expect, test } from "vitest";
import {
  costOf,
  freePlan,
  groupRows,
  NO_USAGE,
  paidPlan,
  RESETS_A_MONTH,
  resets,
  SIGN_OF_LIFE_EVERY_MS,
  scaledToMonth,
  signsOfLife,
  sum,
} from "../../../bench/cost.ts";
import { CHECK, Play } from "../client/play.ts";

const SOME = { requests: 3, messages: 5_000, alarms: 70, rowsWritten: 900, handlerSeconds: 11, logLines: 1 };
const DAY = 86_400;
const GOLDEN_RATIO = 1.618_033_988_75;

test("a million of each costs what the platform asks for it", () => {
  const million = 1_000_000;
  expect(costOf({ ...NO_USAGE, requests: million }).total).toBeCloseTo(0.15 + 0.3); // of the object, of the Worker
  expect(costOf({ ...NO_USAGE, alarms: million }).total).toBeCloseTo(0.15);
  expect(costOf({ ...NO_USAGE, messages: million }).total).toBeCloseTo(0.0075);
  expect(costOf({ ...NO_USAGE, rowsWritten: million })).toMatchObject({ rowsWritten: 1 });
  expect(costOf({ ...NO_USAGE, handlerSeconds: million }).total).toBeCloseTo(1.6);
  expect(costOf({ ...NO_USAGE, logLines: million }).total).toBeCloseTo(0.6);
});

test("an object that waits for its commit is billed by the clock on the wall", () => {
  const commits = 1_000_000;
  const waitedSeconds = 0.03 * commits;
  const { duration } = costOf({ ...NO_USAGE, handlerSeconds: 11, rowsWritten: commits });
  expect(duration).toBeCloseTo(((11 + waitedSeconds) * 0.128 * 12.5) / 1e6, 12);
});

test("the total is the sum of its parts", () => {
  const { requests, rowsWritten, duration, log, total } = costOf(SOME);
  expect(total).toBeCloseTo(requests + rowsWritten + duration + log, 12);
  expect(requests).toBeCloseTo(((3 + 70 + 250) * 0.15 + 3 * 0.3) / 1e6, 12);
});

test("the paid plan costs five dollars, and beyond what it includes the same as by list", () => {
  expect(paidPlan(SOME, 1)).toBe(5);
  const rows = { ...NO_USAGE, rowsWritten: 2_000 };
  expect(paidPlan(rows, 25_000)).toBeCloseTo(5); // 50 million rows, whose commits take less than the included duration
  expect(paidPlan(rows, 25_001)).toBeCloseTo(5 + 0.002, 9);
});

test("the free plan has room for as many groups as the scarcest of its limits allows", () => {
  expect(freePlan({ ...NO_USAGE, rowsWritten: 30 * 3_000 })).toEqual({ groups: 33, first: "rows written" });
  expect(freePlan({ ...NO_USAGE, messages: 30 * 20 * 40_000 })).toEqual({ groups: 2, first: "requests of objects" });
});

test("each reset counts as a join of everybody, with two lines of the log a session", () => {
  const join = { ...NO_USAGE, requests: 10, messages: 10, rowsWritten: 12 };
  const month = resets(join, 10);
  expect(month).toEqual({
    ...NO_USAGE,
    requests: 10 * RESETS_A_MONTH,
    messages: 10 * RESETS_A_MONTH,
    rowsWritten: 12 * RESETS_A_MONTH,
    logLines: 20 * RESETS_A_MONTH,
  });
});

test("a month has thirty days", () => {
  expect(scaledToMonth(SOME, DAY)).toEqual({
    requests: 90,
    messages: 150_000,
    alarms: 2_100,
    rowsWritten: 27_000,
    handlerSeconds: 330,
    logLines: 30,
  });
});

test("each sign of life of a waiting contender is a message", () => {
  expect(signsOfLife(9, 0.001)).toEqual({
    ...NO_USAGE,
    messages: 9 * 8_640,
    handlerSeconds: 9 * 8.64,
  });
});

test("[S4] signs of life of the client come as far apart as the model says, and at most 330 s", () => {
  const play = new Play();
  play.contend("x");
  play.connects();
  const apart: number[] = [];
  for (let last = Number.NaN; apart.length < 200; ) {
    play.random = (apart.length * GOLDEN_RATIO) % 1; // evenly spread
    play.wait(1_000, true);
    if (!play.says().some((said) => said !== "ping")) continue;
    if (!Number.isNaN(last)) apart.push(play.now - last);
    last = play.now;
  }
  const mean = apart.reduce((left, right) => left + right) / apart.length;
  expect(mean / SIGN_OF_LIFE_EVERY_MS).toBeCloseTo(1, 2);
  expect(Math.min(...apart)).toBeGreaterThanOrEqual(0.9 * CHECK - 1_000);
  expect(Math.max(...apart)).toBeLessThanOrEqual(1.1 * CHECK + 1_000);
});

test("a group that writes its row every five minutes writes as many rows", () => {
  expect(groupRows(300_000)).toEqual({ ...NO_USAGE, rowsWritten: 8_640 });
});

test("sums add every part", () => {
  expect(sum(SOME, SOME)).toEqual({
    requests: 6,
    messages: 10_000,
    alarms: 140,
    rowsWritten: 1_800,
    handlerSeconds: 22,
    logLines: 2,
  });
});
