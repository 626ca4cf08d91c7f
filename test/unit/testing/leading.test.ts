/** Who leads, as GUARANTEES.md defines it, and the histories that are judged by that. */
import { expect, test } from "vitest";
import { createHistory, type TestTerm } from "../../../testing/history.ts";
import { createTestGroup } from "../../../testing/index.ts";
import { leads, overlaps, twoLeaders } from "../../../testing/leading.ts";
import { type Entry, faultsIn } from "../../../tools/harness/history.ts";

test("[S14] a session leads while isLeader() is true, and also while it drains inside its lease", () => {
  const told = { isLeader: false, drainsUntil: null, leaseUntil: 100 };
  expect(leads(told, 50)).toBe(false);
  expect(leads({ ...told, isLeader: true }, 50)).toBe(true);
  expect(leads({ ...told, drainsUntil: 60 }, 50)).toBe(true);
  expect(leads({ ...told, drainsUntil: 60 }, 60)).toBe(false);
  expect(leads({ ...told, drainsUntil: 200 }, 100)).toBe(false);
});

test("[S2] two that lead one election are found at an instant, and over time", () => {
  expect(
    twoLeaders([
      ["process", "A"],
      ["component:z", "B"],
      ["process", "A"],
    ]),
  ).toBeNull();
  expect(
    twoLeaders([
      ["process", "A"],
      ["process", "B"],
    ]),
  ).toEqual({ election: "process", first: "A", second: "B" });
  const span = (leaderSessionId: string, from: number, to: number, election = "process") => ({
    election,
    leaderSessionId,
    from,
    to,
  });
  const [first, second] = [span("L1", 0, 10), span("L2", 8, 20)];
  expect(overlaps([first, second, span("L2", 0, 9), span("L3", 0, 9, "component:z")])).toEqual([
    { first, second, from: 8, to: 10 },
    { first, second: span("L2", 0, 9), from: 0, to: 9 },
  ]);
});

test("[S2] the history counts a term while it drains inside its lease", () => {
  const term = (client: string, from: number, to: number): TestTerm => ({
    ...{ client, component: "x", election: "process", leaderSessionId: client, epoch: from },
    ...{ from, to },
  });
  const account = { terms: [term("A", 1, 10), term("B", 12, 20)], writes: [], ended: [], now: 30 };
  expect(createHistory({ ...account, drains: [] }).overlaps()).toEqual([]);
  const drains = [{ component: "x", leaderSessionId: "A", to: 15 }];
  expect(createHistory({ ...account, drains }).overlaps()).toMatchObject([{ from: 12, to: 15 }]);
});

test("[S2] [S14] nobody succeeds code that still stops, in the history of a test group as well", async () => {
  const group = createTestGroup();
  const [first, second] = [group.client({ name: "first" }), group.client({ name: "second" })];
  first.contend("worker", {
    onRevoke: () => new Promise<void>((resolve) => void group.clock(first).setTimeout(() => resolve(), 2_000)),
  });
  await group.until(() => group.leader("worker") === first);
  second.contend("worker");
  await group.advance(1_000);
  void group.revoke({ component: "worker" });
  await group.until(() => group.leader("worker") === second);
  const [before, after] = group.history().terms;
  expect((after?.from ?? 0) - (before?.to ?? 0)).toBeGreaterThanOrEqual(2_000);
  expect(group.history().overlaps()).toEqual([]);
});

test("[S2] real processes are judged by the same words", () => {
  const nanoseconds = (ms: number): string => String(BigInt(ms) * 1_000_000n);
  const believed = (leaderSessionId: string, from: number, to: number): Entry => ({
    ...{ type: "believed", component: "x", leaderSessionId, epoch: from },
    ...{ from: nanoseconds(from), to: nanoseconds(to), until: nanoseconds(to + 1_000) },
  });
  const own = { component: "x", leaderSessionId: "L1" };
  const grant = { type: "grant", at: nanoseconds(1), epoch: 1, ...own } as const;
  const revoked = { type: "revoke", at: nanoseconds(100), reason: "revoked", ...own } as const;
  const stopped = { type: "stopped", at: nanoseconds(400), meantMs: 300, ...own } as const;
  const faults = (...more: readonly Entry[]): readonly string[] =>
    faultsIn([
      { process: "a", entries: [grant, believed("L1", 2, 90), believed("L1", 99, 99), revoked, ...more] },
      { process: "b", entries: [believed("L2", 350, 350)] },
    ]);
  expect(faults()).toEqual([]);
  expect(faults(stopped)).toHaveLength(1);
  expect(faults({ ...stopped, at: nanoseconds(900) })).toEqual([]); // it was frozen: its drain time may have been over
});
