/** What a client can know by what it has sent and read: its terms, its components, and what it owes on its connection. */
import type { ContenderInfo, Deregister, Grant, Register, Welcome } from "../../shared/protocol/messages.ts";
import { type ElectionName, electionOf } from "../../shared/protocol/names.ts";
import type { Closed } from "./trace.ts";
import { type Violation, violation } from "./violations.ts";

/** How long a client may take to stop that was never welcomed: no `welcome` has told it. */
const DRAIN_MS = 10_000;
/** The time that any client has for an answer. */
export const PATIENCE_MS = 10_000;
/** A timer that is due may come a rounding error early. */
export const ROUNDING_MS = 0.001;
/** Frames that a connection may send at once; then as many a second as `welcome` says. */
const BURST = 100;
/**
 * A connection is calm that has sent fewer than `frames` in `ms`, and fewer than `close` of its last ones right after another:
 * then no frame has to wait for its turn. `close` is for a clock that has jumped, by which `frames` looks calm.
 */
const CALM = { frames: 50, ms: 10_000, close: 25 };
/** Frames that wait leave at this share of the limit or faster. */
const STEADY = 0.5;
const CHARACTERS_A_FRAME = 16_384;

export interface Term {
  readonly id: string;
  readonly election: ElectionName;
  readonly epoch: number;
  /** The end of its lease on the client's clock, at the latest (S1). */
  until: number;
  /** And at the earliest: an answer that came late may have been ignored. */
  untilAtLeast: number;
  /** Why it may not be taken: known when its grant was read. */
  readonly forbidden: Violation | null;
  /** Something that the client has sent, or was told, shows that it leads by it. */
  taken: boolean;
  /** The client has told the group that it has stopped. */
  reported: boolean;
  /** Why nobody leads by it any longer, by what the client has read. */
  ended: Violation | null;
  /** Nobody leads by it any longer, and it may be named until then. */
  drainUntil: number;
  /** When all that was ever led by it has stopped, at the latest, as far as it was told to stop. */
  stopsBy: number;
}

/** A component as its application has it. */
export interface Work {
  readonly leaderSessionId: string;
  readonly state: "leading" | "stopping" | "stopped";
  /** Until when it may take to stop, at the least and at the most. */
  readonly stopsBy: number;
  readonly stopsByAtMost: number;
}

/** What a `welcome` says of times. */
type Times = Pick<Welcome, "answerTimeoutMs" | "drainMs"> & Pick<Welcome["lease"], "renewDeadlineMs" | "durationMs">;

/** Before the first `welcome`. */
const UNTOLD: Times = { answerTimeoutMs: PATIENCE_MS, drainMs: DRAIN_MS, renewDeadlineMs: 0, durationMs: 0 };

const each = (pick: (known: number, told: number) => number, known: Times, told: Times): Times => ({
  answerTimeoutMs: pick(known.answerTimeoutMs, told.answerTimeoutMs),
  drainMs: pick(known.drainMs, told.drainMs),
  renewDeadlineMs: pick(known.renewDeadlineMs, told.renewDeadlineMs),
  durationMs: pick(known.durationMs, told.durationMs),
});

interface Question {
  readonly at: number;
  readonly ids: readonly string[];
}

/** Something that is to be sent by then. A client that has sent other things meanwhile, at two later instants, has forgotten it. */
type Due = Owed & { readonly by: number; readonly violation: Violation; readonly missedAt?: number };
type Owed =
  | { readonly what: "renewal" | "answer" | "sign"; readonly about: "" }
  | { readonly what: "release" | "taking"; readonly about: Term["id"] }
  | { readonly what: "readiness" | "busy"; readonly about: ElectionName };

export class Connection {
  readonly client: Client;
  readonly name: string;
  /** Grows from each connection of the client to the next. */
  readonly number: number;
  frames = 0;
  /** It has sent `bye`. */
  hasLeft = false;
  welcome: Welcome | null = null;
  /** An answer came after its time-out, and nothing was sent since: the client may have given the path up by then. */
  isGivenUp = false;
  /** Until the errors of its `hello` are known. */
  isGreeting = true;
  /** Unanswered, by the name on the wire. */
  readonly questions = new Map<number, Question>();
  pingAt = Infinity;
  /** When each was sent, and how many components had left this connection by then. */
  readonly statements = new Map<number, { readonly at: number; readonly leavings: number }>();
  statedAt = -Infinity;
  leavings = 0;
  readonly left = new Map<string, number>();
  registered = new Map<string, ElectionName>();
  /** Unanswered, oldest first. */
  asked: readonly (Register | Deregister)[] = [];
  busy: readonly ElectionName[] = [];
  #dues: readonly Due[] = [];
  #allowance = BURST;
  #allowanceAt = 0;
  /** When the last frames left. */
  #lately: readonly { readonly at: number; readonly isClose: boolean }[] = [];

