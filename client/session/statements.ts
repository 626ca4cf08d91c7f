/**
 * What the group may go by when it grants. A statement says that the process would lead, from when it was sent, any
 * election where it waits; `busy` names those where nothing of it could start. All of this belongs to one connection and
 * ends with it.
 */
import { isReady } from "../../shared/holder/holder.ts";
import { isLive } from "../../shared/holder/state.ts";
import type { ClientMessage, Deregister, Statement } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import { changeLine, type Draft } from "./draft.ts";
import { type Contender, lineOf, mayStand, type Stated } from "./state.ts";

/** To be sent at once: what leaves the socket before it is older, and what leaves after it is not covered by it. */
export function makeStatement(draft: Draft): Statement {
  const { now, since } = draft;
  const sentAt = Math.max(now, draft.sentAt + 1);
  const busy = busyElections(draft);
  draft.sentAt = sentAt;
  changeLine(draft, ({ statements }) => ({ statements: [...statements, { sentAt, at: since }], busy }));
  return { sentAt, ...(busy.length > 0 && { busy }) };
}

/** Where the process contends, does not hold, and nothing could start now (S11). */
function busyElections(draft: Draft): readonly ElectionName[] {
  const busy = new Set<ElectionName>();
  for (const contender of draft.contenders) if (mayStand(contender)) busy.add(contender.election);
  // Renewals overtake what waits: until its `deregister` leaves, the group could grant what has left.
  for (const { election, sentAt } of lineOf(draft)?.departures ?? []) if (sentAt === null) busy.add(election);
  for (const { election, leaseUntil } of draft.terms) if (leaseUntil > draft.now) busy.delete(election);
  for (const contender of draft.contenders)
    if (busy.has(contender.election) && mayStand(contender) && couldStart(draft, contender))
      busy.delete(contender.election);
  return [...busy];
}

/** Whether something could start where the last statement said that nothing could (S11). */
export function isReadyAgain(draft: Draft): boolean {
  const busy = lineOf(draft)?.busy ?? [];
  return draft.contenders.some((one) => busy.includes(one.election) && mayStand(one) && couldStart(draft, one));
}

/**
 * Whether the process is not ready where its last statement has not said so (Q7): the group could grant by that one. What
 * ends a term says it by itself.
 */
export function isUntoldUnready(draft: Draft): boolean {
  const { busy = [], farewells = [] } = lineOf(draft) ?? {};
  if (farewells.length > 0) return false;
  const isHeld = (election: ElectionName): boolean =>
    draft.terms.some((term) => term.election === election && term.leaseUntil > draft.now);
  return draft.contenders.some(
    (one) =>
      isLive(one) &&
      mayStand(one) &&
      !isReady(draft, one.election) &&
      !busy.includes(one.election) &&
      !isHeld(one.election),
  );
}

/**
 * Whether a grant could start it. Where one was given back on this connection, nothing counts whose `register` or
 * `deregister` waits in the outbox: the group would grant for ever what is given back, and these frames would never leave.
 */
function couldStart(draft: Draft, { election, phase, info }: Contender): boolean {
  if (phase.type !== "waiting" || !isReady(draft, election)) return false;
  const line = lineOf(draft);
  if (!line?.givenBack.includes(election)) return true;
  return ![...line.farewells, ...line.outbox].some(
    ({ type, ...message }) => isStanding(type) && "component" in message && message.component === info.component,
  );
}

const isStanding = (type: ClientMessage["type"]): boolean => type === "register" || type === "deregister";

/** A grant in this election is given back. */
export const noteGivenBack = (draft: Draft, election: ElectionName): void =>
  changeLine(draft, ({ givenBack }) => ({ givenBack: [...givenBack.filter((name) => name !== election), election] }));

/** The group grants by none that is older than one which it has answered. */
export const forgetOlder = (draft: Draft, answered: number): void =>
  changeLine(draft, ({ statements, departures }) => ({
    statements: statements.filter(({ sentAt }) => sentAt >= answered),
    departures: departures.filter(({ sentAt }) => sentAt === null || sentAt >= answered),
  }));

export const findStatement = (draft: Draft, sentAt: number): Stated | undefined =>
  lineOf(draft)?.statements.find((statement) => statement.sentAt === sentAt);

/** Whether the newest one is so old that the group would ask for another before it grants. */
export function isOld(draft: Draft): boolean {
  const newest = lineOf(draft)?.statements.at(-1);
  return !newest || draft.now - newest.at > (draft.session?.lease.renewEveryMs ?? 0) / 2;
}

/** A component leaves, as soon as its `deregister` does. */
export const noteDeparture = (draft: Draft, { component }: Deregister, election: ElectionName): void =>
  changeLine(draft, ({ departures }) => ({
    departures: [...departures.filter((one) => one.component !== component), { component, election, sentAt: null }],
  }));

/** Its `deregister` leaves the socket. */
export const noteDeparted = (draft: Draft, { component }: Deregister): void =>
  changeLine(draft, ({ departures }) => ({
    departures: departures.map((one) => (one.component === component ? { ...one, sentAt: draft.sentAt } : one)),
  }));

/**
 * Whether the component has left since the statement, or is about to: what then stands under its name is not what the
 * statement was about. Only what has left the socket tells, since statements overtake what waits (S7).
 */
export const hasLeftSince = (draft: Draft, component: string, statement: Stated): boolean =>
  lineOf(draft)?.departures.some(
    (one) => one.component === component && (one.sentAt === null || one.sentAt >= statement.sentAt),
  ) ?? true;
