/**
 * Judges the group's side: epochs grow in the order in which they are minted, leases stay below their horizons, are
 * begun by nothing but a fresh statement of their holder and prolonged by nothing but its renewals, records belong to
 * who leads, what is stored is what is meant, and hibernation changes nothing.
 */
import { CLOCK_MARGIN_MS, leaseFor } from "../../../shared/lease.ts";
import { type ElectionName, electionOf } from "../../../shared/protocol/names.ts";
import type { Incarnation } from "../../../testing/group/incarnation.ts";
import { canonicalText } from "../../../testing/group/storage.ts";
import type { EventBody, Frame } from "../../../worker/group/events.ts";
import type { ElectionState, GroupState, Session } from "../../../worker/group/state.ts";
import type { Turned } from "../../../worker/host/port.ts";
import { demand } from "../../support/violation.ts";
import { VERSIONS } from "../world/setup.ts";
import type { JudgedWorld } from "./judged-world.ts";

type Held = Extract<ElectionState, { readonly horizon: number }>;

type Minted = Pick<Held, "leaderSessionId" | "epoch" | "sessionId">;

/** The last statement of a connection, by the clock of the host that has read it. */
interface Stated {
  readonly readAt: number;
  readonly busy: readonly ElectionName[];
  /** The one before a try, by which what is due then is granted first. */
  readonly beforeTry: Stated | null;
}

export class GroupJudge {
  readonly #world: JudgedWorld;
  #highestMinted = 0;
  readonly #minted = new Set<string>();
  readonly #stated = new Map<string, Stated>();
  /** When the lead was last taken away for each of them that has not led since, and by which object: it knows whose turn came. */
  readonly #rivals = new Map<string, { readonly at: number; readonly incarnation: Incarnation }>();
  grants = 0;
  /** How often each connection was asked to speak at once. */
  readonly asked = new Map<string, number>();

  constructor(world: JudgedWorld) {
    this.#world = world;
  }

  turned(incarnation: Incarnation, { event: body, report, rows }: Turned): void {
    const { before, effects } = report;
    for (const effect of effects) {
      if (effect.type !== "send" || effect.message.type !== "next" || effect.message.inMs > 0) continue;
      this.asked.set(effect.connection, (this.asked.get(effect.connection) ?? 0) + 1);
    }
    this.#note(body, incarnation.now());
    const granted = rows.flatMap(({ table, row }) => {
      if (table !== "election" || row === null || row.state.type === "vacant") return [];
      const known = before.elections.get(row.name)?.state;
      const isNew = known === undefined || known.type === "vacant" || known.epoch !== row.state.epoch;
      return isNew ? [row.state] : [];
    });
    for (const term of granted.sort((left, right) => left.epoch - right.epoch)) this.#judgeMinted(term, incarnation);
    this.#forgiveReported(before, body);
    for (const { name, state } of incarnation.state.elections.values()) {
      if (!("horizon" in state)) continue;
      const known = before.elections.get(name)?.state;
      const isNew = known === undefined || !("horizon" in known) || known.leaderSessionId !== state.leaderSessionId;
      const isPolled = incarnation.state.sessions.get(state.sessionId)?.link.type === "polled";
      if (isNew && !isPolled) this.#judgeGrant(incarnation, name, state);
      else judgeLease(incarnation, state, known, body);
      judgePreemption(incarnation, name, before.elections.get(name)?.state);
      this.#judgeRival(incarnation, name, before.elections.get(name)?.state, body);
      judgeSpread(incarnation, name, before);
    }
    judgeLost(incarnation, before);
    judgeTokens(incarnation);
    judgeTry(incarnation, before, body);
  }