  constructor(client: Client, name: string) {
    this.client = client;
    this.name = name;
    client.connections += 1;
    this.number = client.connections;
  }

  contends(contenders: readonly ContenderInfo[]): void {
    this.registered = new Map(
      contenders.map(({ component, election }) => [component, electionOf(component, election)]),
    );
    this.asked = [];
  }

  in(election: ElectionName): readonly string[] {
    return [...this.registered].filter(([, own]) => own === election).map(([component]) => component);
  }

  /** Whether something there has stopped, and the application wants all of it to lead (Q7, S11). */
  couldStart(election: ElectionName, now: number): boolean {
    const { outUntil, unready, work } = this.client;
    const components = this.in(election);
    if ((outUntil.get(election) ?? 0) > now || components.some((one) => unready.has(one))) return false;
    return components.some((one) => work.get(one)?.state !== "stopping");
  }

  /** Whether all that stands in its election still stops by the term: nothing can lead by it any longer. */
  onlyDrains({ id, election }: Term): boolean {
    const works = this.in(election).map((component) => this.client.work.get(component));
    return works.length > 0 && works.every((work) => work?.state === "stopping" && work.leaderSessionId === id);
  }

  /** S15: it is registered, and no question about it is open. */
  counts(component: string): boolean {
    return this.registered.has(component) && !this.asked.some((one) => one.component === component);
  }

  /** The oldest question about the component has its answer. */
  answer(component: string): void {
    const first = this.asked.find((one) => one.component === component);
    this.asked = this.asked.filter((one) => one !== first);
  }

  /** When the oldest question that has no answer was sent. */
  get askedAt(): number {
    return Math.min(this.pingAt, ...[...this.questions.values()].map(({ at }) => at));
  }

  /** When the client gives up waiting for an answer, at the earliest: sooner where a lease may be lost (N11). */
  givesUpAt(askedAt: number): number {
    const early = askedAt + this.client.atLeast.answerTimeoutMs;
    return Math.min(this.client.mayHold(early) ? early : Infinity, askedAt + PATIENCE_MS);
  }

  // What it owes

  /** In place of what it owed of this kind about the same. */
  owe(due: Due): void {
    this.settle(due.what, due.about);
    this.#dues = [...this.#dues, due];
  }

  settle(what: Due["what"], about?: string): void {
    this.#dues = this.#dues.filter((due) => due.what !== what || (about !== undefined && due.about !== about));
  }

  /** What is overdue although it has sent something else at two later instants. */
  *missed(now: number): Generator<Due> {
    const late = this.#dues.filter(({ by }) => by < now - ROUNDING_MS);
    for (const due of late) {
      if (due.missedAt === undefined) this.owe({ ...due, missedAt: now });
      else if (due.missedAt < now) {
        this.settle(due.what, due.about);
        yield due;
      }
    }
  }

  // Its pace

  /** A frame leaves. Returns whether the group takes it. */
  pace(now: number, characters: number): boolean {
    const perSecond = this.welcome?.limits.messagesPerSecond ?? BURST;
    const refilled = this.#allowance + ((now - this.#allowanceAt) * perSecond) / 1_000;
    this.#allowance = Math.min(BURST, refilled) - 1 - Math.floor(characters / CHARACTERS_A_FRAME);
    const isClose = now - this.#allowanceAt < 1_000 / (STEADY * perSecond);
    this.#allowanceAt = now;
    this.#lately = [...this.#lately, { at: now, isClose }].slice(-CALM.frames);
    return this.#allowance >= 0;
  }

