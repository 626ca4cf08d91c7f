/**
 * What has happened in a turn, for logs and counters. Facts are read off the states before and after it, so the rules do
 * not know that anybody counts. A turn that changed nothing has no facts except refusals.
 */
import type { ErrorCode, RevokeReason } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { RunEnd } from "../../shared/protocol/runs.ts";
import { type HeldElection, isHeld } from "./election.ts";
import type { Effect, EndedTerm, EventBody, Outcome, PollRefusal } from "./events.ts";
import type { Election, GroupState, Job, Run } from "./state.ts";
import type { Touched } from "./turn.ts";
import { processName } from "./views.ts";

/** The term that a fact is about. */
interface Holding {
  readonly election: ElectionName;
  readonly epoch: number;
  readonly leaderSessionId: string;
  readonly sessionId: string;
  readonly process: string | null;
}

export type Fact =
  /** A candidate was asked whether it is there. */
  | ({ readonly type: "asked" } & SessionFact)
  /** It did not answer in time. */
  | ({ readonly type: "asked_missed" } & SessionFact)
  /** The session may lead from now on. */
  | ({ readonly type: "granted" } & Holding)
  /** It did not take the grant: what was to lead had left meanwhile, or its connection was lost. */
  | ({ readonly type: "grant_refused" } & Holding)
  /** Its first renewal shows that it leads. `gapMs`: how long nobody had led; `null` where nobody had led before. */
  | ({ readonly type: "accepted"; readonly gapMs: number | null } & Holding)
  /** `marginMs`: how much of the lease was left. */
  | ({ readonly type: "renewed"; readonly marginMs: number } & Holding)
  | ({ readonly type: "revoking"; readonly reason: RevokeReason } & Holding)
  | ({ readonly type: "ended"; readonly reason: EndedTerm["reason"]; readonly ledMs: number } & Holding)
  /** The last contender has left the election. `gapMs`: how long nobody had led it. */
  | { readonly type: "forgotten"; readonly election: ElectionName; readonly gapMs: number }
  | ({ readonly type: "session_joined" } & SessionFact)
  | ({ readonly type: "session_resumed" } & SessionFact)
  | ({ readonly type: "session_lost" } & SessionFact)
  | ({ readonly type: "session_left" } & SessionFact)
  | { readonly type: "paused" }
  | { readonly type: "resumed" }
  | { readonly type: "cleaned" }
  /** Everything that was stored is deleted. */
  | { readonly type: "purged" }
  | ({ readonly type: "run_started"; readonly epoch: number } & RunFact)
  /** `ranMs`: until its end was recorded, or its lease was over. */
  | ({ readonly type: "run_ended"; readonly end: RunEnd; readonly ranMs: number } & RunFact)
  | { readonly type: "job_forgotten"; readonly job: string; readonly occurrences: number }
  /** A request, or a whole call by RPC, was refused. */
  | { readonly type: "refused"; readonly code: RefusalCode; readonly sessionId: string | null }
  /** A socket was closed for what its peer did, or was not allowed to do. */
  | { readonly type: "hung_up"; readonly code: number; readonly reason: string; readonly sessionId: string | null };

export type RefusalCode = ErrorCode | PollRefusal;

interface SessionFact {
  readonly sessionId: string;
  readonly process: string | null;
}

interface RunFact {
  readonly job: string;
  readonly occurrence: string;
  readonly by: string;
}

/** One turn, from outside. */
export interface TurnReport {
  readonly before: GroupState;
  readonly after: GroupState;
  readonly event: EventBody["type"];
  readonly now: number;
  readonly effects: readonly Effect[];
  readonly touched: Touched;
  readonly purged: boolean;
}

/** In this order: sessions that came, terms that ended, other changes of elections, sessions that went, runs of jobs, refusals. */
export function factsOf(turn: TurnReport): Fact[] {
  const { before, after, touched, effects } = turn;
  const facts: Fact[] = [];
  const others: Fact[] = [];
  for (const id of touched.sessions) {
    const fact = sessionFact(turn, id);
    if (fact !== null) (arrives(fact) ? facts : others).push(fact);
  }
  for (const term of touched.ended) facts.push(endFact(term));
  for (const name of touched.elections) addElectionFacts(facts, turn, name);
  facts.push(...others);
  for (const name of touched.jobs) facts.push(...jobFacts(before.jobs.get(name), after.jobs.get(name), turn.now));
  if (before.paused !== after.paused) facts.push({ type: after.paused ? "paused" : "resumed" });
  if (turn.purged) facts.push({ type: "purged" });
  for (const effect of effects) addEffectFacts(facts, turn, effect);
  return facts;
}

const arrives = ({ type }: Fact): boolean => type === "session_joined" || type === "session_resumed";

/** A wake-up alone is no fact: what is not stored comes back from the sockets. */
const isWaking = ({ event }: TurnReport): boolean => event === "adopt" || event === "start";

function sessionFact(turn: TurnReport, id: string): Fact | null {
  const [before, after] = [turn.before.sessions.get(id), turn.after.sessions.get(id)];
  const session = after ?? before;
  if (session === undefined) return null;
  const part = { sessionId: session.id, process: session.process.name ?? null };
  if (before === undefined) return { type: "session_joined", ...part };
  if (after === undefined) return { type: "session_left", ...part };
  if (after.mute && !before.mute && !isWaking(turn)) return { type: "asked_missed", ...part };
  if (before.link === after.link) return null;
  if (after.link.type === "lost") return before.link.type === "lost" ? null : { type: "session_lost", ...part };
  const same = before.link.type !== "lost" && before.link.connection === after.link.connection;
  return same ? null : { type: "session_resumed", ...part };
}

