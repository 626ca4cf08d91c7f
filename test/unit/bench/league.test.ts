/** The judge, the counters and the seats of `npm run league`, and its table. */
import { expect, test } from "vitest";
import { Counter } from "../../../bench/league/counters.ts";
import { effectOf } from "../../../bench/league/judge.ts";
import { type Interval, Seat, STALL_MS } from "../../../bench/league/seat.ts";
import { leagueResults } from "../../../tools/docs/league-table.ts";

const held = (term: number, from: number, to: number): Interval => ({ term, from, to });

test("who knows before another one leads is told at a negative time, and nobody led in between", () => {
  const beliefs = [[held(1, 0, 3_000)], [held(1, 4_000, 9_000)], []];
  expect(effectOf({ at: 1_000, until: 9_000, beliefs })).toEqual({
    loser: 0,
    overlapMs: 0,
    leaderlessMs: 1_000,
    toldMs: -1_000,
  });
});

test("two that believe at once are seen, with how long the old one took to know", () => {
  const beliefs = [[held(1, 0, 6_000)], [held(1, 4_000, 9_000)]];
  expect(effectOf({ at: 1_000, until: 9_000, beliefs })).toMatchObject({ overlapMs: 2_000, toldMs: 2_000 });
});

test("a process that is stopped believes nothing, and is told from when it runs again", () => {
  const beliefs = [[held(1, 0, 1_000), held(1, 8_000, 8_030)], [held(1, 5_000, 9_000)]];
  expect(effectOf({ at: 1_000, resumedAt: 7_990, until: 9_000, beliefs })).toEqual({
    loser: 0,
    overlapMs: 30,
    leaderlessMs: 4_000,
    toldMs: 40,
  });
  expect(
    effectOf({ at: 1_000, resumedAt: 7_990, until: 9_000, beliefs: [[held(1, 0, 1_000)], beliefs[1] ?? []] }),
  ).toMatchObject({ overlapMs: 0, toldMs: 0 });
});

test("a later term of the old leader is not its belief in the lost one", () => {
  const beliefs = [[held(1, 0, 3_000), held(2, 7_000, 9_000)], [held(1, 4_000, 6_900)]];
  expect(effectOf({ at: 1_000, until: 9_000, beliefs })).toMatchObject({ overlapMs: 0, toldMs: -1_000 });
});

test("nobody is told anything where nobody else led, and nobody is struck where nobody led", () => {
  expect(effectOf({ at: 1_000, until: 9_000, beliefs: [[held(1, 0, 9_000)], []] })).toEqual({
    loser: 0,
    overlapMs: 0,
    leaderlessMs: 0,
  });
  expect(effectOf({ at: 1_000, until: 9_000, beliefs: [[held(1, 2_000, 9_000)], []] })).toBeUndefined();
});

test("a seat joins what it sees of one term, unless it did not look for a while", () => {
  const seat = new Seat();
  let holds = true;
  expect(seat.look(0)).toBeUndefined();
  seat.take({ holds: () => holds });
  for (const at of [1, 2, 2 + STALL_MS, 3 + 2 * STALL_MS]) seat.look(at);
  holds = false;
  seat.look(1_000);
  expect(seat.intervals).toEqual([held(1, 1, 2 + STALL_MS), held(1, 3 + 2 * STALL_MS, 3 + 2 * STALL_MS)]);
});

test("the counter that takes every write loses updates to a late one, and the one that compares tokens does not", () => {
  const counter = new Counter();
  const old = counter.read(1n);
  for (let turn = 0; turn < 3; turn++) {
    const { open, fenced = Number.NaN } = counter.read(2n);
    counter.write(2n, open + 1, fenced + 1);
  }
  counter.write(1n, old.open + 1, (old.fenced ?? Number.NaN) + 1);
  expect(counter.lost()).toEqual({ open: 3, fenced: 0 });
  expect(counter.read(1n)).toEqual({ open: 1 });
  expect(counter.isClaimed()).toBe(true);
});

test("the table says in words what a number alone would hide", () => {
  const result = {
    product: "a product",
    fault: "stop",
    faults: 100,
    rounds: 2,
    overlaps: { count: 3, longestMs: 1_234 },
    lostOpen: { elections: 3, updates: 17 },
    told: { count: 90, p50Ms: -800, maxMs: 12 },
    leaderlessMs: 4_010,
    unsettled: 1,
    load: 1,
    seconds: 30,
  };
  const measured = new Map(leagueResults({ seconds: 61, results: [result] }));
  const text = measured.get("league table");
  expect(text).toMatch(
    /stop +\| a product +\| 100 +\| 3; 1.2 s +\| 17 in 3 +\| no token +\| 90 +\| 800 ms before; 12 ms/,
  );
  expect(text).toContain("4.0 s; 1 open at the end");
  expect(measured.get("league minutes")).toBe("2");
  expect(measured.get("league load")).toBe("1 to 1");
});
