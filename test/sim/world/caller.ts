/**
 * A process without a socket: the shipped core of contenders by RPC, on a machine with its own clock, and its
 * application. It does what worker/callers/durable-contender.ts does, in its order: what has changed is stored, then the
 * effects are executed, then the alarm is set. What was stored outlives a restart; what the application runs does not.
 */
import type { ContenderInfo } from "../../../shared/protocol/messages.ts";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import type { Effect, EventBody } from "../../../worker/callers/core/events.ts";
import type { Request } from "../../../worker/callers/core/requests.ts";
import type { ContenderState, Settings, Stored } from "../../../worker/callers/core/state.ts";
import type { CampaignAnswer } from "../../../worker/callers/service.ts";
import type { Outcome } from "../../../worker/group/events.ts";
import { answerOf, callOf } from "../../support/exchange.ts";
import type { Cores } from "../cores.ts";
import { Calls, type CallsPorts } from "./calls.ts";
import { AppContender, type Granted } from "./contender.ts";
import { MachineClock } from "./machine-clock.ts";
import type { CallerSetup, ComponentName } from "./setup.ts";
import { demand } from "./violation.ts";

/** What it leads, or still stops inside its lease, and until when on its machine's wall clock. */
export interface CallerTerm {
  readonly election: ElectionName;
  readonly leaderSessionId: string;
  readonly epoch: number;
  readonly until: number;
}

/** `lost`: an answer left it out. */
export type CallerEnd = "meant" | "expired" | "lost";

export interface CallerPorts extends CallsPorts {
  readonly pessimistic: Cores["client"]["pessimistic"];
  readonly contender: Cores["contender"];
  random(): number;
  leads(caller: Caller, term: CallerTerm): void;
  ended(caller: Caller, term: CallerTerm, how: CallerEnd): void;
  tell(line: () => string): void;
}

type UserEffect = Exclude<Effect, { readonly type: "call" }>;
type Revoke = Extract<Effect, { readonly type: "revoke" }>;

/** Hosts differ by at most the clock margin, which is twice as much. */
const HOST_SKEW_MS = 500;
/** Until the first answer. */
const DRAIN_MS = 10_000;

export class Caller {
  readonly #ports: CallerPorts;
  readonly name: string;
  readonly clock: MachineClock;
  readonly calls: Calls;
  readonly #setup: CallerSetup;
  contenders: readonly ContenderInfo[] = [];
  /** Those of the application, until they are closed and have stopped. */
  #apps: AppContender[] = [];
  /** What those stop whose `onRevoke` runs. */
  readonly #stopping = new Map<AppContender, Granted>();
  /** Whether an `onRevoke` that runs comes to its end. */
  #isReady = true;
  #state: ContenderState;
  #stored: Stored | null = null;
  readonly #effects: Effect[] = [];
  #isExecuting = false;
  #incarnation = 0;
  /** How far the clock of its host is ahead of its machine's wall clock. */
  #skewMs = 0;
  #wakesAt: number | null = null;
  #numbers = 0;
  /** For each leadership: until when its answers let it lead, and how long it may stop. */
  readonly #leases = new Map<string, number>();
  readonly #drains = new Map<string, number>();
  /** What it has led, for the judge: each begins and ends once. */
  readonly #ended = new Set<string>();
  /** Those that the core has had and no longer has. */
  readonly #over = new Set<string>();

  constructor(ports: CallerPorts, name: string, setup: CallerSetup) {
    this.#ports = ports;
    this.name = name;
    this.#setup = setup;
    this.clock = new MachineClock(ports.pessimistic, setup.rate, setup.stopsAsleep, () => ports.trueNow());
    this.calls = new Calls(ports);
    this.#state = ports.contender.initialState(this.#settings);
    this.contend(setup.components);
  }

