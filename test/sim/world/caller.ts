/**
 * A process without a socket. It keeps to the contract of worker/rpc/service.ts: one call counts, the latest; `attempt`
 * grows with every call; a leadership counts from when the call was sent; it stops before it says so. Its session and
 * its counter outlive a restart, as in storage; what it leads does not.
 */
import type { ContenderInfo } from "../../../shared/messages.ts";
import { type ElectionName, electionOf } from "../../../shared/names.ts";
import { hashOf } from "../../../testing/group/incarnation.ts";
import type { HeldLeadership, Outcome, PollAnswer, PollCall, SessionMessage } from "../../../worker/group/events.ts";
import type { Cores } from "../cores.ts";
import { Calls, type CallsPorts } from "./calls.ts";
import { MachineClock } from "./machine-clock.ts";
import type { CallerSetup, ComponentName } from "./setup.ts";
import { demand } from "./violation.ts";

/** A call before the group's object has added what only it can make. */
export type CallRequest = Omit<PollCall, "secret">;

/** What it believes to lead, and until when on its own clock. */
export interface CallerTerm extends Pick<HeldLeadership, "election" | "leaderSessionId" | "epoch"> {
  readonly until: number;
}

/** `lost`: an answer left it out. */
export type CallerEnd = "meant" | "expired" | "lost";

export interface CallerPorts extends CallsPorts {
  readonly pessimistic: Cores["client"]["pessimistic"];
  random(): number;
  leads(caller: Caller, term: CallerTerm): void;
  ended(caller: Caller, term: CallerTerm, how: CallerEnd): void;
  tell(line: () => string): void;
}

type CallBody = Omit<CallRequest, "session">;
interface Waiting {
  readonly attempt: number;
  readonly sentAt: number;
  /** What the call asked to extend; `null` for confirms and releases, whose answers say nothing of leases. */
  readonly named: readonly string[] | null;
}

/** Without an answer it asks again. */
const PATIENCE_MS = 1_000;
const SOON_MS = 1;

export class Caller {
  readonly #ports: CallerPorts;
  readonly name: string;
  readonly clock: MachineClock;
  readonly calls: Calls;
  contenders: readonly ContenderInfo[];
  priority: number;
  /** Whether it takes what is offered. */
  ready = true;
  readonly terms = new Map<string, CallerTerm>();
  readonly #pollEveryMs: number | undefined;
  readonly #ended = new Set<string>();
  #session: { readonly sessionId: string; readonly secret: string } | null = null;
  #attempt = 0;
  /** The newest attempt whose answer it has. */
  #heard = 0;
  /** What it says next, each by a call of its own. */
  #toSay: SessionMessage[] = [];
  #callAt: number;
  #wakesAt: number | null = null;

  constructor(ports: CallerPorts, name: string, { rate, stopsAsleep, priority, components, pollEveryMs }: CallerSetup) {
    this.#ports = ports;
    this.name = name;
    this.clock = new MachineClock(ports.pessimistic, rate, stopsAsleep, () => ports.trueNow());
    this.calls = new Calls(ports);
    this.contenders = infosOf(components);
    this.priority = priority;
    this.#pollEveryMs = pollEveryMs;
    this.#callAt = this.clock.monotonic;
  }

  // What it is made to do

  resign(): void {
    for (const term of [...this.terms.values()]) this.#step(term);
  }

  /** Contends for these from now on. What it leads for nobody any more ends first. */
  contend(components: readonly ComponentName[]): void {
    this.contenders = infosOf(components);
    const elections = new Set(this.contenders.map(electionOfInfo));
    for (const term of [...this.terms.values()]) if (!elections.has(term.election)) this.#step(term);
    this.#callIn(SOON_MS);
  }

  leave(): void {
    this.#endAll();
    this.#say({ type: "bye" });
  }