  #note(body: EventBody, readAt: number): void {
    if (body.type !== "frame" || (body.frame.type !== "message" && body.frame.type !== "hello")) return;
    const { message } = body.frame;
    if (!("sentAt" in message) || message.sentAt === undefined) return;
    const isTry = message.type === "register" && message.try === true;
    const beforeTry = isTry ? (this.#stated.get(body.connection) ?? null) : null;
    this.#stated.set(body.connection, { readAt, busy: message.busy ?? [], beforeTry });
  }

  /** A lease begins when the group has read what it grants by: a statement of the holder's present socket (S1, S2, S11). */
  #judgeGrant(incarnation: Incarnation, name: ElectionName, state: Held): void {
    const { leaseUntil, horizon, epoch, leaseMs, sessionId } = state;
    const now = incarnation.now();
    const link = incarnation.state.sessions.get(sessionId)?.link;
    const stated = link?.type === "connected" ? this.#stated.get(link.connection) : undefined;
    demand(stated !== undefined, "S12", () => `epoch ${epoch} is granted to who has stated nothing`);
    // Both may have been read in the same millisecond: then it is granted by the one that is not busy.
    const fitting = [stated, ...(stated.beforeTry === null ? [] : [stated.beforeTry])].filter(
      (one) => one.readAt + leaseMs === leaseUntil,
    );
    const { readAt, busy } = fitting.find((one) => !one.busy.includes(name)) ?? fitting[0] ?? stated;
    const isFresh = readAt <= now && now < readAt + leaseFor(leaseMs).renewEveryMs;
    demand(isFresh, "S1", () => `epoch ${epoch} is granted by a statement that is ${now - readAt} ms old`);
    demand(!busy.includes(name), "S11", () => `epoch ${epoch} is granted to who is busy in ${name}`);
    demand(leaseUntil === readAt + leaseMs, "S2", () => `the lease of ${epoch} is ${leaseUntil - readAt} ms long`);
    demand(leaseUntil <= horizon, "S3", () => `the lease of ${epoch} begins beyond its horizon`);
  }

  #judgeMinted({ leaderSessionId, epoch, sessionId }: Minted, incarnation: Incarnation): void {
    if (this.#minted.has(leaderSessionId)) return;
    this.#minted.add(leaderSessionId);
    this.grants += 1;
    const isKnown = incarnation.untoldEnds > 0 || isReachable(incarnation, sessionId);
    demand(isKnown, "S12", () => `epoch ${epoch} is granted to a session that is gone`);
    demand(epoch > this.#highestMinted, "S5", () => `epoch ${epoch} is minted after ${this.#highestMinted}`);
    this.#highestMinted = epoch;
  }

  /** An operator may have revoked it before a renewal could say that it leads. */
  #forgiveReported(before: GroupState, body: EventBody): void {
    for (const { name, state } of before.elections.values())
      if (state.type !== "vacant" && isReported(body, state.leaderSessionId))
        this.#rivals.delete(`${name} ${state.sessionId}`);
  }

  /** Q6: whoever did not take what was taken from another for it preempts nobody before a pause is over, or it has led. */
  #judgeRival(incarnation: Incarnation, name: ElectionName, before: ElectionState | undefined, body: EventBody): void {
    const term = incarnation.state.elections.get(name)?.state;
    if (term !== undefined && term.type !== "vacant" && isTaken(incarnation, term, body))
      this.#rivals.delete(`${name} ${term.sessionId}`);
    // An operator has named another one meanwhile: it has missed nothing.
    if (before?.type === "revoking" && term?.type === "revoking" && before.successor !== term.successor)
      this.#rivals.delete(`${name} ${before.successor}`);
    // What a place has missed ends with the place: whoever joins again is a newcomer.
    for (const { id, places } of incarnation.state.sessions.values())
      if (!places.has(name)) this.#rivals.delete(`${name} ${id}`);
    if (before?.type !== "leading" || term?.type !== "revoking" || term.reason !== "preempted") return;
    const rival = `${name} ${term.successor}`;
    const last = this.#rivals.get(rival);
    const pausedMs = incarnation.now() - (last?.at ?? -Infinity);
    const mayAgain = pausedMs >= RIVAL_PAUSE_MS || last?.incarnation !== incarnation;
    demand(mayAgain, "Q6", () => `${rival} preempts again after ${pausedMs} ms, and has not led`);
    this.#rivals.set(rival, { at: incarnation.now(), incarnation });
  }

  // After every move

  judgeState(current: Incarnation): void {
    const { state } = current;
    const stored = this.#world.backend.storage.text();
    demand(
      stored === canonicalText(this.#world.cores.group.save(state)),
      "S3",
      () => "storage is not what the state saves",
    );
    this.#judgeRecords(state);
    this.#judgeSizes(current);
  }

  #judgeRecords(state: GroupState): void {
    if (this.#world.backend.recordsAreOld) return;
    for (const [name, { record, election }] of state.components.entries()) {
      if (record === null) continue;
      const term = election === null ? undefined : state.elections.get(election)?.state;
      const own = term?.type === "leading" && term.leaderSessionId === record.leader.leaderSessionId;
      demand(own, "O1", () => `the record of ${name} (epoch ${record.leader.epoch}) is of no present leadership`);
    }
  }

  #judgeSizes({ state, sockets, isSettled }: Incarnation): void {
    if (!isSettled) return; // between two events: the next one has all sockets listed, before or after it
    demand(
      state.connections.size === sockets + state.polled.size,
      "size",
      () => `${state.connections.size} connections, ${sockets} sockets, ${state.polled.size} callers`,
    );
    for (const { id, link } of state.sessions.values()) {
      const known = link.type === "lost" || state.connections.get(link.connection)?.sessionId === id;
      demand(known, "S12", () => `${id} counts as connected by a socket that is not there`);
    }
    for (const [name, election] of state.elections.entries()) {
      demand(
        election.places > 0 || election.state.type !== "vacant" || election.pending.length > 0,
        "size",
        () => `${name} is kept for nobody`,
      );
    }
  }
}

