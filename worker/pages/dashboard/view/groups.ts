/** The overview of all groups, derived from what the index and the groups have answered. */
import { type Attention, attentionTo, byAttention } from "../../../../shared/attention.ts";
import type { GroupSummary, GroupsStatus } from "../../../../shared/protocol/status.ts";
import { unreachable } from "../../../../shared/unreachable.ts";
import { count, duration, processName } from "./words.ts";

export interface GroupView {
  readonly group: string;
  readonly attention: Attention["type"];
  readonly state: string;
  /** Who leads; empty if nobody does. */
  readonly leader: string;
  readonly sessions: string;
}

/** Groups without a leader first, groups that nobody uses last. */
export const groupViews = ({ groups }: Pick<GroupsStatus, "groups">): GroupView[] =>
  byAttention(groups).map(({ group, summary }) => {
    const attention = attentionTo(summary);
    return {
      group,
      attention: attention.type,
      state: stateOf(attention),
      leader: summary === null ? "" : leaderOf(summary),
      sessions: summary === null ? "" : count(summary.sessions, "session"),
    };
  });

function stateOf(attention: Attention): string {
  switch (attention.type) {
    case "leaderless":
      return attention.elections === 1 ? "no leader" : `${attention.elections} without a leader`;
    case "holding-off":
      return `holds off, ${duration(attention.ms)}`;
    case "unknown":
      return "no answer";
    case "paused":
    case "led":
    case "idle":
      return attention.type;
    default:
      return unreachable(attention);
  }
}

function leaderOf({ leaders, led }: GroupSummary): string {
  const [first] = leaders;
  if (first === undefined) return "";
  const name = processName(first.process, first.sessionId);
  return led === 1 ? name : `${name} and ${count(led - 1, "more", "more")}`;
}

/** How many there are, and how many of those that are shown have no leader. */
export function groupsFacts({ groups, count: all, full }: GroupsStatus): string {
  const leaderless = groups.filter(({ summary }) => attentionTo(summary).type === "leaderless").length;
  return [
    count(all, "group"),
    ...(leaderless > 0 ? [`${leaderless} without a leader${groups.length < all ? " among those shown" : ""}`] : []),
    ...(full ? ["the index is full: it lists no further groups"] : []),
  ].join(" · ");
}
