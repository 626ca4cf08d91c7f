import { expect, test } from "vitest";
import type { GroupSummary } from "../../../shared/protocol/status.ts";
import { groupsFacts, groupViews } from "../../../worker/pages/dashboard/view/groups.ts";

const leader = { sessionId: "s", process: "A\u202e", leaderSessionId: "l", epoch: 1, election: "process" } as const;
const summary = (given: Partial<GroupSummary>): GroupSummary => ({
  group: "g",
  paused: false,
  holdOffMs: 0,
  sessions: 1,
  electionCount: 1,
  led: 0,
  leaderless: 0,
  leaders: [],
  ...given,
});

test("[O11] each group says who leads, or why nobody does, and its text is made legible", () => {
  const groups = [
    { group: "led", summary: summary({ led: 3, leaders: [leader], sessions: 2 }) },
    { group: "missing", summary: summary({ leaderless: 2 }) },
    { group: "waits", summary: summary({ leaderless: 1, holdOffMs: 4_200 }) },
    { group: "silent", summary: null },
    { group: "idle", summary: summary({}) },
  ];
  expect(groupViews({ groups }).map(({ group, state, leader: name }) => [group, state, name])).toEqual([
    ["missing", "2 without a leader", ""],
    ["waits", "holds off, 4.2\u00a0s", ""],
    ["silent", "no answer", ""],
    ["led", "led", "A‹U+202E› and 2 more"],
    ["idle", "idle", ""],
  ]);
  expect(groupsFacts({ groups, count: 9, next: "idle", full: true })).toBe(
    "9 groups · 1 without a leader among those shown · the index is full: it lists no further groups",
  );
});
