/** What must hold in every state of the small world. */

import { isLive, leaderSessionIdOf } from "../../../shared/holder/state.ts";
import { CLOCK_MARGIN_MS } from "../../../shared/lease.ts";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import type { GroupState } from "../../../worker/group/state.ts";
import { demand } from "../../support/violation.ts";
import { localNow, type SmallClient, type SmallState } from "./state.ts";

export function judge(state: SmallState): void {
  const held = state.clients.flatMap((client) => heldBy(client, localNow(state, client)));
  demand(new Set(held).size === held.length, "I1", () => "two hold the same election");
  if (state.current !== null) judgeGroup(state.current.group, state);
}

/** The elections that it leads by its core, or drains in inside the lease that it was promised, even against its core. */
export function heldBy(client: SmallClient, now: number): readonly ElectionName[] {
  const { terms, contenders } = client.state;
  const held: ElectionName[] = [];
  for (const { stage, election, leaderSessionId, leaseUntil } of terms) {
    if (stage !== "leading") continue;
    const promised = client.leases[leaderSessionId] ?? 0;
    demand(leaseUntil <= promised + 1e-6, "S1", () => "a lease lasts longer than was promised");
    const isIn = contenders.some((contender) => leaderSessionIdOf(contender) === leaderSessionId);
    const unready = contenders.some((one) => one.election === election && isLive(one) && !one.ready);
    demand(!unready, "Q7", () => "what is not ready leads");
    if (leaseUntil > now && isIn && !held.includes(election)) held.push(election);
  }
  for (const { election, leaderSessionId, until } of client.drains) {
    const drains = until > now && (client.leases[leaderSessionId] ?? 0) > now;
    if (drains && !held.includes(election)) held.push(election);
  }
  return held;
}

function judgeGroup(group: GroupState, { storage, wires }: SmallState): void {
  for (const { name, state } of group.elections.values()) {
    const row = storage.election.get(name)?.state;
    demand(row?.type === state.type, "S3", () => "storage does not know who holds the election");
    if (!("horizon" in state)) continue;
    const below = state.leaseUntil <= state.horizon + CLOCK_MARGIN_MS;
    demand(below, "S3", () => "a lease reaches beyond its horizon");
  }
  const sockets = wires.filter(({ server }) => server === "current").length;
  demand(group.connections.size === sockets, "size", () => "the group counts connections that are not there");
}