  get #settings(): Settings {
    const { priority, pollEveryMs, drainMs } = this.#setup;
    return {
      contenders: this.contenders,
      priority,
      ...(pollEveryMs !== undefined && { pollEveryMs }),
      ...(drainMs !== undefined && { drainMs }),
    };
  }

  // What it is made to do

  resign(): void {
    for (const { stage, leaderSessionId } of this.#state.terms) {
      if (stage === "leading") this.#dispatch({ type: "resign", leaderSessionId });
    }
  }

  /** Contends for these from now on; for none of them, it leaves. */
  contend(components: readonly ComponentName[]): void {
    this.contenders = infosOf(components);
    for (const app of this.#apps) app.closed ||= !components.includes(app.setup.component);
    this.#apps = this.#apps.filter(({ closed, granted, draining }) => !closed || granted !== null || draining);
    for (const component of components) {
      if (!this.#apps.some(({ setup, closed }) => setup.component === component && !closed)) this.#join(component);
    }
    if (components.length === 0) return this.#dispatch({ type: "close" });
    this.#dispatch({ type: "change", settings: this.#settings });
    this.#dispatch({ type: "start" });
  }

  #join(component: ComponentName): void {
    this.#numbers += 1;
    const { drain } = this.#setup;
    this.#apps.push(
      new AppContender(this.#numbers, { component, dedicated: component === "z", onGrant: "confirm", drain }),
    );
  }

  /** Stops, says goodbye, and begins anew. */
  leave(): void {
    this.#dispatch({ type: "close" });
    if (this.contenders.length > 0) this.#dispatch({ type: "start" });
  }

  /** Its code starts anew, with what it had stored, on a host with another clock. */
  restart(): void {
    const { contender, random } = this.#ports;
    this.#incarnation += 1;
    this.#skewMs = (random() * 2 - 1) * HOST_SKEW_MS;
    for (const app of this.#stopping.keys()) app.settlesAt = null; // what it ran is gone with it
    this.#stopping.clear();
    this.#apps = this.#apps.filter(({ closed, granted }) => !closed || granted !== null);
    this.#state =
      this.#stored === null
        ? contender.initialState(this.#settings)
        : contender.load(JSON.parse(JSON.stringify(this.#stored)), this.#settings);
    if (this.contenders.length > 0) this.#dispatch({ type: "start" });
  }

  set ready(ready: boolean) {
    this.#isReady = ready;
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

  /** What it leads at this true instant, and what still stops inside its lease, even against the core. */
  holding(): CallerTerm[] {
    const now = this.clock.wall;
    return this.#apps.flatMap((app): CallerTerm[] => {
      const { info, election, granted } = app;
      const { leaderSessionId, epoch } = granted ?? this.#stopping.get(app) ?? { leaderSessionId: "", epoch: 0 };
      const lease = this.#leases.get(leaderSessionId) ?? 0;
      const until = granted === null ? Math.min(lease, this.#drains.get(leaderSessionId) ?? 0) : lease;
      if (granted !== null) {
        const left = this.#ports.contender.remainingMs(this.#state, info.component, leaderSessionId, this.#now);
        const tooLong = now + left - until;
        demand(left === 0 || tooLong < 1, "S1", () => `${this.name} counts its lease ${tooLong} ms too long`);
        if (left === 0) return [];
      }
      return until > now ? [{ election, leaderSessionId, epoch, until }] : [];
    });
  }

  /** What has run out it notices with its next call, or now. */
  notice(): void {
    this.#dispatch({ type: "tick" });
  }

  // One turn

  get #now(): number {
    return this.clock.wall + this.#skewMs;
  }

  #dispatch(body: EventBody): void {
    const { contender, random } = this.#ports;
    const before = this.#state;
    const { state, effects } = contender.transition(before, { ...body, now: this.#now, random: random() });
    if (contender.isWorthStoring(before, state)) this.#stored = contender.save(state);
    this.#state = state;
    for (const { leaderSessionId } of before.terms) {
      if (!state.terms.some((term) => term.leaderSessionId === leaderSessionId)) this.#over.add(leaderSessionId);
    }
    this.#effects.push(...effects);
    if (this.#isExecuting) return;
    this.#isExecuting = true;
    for (let effect = this.#effects.shift(); effect !== undefined; effect = this.#effects.shift()) {
      if (effect.type === "call") this.#call(effect.attempt, effect.request);
      else this.#execute(effect);
    }
    this.#isExecuting = false;
  }

  #execute(effect: UserEffect): void {
    if (effect.type === "grant") {
      const { component, election, leaderSessionId, epoch } = effect.subject;
      const app = this.#apps.findLast(({ info }) => info.component === component);
      app?.grant({ leaderSessionId, epoch });
      this.#ports.leads(this, { election, leaderSessionId, epoch, until: this.#leases.get(leaderSessionId) ?? 0 });
      this.#dispatch({ type: "confirm", component, leaderSessionId });
    } else if (effect.type === "revoke") this.#revoke(effect);
  }

  #revoke({ subject, reason }: Revoke): void {
    const { component, election, leaderSessionId, epoch } = subject;
    const app = this.#apps.find(({ info, granted }) => info.component === component && granted !== null);
    const isGranted = app?.granted?.leaderSessionId === leaderSessionId;
    demand(isGranted, "C1", () => `${component} of ${this.name} is revoked ${epoch} without a grant`);
    const drainUntil = this.#drains.get(leaderSessionId) ?? this.clock.wall + this.#drainMs;
    this.#drains.set(leaderSessionId, drainUntil);
    if (app !== undefined) {
      app.revoke(reason, this.clock.wall);
      this.#stopping.set(app, { leaderSessionId, epoch });
    }
    if (this.#ended.has(leaderSessionId)) return;
    this.#ended.add(leaderSessionId);
    const how = reason === "expired" || reason === "lost" ? reason : "meant";
    this.#ports.ended(this, { election, leaderSessionId, epoch, until: this.#leases.get(leaderSessionId) ?? 0 }, how);
  }

  #drainMs = DRAIN_MS;

  // Calls

  #call(attempt: number, request: Request): void {
    const incarnation = this.#incarnation;
    const sentAt = this.clock.wall;
    this.#ports.tell(() => `${this.name} calls (${attempt}) ${JSON.stringify(request)}`);
    this.calls.send(callOf(request), (outcome) => {
      const isLatest = incarnation === this.#incarnation && attempt === this.#state.call?.attempt;
      this.#ports.tell(() => `${this.name} hears ${JSON.stringify(outcome)}${isLatest ? "" : " (abandoned)"}`);
      if (incarnation === this.#incarnation) this.#hear(outcome, { attempt, request, sentAt });
    });
  }

  #hear(
    outcome: Outcome,
    call: { readonly attempt: number; readonly request: Request; readonly sentAt: number },
  ): void {
    if (outcome.type !== "polled" && outcome.type !== "refused") return;
    const { attempt, request } = call;
    const answer = answerOf(request, outcome);
    if (answer.type === "polled" && attempt === this.#state.call?.attempt) this.#note(answer, call);
    this.#dispatch({ type: "answered", attempt, answer });
  }

  /** What an answer to the latest call lets it believe. */
  #note(answer: CampaignAnswer, { request, sentAt }: { readonly request: Request; readonly sentAt: number }): void {
    const named = request.type === "campaign" ? (request.campaign.held ?? []) : [];
    const now = this.clock.wall;
    this.#drainMs = Math.min(answer.drainMs, this.#setup.drainMs ?? Infinity);
    for (const { leaderSessionId: id, epoch, revoked } of answer.leaderships) {
      const isOver = this.#over.has(id) && !named.includes(id) && request.type === "campaign";
      demand(!isOver, "S7", () => `${this.name} is told of epoch ${epoch}, which it has ended`);
      const until = sentAt + answer.lease.renewDeadlineMs;
      this.#leases.set(id, Math.max(until, this.#leases.get(id) ?? 0));
      if (revoked === undefined || this.#drains.has(id)) continue;
      this.#drains.set(id, now + Math.min(revoked.drainMs, this.#drainMs));
    }
  }

  // Time

  /** The true time at which its host's clock shows `at`. It goes on while the machine sleeps. */
  #trueTimeOf(at: number): number {
    const now = this.#ports.trueNow();
    return now + Math.max(0, Math.ceil((at - this.#now) / this.clock.rate));
  }

  get #settlesAt(): number {
    if (!this.#isReady) return Infinity;
    return Math.min(...this.#apps.map(({ settlesAt }) => settlesAt ?? Infinity));
  }

  get #timer(): { readonly dueAt: number; readonly act: () => void } {
    if (this.#wakesAt !== null) return { dueAt: this.#wakesAt, act: () => this.wake() };
    const settlesAt = this.#settlesAt;
    const settles = settlesAt === Infinity ? Infinity : this.#trueTimeOf(settlesAt + this.#skewMs);
    const deadline = this.#ports.contender.nextDeadline(this.#state);
    const rings = deadline === null || deadline === Infinity ? Infinity : this.#trueTimeOf(deadline);
    if (settles < rings) return { dueAt: settles, act: () => this.#settle() };
    return { dueAt: rings, act: () => this.#dispatch({ type: "tick" }) };
  }

  #settle(): void {
    for (const [app, { leaderSessionId }] of this.#stopping) {
      if ((app.settlesAt ?? Infinity) > this.clock.wall) continue;
      app.settlesAt = null;
      this.#stopping.delete(app);
      this.#dispatch({ type: "settled", component: app.info.component, leaderSessionId });
    }
    this.#apps = this.#apps.filter(({ closed, granted, draining }) => !closed || granted !== null || draining);
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