  get isCalm(): boolean {
    const [first, ...rest] = this.#lately;
    const isClose = this.#lately.filter((frame) => frame.isClose).length >= CALM.close;
    return !isClose && (rest.length < CALM.frames - 1 || (first?.at ?? 0) < this.#allowanceAt - CALM.ms);
  }
}

export class Client {
  readonly name: string;
  readonly terms = new Map<string, Term>();
  readonly work = new Map<string, Work>();
  /** Components that do not want to lead. */
  readonly unready = new Set<string>();
  /** Until when it stays out of elections, ready or not. */
  readonly outUntil = new Map<ElectionName, number>();
  connection: Connection | null = null;
  /** How many it has had. */
  connections = 0;
  /** The one that was welcomed last. */
  welcomed: Connection | null = null;
  /** The times that it goes by: the two differ only where it may have ignored a `welcome`. */
  atLeast = UNTOLD;
  atMost = UNTOLD;
  /** `unknown`: its session began before the trace. */
  session: "none" | "unknown" | "known" = "none";
  /** Oldest first. */
  secrets: readonly string[] = [];
  /** The place of the newest that it has presented. */
  presented = 0;
  /** The newest `welcome` came late, and nothing shows yet whether it goes on by it: it may have ignored it (N19). */
  mayIgnore = false;
  attempt = 0;
  sentAt = -Infinity;
  highestEnded = 0;
  /** The page runs no code. */
  isFrozen = false;
  /** The end of its last connection. */
  last: (Pick<Closed, "at" | "code" | "gone" | "retryAfterMs"> & { readonly connection: Connection }) | null = null;

  constructor(name: string) {
    this.name = name;
  }

  /** What it has not reported, and whose lease runs. */
  held(now: number): readonly Term[] {
    return [...this.terms.values()].filter(({ reported, until }) => !reported && until > now);
  }

  /** Whether the group may count a lease of it at that time. */
  mayHold(at: number): boolean {
    return [...this.terms.values()].some(({ until }) => until + this.atMost.durationMs > at);
  }

  /** Leads, or still stops within its drain time, as its application was told, and inside a lease that was not reported as over. */
  works(component: string, now: number): Work | undefined {
    const work = this.work.get(component);
    if (work === undefined || work.state === "stopped") return undefined;
    const term = this.terms.get(work.leaderSessionId);
    if (term === undefined || term.reported || term.untilAtLeast <= now) return undefined;
    const isOver = work.state === "stopping" && Math.min(work.stopsBy, term.drainUntil) <= now + ROUNDING_MS;
    return isOver ? undefined : work;
  }

  worksBy(id: string): readonly Work[] {
    return [...this.work.values()].filter(({ leaderSessionId }) => leaderSessionId === id);
  }

  /** Where the component stands, or works. */
  electionOf(component: string): ElectionName | undefined {
    const work = this.work.get(component);
    return this.connection?.registered.get(component) ?? this.terms.get(work?.leaderSessionId ?? "")?.election;
  }

  /** All that lead or stop by this term. */
  workOf(id: string, now: number): readonly string[] {
    return [...this.work.keys()].filter((component) => this.works(component, now)?.leaderSessionId === id);
  }

  /** What a `welcome` says counts from here on, for sure unless the client may ignore it. */
  adopt({ answerTimeoutMs, drainMs, lease: { renewDeadlineMs, durationMs } }: Welcome): void {
    const told = { answerTimeoutMs, drainMs, renewDeadlineMs, durationMs };
    const isSure = !this.mayIgnore || this.welcomed === null;
    this.atLeast = isSure ? told : each(Math.min, this.atLeast, told);
    this.atMost = isSure ? told : each(Math.max, this.atMost, told);
  }

  /** It sends something on the connection of this `welcome`. */
  goesOn(welcome: Welcome): void {
    if (!this.mayIgnore) return;
    this.mayIgnore = false;
    this.adopt(welcome);
  }

  report(term: Term): void {
    term.reported = true;
    this.highestEnded = Math.max(this.highestEnded, term.epoch);
  }

  /** Everything that it has had is over, its session included, by what it has read. */
  forsake(now: number, problem: string): void {
    this.endTerms(now, problem);
    this.forgetSession();
  }

  /** All its terms are over. */
  endTerms(now: number, problem: string): void {
    for (const term of this.terms.values()) {
      term.until = Math.min(term.until, now);
      term.untilAtLeast = Math.min(term.untilAtLeast, now);
      term.ended = violation("S9", problem, "all that it held has ended: stop, and do not name it again");
    }
  }

  /** It presents nothing of its session from here on. */
  forgetSession(): void {
    this.session = "none";
    this.secrets = [];
    this.presented = 0;
    this.attempt = 0;
  }
}

export const newTerm = (
  { leaderSessionId, election, epoch }: Grant,
  { until, untilAtLeast }: Pick<Term, "until" | "untilAtLeast">,
  forbidden: Violation | null,
): Term => ({
  id: leaderSessionId,
  election,
  epoch,
  until,
  untilAtLeast,
  forbidden,
  taken: false,
  reported: false,
  ended: null,
  drainUntil: Infinity,
  stopsBy: -Infinity,
});