/** By a socket that is there, or by its call. */
function isReachable(incarnation: Incarnation, sessionId: string): boolean {
  const link = incarnation.state.sessions.get(sessionId)?.link;
  if (link?.type === "connected")
    return incarnation.attachments().some(({ connection }) => connection === link.connection);
  return link?.type === "polled" && incarnation.state.connections.has(link.connection);
}

/** A lease stays below its horizon, and nothing prolongs it but a frame of its holder that names it, or begins it but a call. */
function judgeLease(incarnation: Incarnation, state: Held, before: ElectionState | undefined, body: EventBody): void {
  const { leaseUntil, horizon, leaderSessionId, epoch, leaseMs, sessionId } = state;
  const now = incarnation.now();
  demand(leaseUntil <= horizon + CLOCK_MARGIN_MS, "S3", () => `the lease of ${epoch} reaches beyond its horizon`);
  const known = before !== undefined && "horizon" in before && before.leaderSessionId === leaderSessionId;
  if (known && leaseUntil <= before.leaseUntil) return;
  const session = incarnation.state.sessions.get(sessionId);
  const named = session !== undefined && isNamed(body, session, { leaderSessionId, known });
  demand(named, "S4", () => `the lease of ${epoch} grows by itself`);
  demand(!known || before.leaseUntil > now, "S6", () => `the lease of ${epoch} was over`);
  demand(leaseUntil <= now + leaseMs, "S2", () => `the lease of ${epoch} is ${leaseUntil - now} ms long`);
  const over = known && before.type === "revoking" && before.drainUntil <= now;
  demand(!over, "S10", () => `the lease of ${epoch} grows after its drain time`);
}