function endFact(term: EndedTerm): Fact {
  const { election, epoch, leaderSessionId, sessionId, process, reason, acceptedAt, endedAt } = term;
  return { type: "ended", election, epoch, leaderSessionId, sessionId, process, reason, ledMs: endedAt - acceptedAt };
}

type Term = HeldElection["state"];
const termOf = (election: Election | undefined): Term | null =>
  election === undefined || election.state.type === "vacant" ? null : election.state;

function addElectionFacts(facts: Fact[], turn: TurnReport, name: ElectionName): void {
  const [was, is] = [turn.before.elections.get(name), turn.after.elections.get(name)];
  const [old, present] = [termOf(was), termOf(is)];
  const same = old?.leaderSessionId === present?.leaderSessionId ? old : null;
  const hasEnded = old !== null && same === null;
  if (hasEnded && !turn.touched.ended.some(({ leaderSessionId }) => leaderSessionId === old.leaderSessionId)) {
    facts.push({ type: "grant_refused", ...holding(turn.before, name, old) });
  }
  if (is === undefined && was !== undefined && !isHeld(was) && was.endedAt !== null)
    facts.push({ type: "forgotten", election: was.name, gapMs: Math.max(0, turn.now - was.endedAt) });
  if (is !== undefined && present !== null) addProgress(facts, turn, { name, same, present, endedAt: is.endedAt });
}

interface Progress {
  readonly name: ElectionName;
  /** The present term as it was before, unless it is new. */
  readonly same: Term | null;
  readonly present: Term;
  readonly endedAt: number | null;
}

/** The steps of a term in this turn, which may be several at once. */
function addProgress(facts: Fact[], turn: TurnReport, { name, same, present, endedAt }: Progress): void {
  const { after, now } = turn;
  const part = holding(after, name, present);
  if (same === null) facts.push({ type: "granted", ...part });
  const { acceptedAt } = present;
  if (acceptedAt !== null && (same?.acceptedAt ?? null) === null) {
    const gapMs = endedAt === null ? null : Math.max(0, acceptedAt - endedAt);
    facts.push({ type: "accepted", gapMs, ...part });
  } else if (same !== null && same.leaseUntil !== present.leaseUntil && !isWaking(turn)) {
    const marginMs = Math.max(0, Math.min(same.leaseUntil - now, same.leaseMs));
    facts.push({ type: "renewed", marginMs, ...part });
  }
  if (present.type === "revoking" && same?.type !== "revoking") {
    facts.push({ type: "revoking", reason: present.reason, ...part });
  }
}

const holding = (state: GroupState, election: ElectionName, { epoch, leaderSessionId, sessionId }: Term): Holding => ({
  election,
  epoch,
  leaderSessionId,
  sessionId,
  process: processName(state, sessionId),
});

function jobFacts(was: Job | undefined, is: Job | undefined, now: number): Fact[] {
  if (is === undefined) return [];
  const known = new Set(was?.ended);
  const ended = is.ended.filter((one) => !known.has(one));
  const before = was?.run ?? null;
  const isFollowed = before !== null && before.leaderSessionId !== is.run?.leaderSessionId;
  const isUnsaid = isFollowed && before.leaseUntil <= now && !ended.some(({ hash }) => hash === before.hash);
  const facts = ended.map((one) => endOfRun(is.name, one, one.end, one.endedAt));
  if (isUnsaid) facts.unshift(endOfRun(is.name, before, "died", before.leaseUntil));
  const { run } = is;
  if (run === null || run.leaderSessionId === before?.leaderSessionId) return facts;
  const { occurrence, by, epoch } = run;
  return [...facts, { type: "run_started", job: is.name, occurrence, by, epoch }];
}

const endOfRun = (
  job: string,
  { occurrence, by, startedAt }: Pick<Run, "occurrence" | "by" | "startedAt">,
  end: RunEnd,
  endedAt: number,
): Fact => ({ type: "run_ended", job, occurrence, by, end, ranMs: Math.max(0, endedAt - startedAt) });

const FIRST_OWN_CODE = 4_000;

function addEffectFacts(facts: Fact[], { before, after }: TurnReport, effect: Effect): void {
  if (effect.type === "reply") addOutcomeFacts(facts, effect.outcome);
  if (effect.type !== "send" && effect.type !== "close") return;
  const { connection } = effect;
  const { sessionId = null } = after.connections.get(connection) ?? before.connections.get(connection) ?? {};
  if (effect.type === "send") {
    const { message } = effect;
    if (message.type === "next" && message.inMs === 0 && sessionId !== null)
      facts.push({ type: "asked", sessionId, process: processName(after, sessionId) });
    if (message.type === "error") facts.push({ type: "refused", code: message.code, sessionId });
    return;
  }
  const { code, reason } = effect;
  if (code >= FIRST_OWN_CODE) facts.push({ type: "hung_up", code, reason, sessionId });
}

function addOutcomeFacts(facts: Fact[], outcome: Outcome): void {
  if (outcome.type === "cleaned") facts.push({ type: "cleaned" });
  if (outcome.type === "job_forgotten")
    facts.push({ type: "job_forgotten", job: outcome.job, occurrences: outcome.occurrences });
  if (outcome.type === "refused") facts.push({ type: "refused", code: outcome.code, sessionId: null });
  if (outcome.type !== "polled") return;
  const { sessionId, refusals } = outcome;
  for (const { code } of refusals) facts.push({ type: "refused", code, sessionId });
}