  #endAll(): void {
    for (const term of [...this.terms.values()]) this.#end(term, "meant");
  }

  /** Its code starts anew, with what it had stored. */
  restart(): void {
    this.#endAll();
    this.#toSay = [];
    this.#attempt += 1; // nobody waits for the answer of an earlier call any more
    this.#callIn(SOON_MS);
  }

  sleep(wakesAt: number): void {
    if (this.#wakesAt !== null) return;
    this.clock.sleep();
    this.#wakesAt = wakesAt;
  }

  wake(): void {
    if (this.#wakesAt !== null) this.clock.wake();
    this.#wakesAt = null;
  }

  #step(term: CallerTerm): void {
    this.#end(term, "meant");
    this.#say({ type: "resign", leaderSessionId: term.leaderSessionId });
  }

  /** Won by a call that was sent before its contender was closed: it never leads by this. */
  #decline(leaderSessionId: string): void {
    this.#ended.add(leaderSessionId);
    this.terms.delete(leaderSessionId);
    this.#say({ type: "resign", leaderSessionId });
  }

  #say(message: SessionMessage): void {
    this.#toSay.push(message);
    this.#callIn(SOON_MS);
  }

  #end(term: CallerTerm, how: CallerEnd): void {
    this.terms.delete(term.leaderSessionId);
    this.#ended.add(term.leaderSessionId);
    this.#ports.ended(this, term, how);
  }

  /** What it leads at this true instant, by its own clock. */
  holding(): CallerTerm[] {
    const now = this.clock.peek();
    return [...this.terms.values()].filter(({ until }) => until > now);
  }

  /** What has run out it notices with its next call, or now. */
  notice(): void {
    this.#expire(this.clock.peek());
  }

  #expire(now: number): void {
    for (const term of [...this.terms.values()]) if (term.until <= now) this.#end(term, "expired");
  }

  // Calls

  #callIn(ms: number): void {
    this.#callAt = this.clock.monotonic + ms;
  }

  #call(): void {
    const sentAt = this.clock.look();
    this.#expire(sentAt);
    this.#attempt += 1;
    const attempt = this.#attempt;
    const body = this.#body(sentAt);
    const session = this.#session && {
      sessionId: this.#session.sessionId,
      presentedHash: hashOf(this.#session.secret),
      attempt,
    };
    const says = body.contenders === undefined && body.messages[0]?.type !== "renew";
    const waiting = { attempt, sentAt, named: says ? null : [...this.terms.keys()] };
    this.#ports.tell(() => `${this.name} calls (${attempt}) ${JSON.stringify(body)}`);
    this.#callIn(PATIENCE_MS);
    this.calls.send({ ...body, ...(session && { session }) }, (outcome) => this.#hear(outcome, waiting));
  }

  /** Only a session has something to say; a leader asks for more with every second call. */
  #body(sentAt: number): CallBody {
    const message = this.#session === null ? undefined : this.#toSay.shift();
    if (message?.type === "bye") this.#endAll(); // also what the answer to an earlier call has brought since
    const held = [...this.terms.keys()];
    if (message !== undefined) return { messages: [message] };
    if (held.length > 0 && this.#ports.random() < 0.5) return { messages: [{ type: "renew", sentAt, held }] };
    const { contenders, priority, ready: accept } = this;
    const pollEveryMs = this.#pollEveryMs;
    return { contenders, priority, held, accept, messages: [], ...(pollEveryMs !== undefined && { pollEveryMs }) };
  }

  #hear(outcome: Outcome, waiting: Waiting): void {
    const isLatest = waiting.attempt === this.#attempt && this.#heard < waiting.attempt;
    this.#ports.tell(() => `${this.name} hears ${JSON.stringify(outcome)}${isLatest ? "" : " (abandoned)"}`);
    if (!isLatest) return;
    this.#heard = waiting.attempt;
    if (outcome.type === "polled") this.#take(outcome, waiting);
    else if (outcome.type === "refused" && outcome.code === "unknown_session") this.#forget();
  }

  #forget(): void {
    for (const term of [...this.terms.values()]) this.#end(term, "lost");
    this.#session = null;
    this.#toSay = [];
    this.#callIn(SOON_MS);
  }

  #take(answer: PollAnswer, { sentAt, named }: Waiting): void {
    if (named !== null) {
      if (!answer.resumed) this.#forget();
      this.#session = { sessionId: answer.sessionId, secret: answer.secret ?? this.#session?.secret ?? "" };
      const told = new Set(answer.leaderships.map(({ leaderSessionId }) => leaderSessionId));
      this.#lose(named.filter((id) => !told.has(id)));
      const now = this.clock.look();
      for (const held of answer.leaderships) {
        const { leaderSessionId: id, epoch } = held;
        const over = this.#ended.has(id);
        demand(!over || named.includes(id), "S7", () => `${this.name} is told of epoch ${epoch}, which it has ended`);
        if (!over) this.#hold(held, sentAt + answer.lease.renewDeadlineMs, now);
      }
    }
    const everyMs = this.terms.size > 0 ? answer.lease.renewEveryMs : answer.pollEveryMs;
    this.#callIn(this.#toSay.length > 0 ? SOON_MS : everyMs);
  }

  #lose(ids: readonly string[]): void {
    for (const id of ids) {
      const term = this.terms.get(id);
      if (term !== undefined) this.#end(term, "lost");
    }
  }

  #hold({ election, leaderSessionId, epoch, components, revoked }: HeldLeadership, until: number, now: number): void {
    if (until <= now) return;
    if (!this.contenders.some((info) => electionOfInfo(info) === election)) return this.#decline(leaderSessionId);
    const isNew = !this.terms.has(leaderSessionId);
    const term = { election, leaderSessionId, epoch, until };
    this.terms.set(leaderSessionId, term);
    this.#ports.leads(this, term);
    if (revoked !== undefined) return this.#step(term);
    if (!isNew) return;
    for (const component of components) this.#say({ type: "confirm", id: "c", component, leaderSessionId });
  }

  // Time

  get #timer(): { readonly dueAt: number; readonly act: () => void } {
    if (this.#wakesAt !== null) return { dueAt: this.#wakesAt, act: () => this.wake() };
    return { dueAt: this.clock.trueTimeOf(this.#callAt), act: () => this.#call() };
  }

  get #next(): { readonly dueAt: number; readonly act: () => void } {
    const [timer, parcel] = [this.#timer, this.calls.next(this.#wakesAt === null)];
    return parcel.dueAt < timer.dueAt ? parcel : timer;
  }

  get dueAt(): number {
    return this.#next.dueAt;
  }

  act(): void {
    this.#next.act();
  }
}

const infosOf = (components: readonly ComponentName[]): readonly ContenderInfo[] =>
  components.map((component) => ({ component, election: component === "z" ? "dedicated" : "process" }));

const electionOfInfo = ({ component, election }: ContenderInfo): ElectionName => electionOf(component, election);