/** By a frame of the holder's own socket, or by a call of the holder; a call may also be granted one. */
function isNamed(
  body: EventBody,
  { id, link }: Session,
  { leaderSessionId, known }: { readonly leaderSessionId: string; readonly known: boolean },
): boolean {
  if (link.type === "lost" || (body.type !== "frame" && body.type !== "poll")) return false;
  const arrives = link.connection === body.connection;
  if (body.type === "frame") return arrives && link.type === "connected" && idsIn(body.frame).includes(leaderSessionId);
  const { session, action } = body.call;
  if (link.type !== "polled" || (session?.sessionId !== id && !arrives)) return false;
  if (action.type !== "campaign") return action.type === "renew" && action.held.includes(leaderSessionId);
  const { accept } = action;
  const takes = typeof accept === "object" ? accept.length > 0 : accept;
  return action.held.includes(leaderSessionId) || (takes && !known);
}

/** By what the holder has sent, whatever the group makes of it; a caller is granted a term by the call that takes it. */
function isTaken({ state }: Incarnation, { leaderSessionId, sessionId }: Held, body: EventBody): boolean {
  if (state.sessions.get(sessionId)?.link.type === "polled") return true;
  if (body.type !== "frame") return false;
  const { frame } = body;
  const confirmed = frame.type === "message" && frame.message.type === "confirm" ? frame.message.leaderSessionId : null;
  return confirmed === leaderSessionId || idsIn(frame).includes(leaderSessionId);
}

/** The holder has led, and has stopped: a term that was never taken is given back without a statement. */
function isReported(body: EventBody, leaderSessionId: string): boolean {
  if (body.type !== "frame" || body.frame.type !== "message") return false;
  const { message } = body.frame;
  const isEnd = message.type === "release" || message.type === "resign";
  return isEnd && message.leaderSessionId === leaderSessionId && message.sentAt !== undefined;
}

function idsIn(frame: Frame): readonly string[] {
  if (frame.type === "hello") return frame.message.held ?? [];
  return frame.type === "message" && frame.message.type === "renew" ? frame.message.held : [];
}

/** Q2, Q8: only who is worth strictly more takes the lead away, and not within the cool-down. */
function judgePreemption(incarnation: Incarnation, name: ElectionName, before: ElectionState | undefined): void {
  const { state } = incarnation;
  const term = state.elections.get(name)?.state;
  if (before?.type !== "leading" || term?.type !== "revoking" || term.reason !== "preempted") return;
  const { preempt } = state.policy;
  const patience = preempt === false ? Infinity : preempt.cooldownMs;
  demand(incarnation.now() >= term.grantedAt + patience, "Q2", () => `${term.epoch} is preempted within its cool-down`);
  const [rival, holder] = [worthOf(state, name, term.successor), worthOf(state, name, term.sessionId)];
  demand(compareWorth(rival, holder) > 0, "Q2", () => `${term.epoch} of ${holder} is preempted for ${rival}`);
}

/** D4: only what makes two equals more even moves, one at a time, and nothing that has just been granted. */
function judgeSpread(incarnation: Incarnation, name: ElectionName, before: GroupState): void {
  const { state } = incarnation;
  const [was, term] = [before.elections.get(name)?.state, state.elections.get(name)?.state];
  if (was?.type !== "leading" || term?.type !== "revoking" || term.note?.startsWith("spread") !== true) return;
  const { sessionId: giver, successor: taker, epoch, grantedAt } = term;
  const [held, next] = [worthOf(state, name, giver), worthOf(state, name, taker)];
  demand(compareWorth(held, next) === 0, "D4", () => `${epoch} of ${held} moves to ${next}`);
  const ageMs = Math.abs(incarnation.now() - grantedAt);
  demand(ageMs >= state.policy.lease.durationMs, "D4", () => `${epoch} moves ${ageMs} ms after its grant`);
  const others = [...state.elections.values()].filter((one) => one.name !== "process" && one.name !== name);
  const leads = (id: string | null): number =>
    others.filter(({ state: one }) => one.type === "leading" && one.sessionId === id).length;
  demand(leads(giver) > leads(taker), "D4", () => `${epoch} moves, which makes nothing more even`);
  const moving = others.filter(({ state: one }) => one.type === "revoking" && [giver, taker].includes(one.sessionId));
  demand(moving.length === 0, "D4", () => `${epoch} moves while another one of the same process does`);
}

