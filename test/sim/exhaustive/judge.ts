/** What must hold in every state of the small world. */

import { isLive, remainingMs } from "../../../shared/holder/state.ts";
import { CLOCK_MARGIN_MS } from "../../../shared/lease.ts";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import { leads, twoLeaders } from "../../../testing/leading.ts";
import type { GroupState } from "../../../worker/group/state.ts";
import { demand } from "../../support/violation.ts";
import { localNow, type SmallClient, type SmallState } from "./state.ts";

export function judge(state: SmallState): void {
  const leading = state.clients.flatMap((client) =>
    heldBy(client, localNow(state, client)).map((election) => [election, client] as const),
  );
  demand(twoLeaders(leading) === null, "I1", () => "two hold the same election");
  for (const client of state.clients) judgeLeases(client);
  if (state.current !== null) judgeGroup(state.current.group, state);
}

function judgeLeases({ state: { terms, contenders }, leases }: SmallClient): void {
  for (const { stage, election, leaderSessionId, leaseUntil } of terms) {
    if (stage !== "leading") continue;
    const promised = leases[leaderSessionId] ?? 0;
    demand(leaseUntil <= promised + 1e-6, "S1", () => "a lease lasts longer than was promised");
    const unready = contenders.some((one) => one.election === election && isLive(one) && !one.ready);
    demand(!unready, "Q7", () => "what is not ready leads");
  }
}

/** The elections that it leads by what its application is told and does. */
export function heldBy(client: SmallClient, now: number): readonly ElectionName[] {
  const held = new Set<ElectionName>();
  for (const { id, election, phase } of client.state.contenders) {
    if (phase.type !== "granted") continue;
    const isLeader = remainingMs(client.state, id, phase.leaderSessionId, now) > 0;
    const told = { isLeader, drainsUntil: null, leaseUntil: client.leases[phase.leaderSessionId] ?? 0 };
    if (leads(told, now)) held.add(election);
  }
  for (const { election, leaderSessionId, until } of client.drains) {
    const told = { isLeader: false, drainsUntil: until, leaseUntil: client.leases[leaderSessionId] ?? 0 };
    if (leads(told, now)) held.add(election);
  }
  return [...held];
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
