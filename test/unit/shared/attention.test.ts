import { expect, test } from "vitest";
import { attentionTo, byAttention } from "../../../shared/attention.ts";
import type { GroupSummary } from "../../../shared/protocol/status.ts";

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

test("[O11] what an overview says of a group: no leader is one thing, idle, paused and holding off are others", () => {
  const typeOf = (given: Partial<GroupSummary>): string => attentionTo(summary(given)).type;
  expect(typeOf({})).toBe("idle");
  expect(typeOf({ led: 2 })).toBe("led");
  expect(typeOf({ led: 2, leaderless: 1 })).toBe("leaderless");
  expect(typeOf({ leaderless: 1, holdOffMs: 5 })).toBe("holding-off");
  expect(typeOf({ holdOffMs: 5 })).toBe("idle");
  expect(typeOf({ leaderless: 1, paused: true })).toBe("paused");
  expect(attentionTo(null).type).toBe("unknown");
});

test("[I3] groups without a leader come first, idle ones last, and equals keep their order", () => {
  const groups = [
    { group: "idle", summary: summary({}) },
    { group: "led-1", summary: summary({ led: 1 }) },
    { group: "silent", summary: null },
    { group: "led-2", summary: summary({ led: 1 }) },
    { group: "missing", summary: summary({ leaderless: 1 }) },
  ];
  expect(byAttention(groups).map(({ group }) => group)).toEqual(["missing", "silent", "led-1", "led-2", "idle"]);
});
