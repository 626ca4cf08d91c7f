import { expect, test } from "vitest";
import { spreadOf } from "../../../worker/group/crowd.ts";
import { createPolicy } from "../../../worker/group/policy.ts";
import { load, type Rows, rowChanges, type SessionRow, save } from "../../../worker/group/rows.ts";
import { transition } from "../../../worker/group/transition.ts";
import { GroupWorld } from "./world.ts";

/** Four wait for a leader in a group that takes one session back in a second: the spread is 5 s. */
function crowd() {
  const group = new GroupWorld({}, { returnsPerSecond: 1 });
  const leader = group.join("leader", { contenders: ["x"] });
  leader.accept();
  const others = ["a", "b", "c", "d"].map((name) => group.join(name, { contenders: ["x"] }));
  return { group, leader, others };
}

test("[N15] the spread is a second for 300 sessions, 30 s at most, and none where the back-off is as long", () => {
  const told = (size: number) => spreadOf({ sessions: { size } as never, policy: createPolicy() }).spreadMs;
  expect([1, 75].map(told)).toEqual([undefined, undefined]);
  expect([76, 300, 1_000, 5_000, 9_000, 10_000].map(told)).toEqual([253, 1_000, 3_333, 16_666, 30_000, 30_000]);
});

test("[N15] it is told by the welcome, and by every answer to a renewal as the group is then", () => {
  const { leader, others } = crowd();
  expect([leader, ...others].map((one) => one.last("welcome").spreadMs)).toEqual([1_000, 2_000, 3_000, 4_000, 5_000]);
  leader.renewHeld();
  expect(leader.last("renewed").spreadMs).toBe(5_000);
  others[3]?.bye();
  others[0]?.renew();
  expect(others[0]?.last("renewed").spreadMs).toBe(4_000);
});

test.each(["was seen", "was found by a new incarnation"])(
  "[N15] [Q1] a session whose loss %s keeps its place for D and twice the spread",
  (how) => {
    const { group, leader, others } = crowd();
    if (how === "was seen") for (const other of others) other.drop();
    else group.crash();
    if (how !== "was seen") leader.resume();
    group.run(19_999, leader);
    for (const other of others.slice(1).toReversed()) other.resume();
    expect(others.slice(1).map((other) => other.last("welcome").resumed)).toEqual([true, true, true]);
    expect(group.candidates().slice(0, 3)).toEqual(["b", "c", "d"]);
    group.run(1, leader);
    others[0]?.resume();
    expect(others[0]?.last("welcome").resumed).toBe(false);
    expect(group.candidates()).toEqual(["b", "c", "d", "a"]);
  },
);

const WRITTEN = 256;

/** So many sessions wait, and none of their sockets is left. */
function gone(count: number): Rows {
  const session = (index: number): SessionRow => ({
    id: `s${String(index).padStart(5, "0")}`,
    secretHash: "h",
    link: { type: "connected", connection: `c${index}` },
    leaseMs: 10_000,
    contenders: [["x", { election: "process" }]],
    places: [["process", { order: index }]],
  });
  const election = {
    name: "process",
    state: { type: "vacant", successor: null },
    acceptedEpoch: 0,
    endedAt: null,
  } as const;
  const sessions = Array.from({ length: count }, (_, index) => session(index));
  return { group: null, sessions, elections: [election], records: [], jobs: [] };
}

/** An incarnation that lives for a moment. */
function wake(rows: Rows, now: number) {
  const before = load(rows, createPolicy());
  const { state, touched } = transition(before, { type: "start", attachments: [], now, nonce: "n" });
  return { state, changes: rowChanges(before, state, touched) };
}

test("[N15] [S12] an incarnation that finds a crowd gone writes a few of the losses, and all of them are lost", () => {
  const { state, changes } = wake(gone(1_000), 1_000_000);
  expect(changes).toHaveLength(WRITTEN);
  expect(state.lost.size).toBe(1_000);
});

test("[N15] [S12] a group that is evicted again and again forgets a crowd that is gone for good", () => {
  let rows = gone(1_000);
  for (let round = 0; round < 5; round++) rows = save(wake(rows, 1_000_000 + round * 60_000).state);
  expect(rows.sessions).toEqual([]);
});
