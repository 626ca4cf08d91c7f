import { expect, test } from "vitest";
import {
  costOf,
  groupRows,
  SIGN_OF_LIFE_EVERY_MS,
  scaledToMonth,
  signsOfLife,
  sum,
  type Usage,
} from "../../../bench/cost.ts";
import { CHECK, Play } from "../client/play.ts";

const NOTHING: Usage = { requests: 0, messages: 0, alarms: 0, rowsWritten: 0, handlerSeconds: 0 };
const DAY = 86_400;
const GOLDEN_RATIO = 1.618_033_988_75;

test("a million of each costs what the platform asks for it", () => {
  const million = 1_000_000;
  expect(costOf({ ...NOTHING, requests: million }).total).toBeCloseTo(0.15);
  expect(costOf({ ...NOTHING, alarms: million }).total).toBeCloseTo(0.15);
  expect(costOf({ ...NOTHING, messages: million }).total).toBeCloseTo(0.0075);
  expect(costOf({ ...NOTHING, rowsWritten: million }).total).toBeCloseTo(1);
  expect(costOf({ ...NOTHING, handlerSeconds: million }).total).toBeCloseTo(1.6);
});

test("the total is the sum of its parts", () => {
  const { requests, rowsWritten, duration, total } = costOf({
    requests: 3,
    messages: 5_000,
    alarms: 70,
    rowsWritten: 900,
    handlerSeconds: 11,
  });
  expect(total).toBeCloseTo(requests + rowsWritten + duration, 12);
  expect(requests).toBeCloseTo(((3 + 70 + 250) * 0.15) / 1e6, 12);
});

test("a month has thirty days", () => {
  const day = { requests: 1, messages: 2, alarms: 3, rowsWritten: 4, handlerSeconds: 5 };
  expect(scaledToMonth(day, DAY)).toEqual({
    requests: 30,
    messages: 60,
    alarms: 90,
    rowsWritten: 120,
    handlerSeconds: 150,
  });
});

test("each sign of life of a waiting contender is a message", () => {
  expect(signsOfLife(9, 0.001)).toEqual({
    ...NOTHING,
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
  expect(groupRows(300_000)).toEqual({ ...NOTHING, rowsWritten: 8_640 });
});

test("sums add every part", () => {
  const one = { requests: 1, messages: 2, alarms: 3, rowsWritten: 4, handlerSeconds: 5 };
  expect(sum(one, one)).toEqual({ requests: 2, messages: 4, alarms: 6, rowsWritten: 8, handlerSeconds: 10 });
});
