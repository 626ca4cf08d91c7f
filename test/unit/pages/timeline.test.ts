import fc from "fast-check";
import { expect, test } from "vitest";
import { termViews } from "../../../worker/pages/dashboard/view/history.ts";
import { panned, showing, ticks, zoomed } from "../../../worker/pages/dashboard/view/time-range.ts";
import { timelineOf } from "../../../worker/pages/dashboard/view/timeline.ts";
import { term } from "./terms.ts";

const NOW = 100_000;
const history = [
  term({ epoch: 4, process: null, sessionId: "s4", acceptedAt: 60_000, gapMs: 10_000 }),
  term({ epoch: 3, election: "component:sync", process: "A", acceptedAt: 20_000, endedAt: 70_000, reason: "expired" }),
  term({ epoch: 2, process: "B", acceptedAt: 30_000, endedAt: 50_000, reason: "resigned" }),
  term({ epoch: 1, process: "A", acceptedAt: 10_000, endedAt: 30_000, reason: "transferred", note: "for\u202ea talk" }),
];

test("one lane for each process, one bar for each term, coloured by why it ended", () => {
  const { lanes } = timelineOf(history, [], NOW);
  expect(lanes.map(({ name, bars }) => [name, bars.map(({ kind }) => kind)])).toEqual([
    ["unnamed s4", ["running"]],
    ["A", ["expired", "transferred"]],
    ["B", ["resigned"]],
  ]);
  expect(lanes[0]?.bars[0]).toMatchObject({ from: 60_000, to: NOW });
  expect(lanes[1]?.bars[1]?.details).toContain("for‹U+202E›a talk");
});

test("terms of one process that overlap lie below each other; those that do not share a track", () => {
  const { lanes } = timelineOf(history, [], NOW);
  expect(lanes[1]?.tracks).toBe(2);
  expect(lanes[1]?.bars.map(({ track }) => track)).toEqual([1, 0]);
  expect(lanes[2]?.tracks).toBe(1);
});

test("times without a leader are spans of their own; one that goes on ends now", () => {
  expect(timelineOf(history, [], NOW).gaps.map(({ from, to }) => [from, to])).toEqual([[50_000, 60_000]]);
  const { gaps } = timelineOf(history, ["component:sync"], NOW);
  expect(gaps.map(({ from, to }) => [from, to])).toEqual([
    [70_000, NOW],
    [50_000, 60_000],
  ]);
});

test("[O12] time in which nobody contended is no span of the lane of times without a leader, and the table calls it idle", () => {
  const [term4] = history;
  if (term4 === undefined) throw new Error("no term");
  const idle = [{ ...term4, idle: true }];
  expect(timelineOf(idle, [], NOW).gaps).toEqual([]);
  expect(termViews(idle, NOW)[0]?.gap).toBe("10.0\u00a0s idle");
});

test("the bounds hold every span", () => {
  const { bounds, lanes, gaps } = timelineOf(history, ["component:sync"], NOW);
  for (const { from, to } of [...lanes.flatMap(({ bars }) => bars), ...gaps]) {
    expect(from).toBeGreaterThanOrEqual(bounds.from);
    expect(to).toBeLessThanOrEqual(bounds.to);
  }
});

test("zooming and panning never leave the bounds, and keep a width", () => {
  const bounds = { from: 0, to: 1_000_000 };
  const move = fc.oneof(
    fc.record({
      by: fc.constant("zoom"),
      value: fc.double({ min: 0.1, max: 10, noNaN: true }),
      around: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    fc.record({ by: fc.constant("pan"), value: fc.double({ min: -2, max: 2, noNaN: true }), around: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(move), (moves) => {
      let range = bounds;
      for (const { by, value, around } of moves) {
        range = by === "zoom" ? zoomed(range, value, around, bounds) : panned(range, value, bounds);
        expect(range.from).toBeGreaterThanOrEqual(bounds.from - 1e-6);
        expect(range.to).toBeLessThanOrEqual(bounds.to + 1e-6);
        expect(range.to - range.from).toBeGreaterThanOrEqual(100 - 1e-6);
      }
    }),
  );
});

test("zooming in keeps the place under the pointer; a term out of view is brought into it", () => {
  const bounds = { from: 0, to: 1_000 };
  expect(zoomed(bounds, 0.5, 0.25, bounds)).toEqual({ from: 125, to: 625 });
  expect(showing({ from: 0, to: 200 }, 800, 900, bounds)).toEqual({ from: 750, to: 950 });
  expect(showing({ from: 0, to: 200 }, 100, 900, bounds)).toEqual({ from: 0, to: 200 });
});

test("ticks are round in the zone of the reader, and not more than asked for", () => {
  expect(ticks({ from: 1_500, to: 9_000 }, 4)).toEqual({ stepMs: 2_000, at: [2_000, 4_000, 6_000, 8_000] });
  const halfHour = ticks({ from: 0, to: 7_200_000 }, 2, 1_800_000);
  expect(halfHour).toEqual({ stepMs: 3_600_000, at: [1_800_000, 5_400_000] });
});

test("the table shows the same as text", () => {
  const rows = termViews(history, NOW).map(({ name, led, reason, gap, note }) => [name, led, reason, gap, note]);
  expect(rows.map((row) => row.map((text) => text.replaceAll("\u00a0", " ")))).toEqual([
    ["unnamed s4", "40.0 s", "leads now", "10.0 s", ""],
    ["A", "50.0 s", "expired", "", ""],
    ["B", "20.0 s", "resigned", "", ""],
    ["A", "20.0 s", "transferred", "", "for‹U+202E›a talk"],
  ]);
});
