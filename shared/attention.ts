/** What an operator has to know of a group in an overview, and which groups come first. */
import type { GroupSummary, GroupsStatus } from "./protocol/status.ts";
import { unreachable } from "./unreachable.ts";

export type Attention =
  /** Nobody leads these elections although sessions wait for them. */
  | { readonly type: "leaderless"; readonly elections: number }
  /** Grants nothing for so long, because leases that it no longer knows may run. */
  | { readonly type: "holding-off"; readonly ms: number }
  /** It could not be asked. */
  | { readonly type: "unknown" }
  | { readonly type: "paused" }
  | { readonly type: "led" }
  /** Nobody contends in it. */
  | { readonly type: "idle" };

export function attentionTo(summary: GroupSummary | null): Attention {
  if (summary === null) return { type: "unknown" };
  const { paused, holdOffMs, leaderless, led } = summary;
  if (paused) return { type: "paused" };
  if (leaderless > 0 && holdOffMs > 0) return { type: "holding-off", ms: holdOffMs };
  if (leaderless > 0) return { type: "leaderless", elections: leaderless };
  return { type: led > 0 ? "led" : "idle" };
}

function rankOf({ type }: Attention): number {
  switch (type) {
    case "leaderless":
      return 0;
    case "holding-off":
      return 1;
    case "unknown":
      return 2;
    case "paused":
      return 3;
    case "led":
      return 4;
    case "idle":
      return 5;
    default:
      return unreachable(type);
  }
}

type Listed = GroupsStatus["groups"][number];

/** Groups without a leader first, those that nobody uses last; otherwise in the order in which they were. */
export const byAttention = (groups: readonly Listed[]): Listed[] =>
  groups.toSorted((left, right) => rankOf(attentionTo(left.summary)) - rankOf(attentionTo(right.summary)));