const RIVAL_PAUSE_MS = 60_000;

/** N13: no event leaves a socket open whose token has ended. */
function judgeTokens(incarnation: Incarnation): void {
  const now = incarnation.now();
  for (const { id, access } of incarnation.state.connections.values()) {
    const { until = Infinity } = access;
    demand(until > now, "N13", () => `the token of ${id} has ended ${now - until} ms ago`);
  }
}

type Worth = readonly [priority: number, version: number];

export function worthOf(group: GroupState, name: ElectionName, id: string | null): Worth {
  const { prefer } = group.policy;
  const version = id === null ? undefined : group.sessions.get(id)?.process.metadata?.["version"];
  const at = prefer === null ? -1 : VERSIONS.indexOf(version ?? "");
  const place = prefer?.order === "oldest" ? VERSIONS.length - at : at + 1;
  return [priorityOf(group, name, id), at === -1 ? 0 : place];
}

export const compareWorth = (left: Worth, right: Worth): number => left[0] - right[0] || left[1] - right[1];

function priorityOf({ sessions }: GroupState, name: ElectionName, id: string | null): number {
  const session = id === null ? undefined : sessions.get(id);
  const own = session?.contenders.get(name.replace(/^component:/, ""))?.priority;
  return own ?? session?.priority ?? -Infinity;
}

const spreadMs = ({ sessions, policy }: GroupState): number =>
  Math.min((sessions.size / policy.returnsPerSecond) * 1_000, 30_000);

/** S12, N15: a lost session is kept for D, as it was promised or as it is now, and twice the spread; and while it holds something. */
function judgeLost(incarnation: Incarnation, before: GroupState): void {
  const { state } = incarnation;
  const now = incarnation.now();
  const keptMs = Math.max(state.policy.lease.durationMs, before.policy.lease.durationMs);
  for (const id of state.lost.values()) {
    const { link, leaseMs = 0 } = state.sessions.get(id) ?? {};
    demand(link?.type === "lost", "S12", () => `${id} is to be forgotten, and is not lost`);
    if (link.at + Math.max(keptMs, leaseMs) + 2 * spreadMs(before) > now) continue;
    const holds = [...state.elections.values()].some(
      ({ state: term }) => term.type !== "vacant" && term.sessionId === id,
    );
    demand(holds, "S12", () => `${id} was lost ${now - link.at} ms ago, and is still kept`);
  }
}

/** A try leads after the turn that has read it, or does not contend; and nobody has to stop for it. */
function judgeTry({ state }: Incarnation, before: GroupState, body: EventBody): void {
  if (body.type !== "frame" || body.frame.type !== "message" || body.frame.message.type !== "register") return;
  const { component, election: kind, try: tries } = body.frame.message;
  const sessionId = before.connections.get(body.connection)?.sessionId ?? "";
  const [known, session] = [before.sessions.get(sessionId), state.sessions.get(sessionId)];
  if (tries !== true || session === undefined || known?.contenders.has(component)) return;
  const name = electionOf(component, kind);
  const present = state.elections.get(name)?.state ?? { type: "vacant" };
  const leads = present.type !== "vacant" && present.sessionId === sessionId;
  demand(leads || !session.contenders.has(component), "T1", () => `${component} waits after its try`);
  const isNew = known?.places.has(name) === false;
  demand(leads || !isNew || !session.places.has(name), "T2", () => `${component} has a place after its try`);
  const wasRevoked = before.elections.get(name)?.state.type === "revoking";
  const isRevokedFor = isNew && !wasRevoked && present.type === "revoking" && present.successor === sessionId;
  demand(!isRevokedFor, "T1", () => `${name} is taken back for a try`);
}
