/** What must hold in every state of the small world. */

import { leaderSessionIdOf } from "../../../shared/holder/state.ts";
import { CLOCK_MARGIN_MS } from "../../../shared/lease.ts";
import type { GroupState } from "../../../worker/group/state.ts";
import { demand } from "../../support/violation.ts";
import { clientAt } from "./changes.ts";
import { localNow, type SmallState } from "./state.ts";

export function judge(state: SmallState): void {
  const holders = [...state.clients.keys()].filter((index) => holds(state, index));
  demand(holders.length < 2, "I1", () => "both hold the election");
  if (state.current !== null) judgeGroup(state.current.group, state);
}

/** Leads by its core, or drains inside the lease that it was promised, even against its core. */
function holds(state: SmallState, index: number): boolean {
  const client = clientAt(state, index);
  const { terms, contenders } = client.state;
  const now = localNow(state, index);
  for (const { stage, leaderSessionId, leaseUntil } of terms) {
    const promised = client.leases[leaderSessionId] ?? 0;
    demand(stage !== "leading" || leaseUntil <= promised + 1e-6, "S1", () => "a lease lasts longer than was promised");
  }
  const leads = terms.some(
    (term) =>
      term.stage === "leading" &&
      term.leaseUntil > now &&
      contenders.some((contender) => leaderSessionIdOf(contender) === term.leaderSessionId),
  );
  return (
    leads ||
    client.drains.some(({ leaderSessionId, until }) => until > now && (client.leases[leaderSessionId] ?? 0) > now)
  );
}

function judgeGroup(group: GroupState, { storage, wires }: SmallState): void {
  for (const { name, state } of group.elections.values()) {
    const row = storage.election(name)?.state;
    demand(row?.type === state.type, "S3", () => "storage does not know who holds the election");
    if (!("horizon" in state)) continue;
    const below = state.leaseUntil <= state.horizon + CLOCK_MARGIN_MS;
    demand(below, "S3", () => "a lease reaches beyond its horizon");
  }
  const sockets = wires.filter(({ server }) => server === "current").length;
  demand(group.connections.size === sockets, "size", () => "the group counts connections that are not there");
}
