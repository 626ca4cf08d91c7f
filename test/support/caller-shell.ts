/**
 * A process without a socket: the shipped core of contenders by RPC takes its turns in the shipped order, on the clock of
 * the world that it is in, and its calls are the shipped ones. What it stores outlives a restart; what its application runs
 * does not. What must always hold for it is judged here, by what the answers allow and not by what the core believes.
 */
import type { ElectionName } from "../../shared/protocol/names.ts";
import { unreachable } from "../../shared/unreachable.ts";
import type { EventBody, Subject } from "../../worker/callers/core/events.ts";
import type { Answer, Request } from "../../worker/callers/core/requests.ts";
import type { Candidate, ContenderSettings, ContenderState } from "../../worker/callers/core/state.ts";
import { campaigning, confirming, type Exchange, releasing, renewing } from "../../worker/callers/exchanges.ts";
import type { CampaignAnswer } from "../../worker/callers/service.ts";
import type { Turns, UserEffect } from "../../worker/callers/turns.ts";
import type { Outcome } from "../../worker/group/events.ts";
import type { PollRequest } from "../../worker/host/host.ts";
import { AppContender, type Drain, type Granted } from "./app-contender.ts";
import { CallerWaits } from "./caller-waits.ts";
import type { ContenderCore } from "./contender-core.ts";
import { demand } from "./violation.ts";

/** What it leads, or still stops inside its lease, and until when by `now`. */
export interface CallerTerm {
  readonly election: ElectionName;
  readonly leaderSessionId: string;
  readonly epoch: number;
  readonly until: number;
}

/** One that has left; whoever carries it gives its outcome to `hear`. */
export interface Call {
  readonly attempt: number;
  readonly request: Request;
  /** The request as the group's object takes it. */
  readonly poll: PollRequest;
  readonly sentAt: number;
  readonly incarnation: number;
  /** How many changes it may tell of. */
  readonly changes: number;
}

/** A time by `now`, seen when its host's clock had been set forward by so much: each later step takes as much from it. */
interface Bound {
  readonly now: number;
  readonly forwardMs: number;
}

export abstract class CallerShell {
  readonly name: string;
  readonly #core: ContenderCore;
  readonly #drain: Drain;
  settings: ContenderSettings;
  #turns: Turns;
  /** The stored state, as text. */
  #stored: string | null = null;
  #attemptsReserved = 0;
  saves = 0;
  #incarnation = 0;
  /** How far the clock of its host is ahead of `now`. */
  skewMs = 0;
  #forwardMs = 0;
  /** Those of the application, until they are closed and have stopped. */
  #apps: AppContender[] = [];
  /** What those stop whose `onRevoke` runs. */
  readonly #stopping = new Map<AppContender, Granted>();
  #numbers = 0;
  /** For each leadership: until when its answers let it lead, and when everything of it has to stop by the group's order. */
  readonly #leases = new Map<string, Bound>();
  readonly #ordered = new Map<string, Bound>();
  /** For each that stops: how long it may. */
  readonly #drains = new Map<AppContender, Bound>();
  /** By the last answer; and before it, for what has expired by the time that it came. */
  #drainMs = 0;
  #drainMsBefore = 0;
  /** Those that the core has had and no longer has. */
  readonly #over = new Set<string>();
  #lastAttempt = 0;
  #lastSentAt = 0;
  #waits: CallerWaits;
  /** Events that came while another one was being handled are part of its turn. */
  #depth = 0;

  /** `drain`: what its contenders' `onRevoke` does. */
  constructor(core: ContenderCore, name: string, settings: ContenderSettings, drain: Drain) {
    this.#core = core;
    this.name = name;
    this.#drain = drain;
    this.settings = settings;
    this.nameContenders(settings.contenders);
    const state = core.initialState(this.settings);
    this.#waits = new CallerWaits(name, state);
    this.#turns = this.#run(state);
  }

  /** In milliseconds; goes on whatever the host's clock shows. */
  abstract get now(): number;
  protected abstract random(): number;
  /** A call leaves. */
  protected abstract send(call: Call): void;

  get state(): ContenderState {
    return this.#turns.state;
  }

  /** What the clock of its host shows. */
  get hostNow(): number {
    return this.now + this.skewMs;
  }

  protected get apps(): readonly AppContender[] {
    return this.#apps;
  }

  get stopping(): readonly AppContender[] {
    return [...this.#stopping.keys()];
  }

  // What happens to it

  dispatch(event: EventBody): void {
    this.#depth += 1;
    this.#turns.dispatch(event);
    this.#depth -= 1;
    if (this.#depth === 0) this.#waits.turned(this.state);
  }

  /** Sets the clock of its host. A step back that it does not see would hide time from it: it looks before and after. */
  setClock(byMs: number): void {
    if (byMs < 0) this.dispatch({ type: "tick" });
    this.skewMs += byMs;
    if (byMs < 0) this.dispatch({ type: "tick" });
    else this.#forwardMs += byMs;
  }

  /** Ends every term of which it is the leader now. */
  resign(): void {
    for (const { stage, leaderSessionId } of this.state.terms) {
      if (stage === "leading") this.dispatch({ type: "resign", leaderSessionId });
    }
  }

  /** Names other components in its settings; the core has to be told. */
  protected nameContenders(contenders: readonly Candidate[]): void {
    this.settings = { ...this.settings, contenders };
    for (const app of this.#apps) app.closed ||= !contenders.some(({ component }) => component === app.info.component);
    this.#forgetClosed();
    for (const info of contenders) {
      if (this.#apps.some((app) => app.info.component === info.component && !app.closed)) continue;
      this.#numbers += 1;
      this.#apps.push(new AppContender(this.#numbers, info, this.#drain));
    }
  }

  #forgetClosed(): void {
    this.#apps = this.#apps.filter(({ closed, granted, draining }) => !closed || granted !== null || draining);
  }

  /** Its code begins anew with what it had stored, perhaps on another host. What it ran is gone, with its calls. */
  restart(skewMs = this.skewMs): void {
    this.#incarnation += 1;
    this.skewMs = skewMs;
    this.#lastSentAt = 0;
    for (const app of this.stopping) app.settlesAt = null;
    this.#stopping.clear();
    this.#forgetClosed();
    const { load, initialState } = this.#core;
    const settings = this.settings;
    this.goOnFrom(this.#stored === null ? initialState(settings) : load(JSON.parse(this.#stored), settings));
  }

  /** The `onRevoke` of this component has settled. */
  protected settle(app: AppContender): void {
    const { leaderSessionId = "" } = this.#stopping.get(app) ?? {};
    const { component } = app.info;
    app.settlesAt = null;
    this.#stopping.delete(app);
    this.#waits.settled({ component, leaderSessionId });
    this.dispatch({ type: "settled", component, leaderSessionId });
    this.#forgetClosed();
  }

  /** The outcome of a call is here. One that its own incarnation did not live to hear is nothing. */
  hear(call: Call, outcome: Outcome): void {
    if (call.incarnation !== this.#incarnation || (outcome.type !== "polled" && outcome.type !== "refused")) return;
    const answer = answerTo(call.request, outcome);
    if (answer.type === "polled" && this.awaits(call)) this.#note(answer, call);
    if (answer.type === "polled" && this.awaits(call) && call.request.type === "campaign")
      this.#waits.answered(call.changes);
    this.dispatch({ type: "answered", attempt: call.attempt, answer });
    this.#drainMsBefore = this.#drainMs;
  }

  /** Whether it is the latest call, of this incarnation, and not given up for being late: no other answer counts. */
  protected awaits({ attempt, incarnation }: Call): boolean {
    const { call } = this.state;
    return incarnation === this.#incarnation && attempt === call?.attempt && this.hostNow < call.answerUntil;
  }

  /** What an answer to the latest call lets it believe. */
  #note(answer: CampaignAnswer, { request, sentAt }: Call): void {
    const named = request.type === "campaign" ? (request.campaign.held ?? []) : [];
    this.#drainMs = Math.min(answer.drainMs, this.settings.drainMs ?? Infinity);
    for (const { leaderSessionId: id, epoch, revoked } of answer.leaderships) {
      const isOver = this.#over.has(id) && !named.includes(id) && request.type === "campaign";
      demand(!isOver, "S7", () => `${this.name} is told of epoch ${epoch}, which it has ended`);
      const lease = this.#bound(sentAt + answer.lease.renewDeadlineMs);
      if (this.#reached(lease) > this.#reached(this.#leases.get(id))) this.#leases.set(id, lease);
      const before = this.#ordered.get(id);
      const stops = [...this.#stopping.values()].some(({ leaderSessionId }) => leaderSessionId === id);
      // The order to stop is for those as well that were stopping before; repeated, it changes nothing.
      const leads = this.state.terms.some((term) => term.leaderSessionId === id && term.stage === "leading");
      if (revoked === undefined || (!leads && (stops || before !== undefined))) continue;
      const ordered = this.#bound(this.now + Math.min(revoked.drainMs, this.#drainMs));
      if (before === undefined || this.#reached(ordered) < this.#reached(before)) this.#ordered.set(id, ordered);
    }
  }

  // What it does

  #run(state: ContenderState): Turns {
    return new this.#core.Turns(state, {
      now: () => this.hostNow,
      random: () => this.random(),
      adopt: (before, after) => this.adopt(before, after),
      execute: (effect) => this.execute(effect),
      call: (attempt, request) => this.#call(attempt, request),
    });
  }

  /** Goes on from a state that the core would not have come to by itself. */
  protected goOnFrom(state: ContenderState): void {
    this.#turns = this.#run(state);
    this.#waits = new CallerWaits(this.name, state);
  }

  protected adopt(before: ContenderState, after: ContenderState): void {
    if (this.#core.isWorthStoring(before, after)) {
      this.#attemptsReserved = after.attemptsReserved;
      this.#stored = JSON.stringify(this.#core.save(after));
      this.saves += 1;
    }
    for (const { leaderSessionId } of before.terms) {
      if (!after.terms.some((term) => term.leaderSessionId === leaderSessionId)) this.#over.add(leaderSessionId);
    }
    this.#waits.adopted(before, after);
  }

  protected execute(effect: UserEffect): void {
    if (effect.type === "grant") this.#grant(effect.subject);
    else if (effect.type === "revoke") this.#revoke(effect);
    else this.#waits.told(effect, this.state);
  }

  #grant({ component, leaderSessionId, epoch }: Subject): void {
    const stops = this.stopping.some(({ info }) => info.component === component);
    demand(!stops, "C1", () => `${component} of ${this.name} is granted ${epoch} while it stops`);
    const app = this.#apps.findLast(({ info }) => info.component === component);
    app?.grant({ leaderSessionId, epoch });
  }

  #revoke({ subject, reason }: Extract<UserEffect, { readonly type: "revoke" }>): void {
    const { component, leaderSessionId, epoch } = subject;
    const app = this.#apps.find(({ info, granted }) => info.component === component && granted !== null);
    const isGranted = app?.granted?.leaderSessionId === leaderSessionId;
    demand(isGranted, "C1", () => `${component} of ${this.name} is revoked ${epoch} without a grant`);
    app?.revoke(reason, this.now);
    if (app === undefined) return;
    this.#stopping.set(app, { leaderSessionId, epoch });
    this.#waits.revoked({ component, leaderSessionId });
    // By the clock that it reads: the one of a Worker stands while code computes, which takes that from its own drain time.
    const readAt = Math.min(this.now, this.hostNow - this.skewMs);
    this.#drains.set(app, this.#bound(readAt + (reason === "expired" ? this.#drainMsBefore : this.#drainMs)));
  }

  /** When it has to have stopped. */
  #stopsBy(app: AppContender, leaderSessionId: string): number {
    const ordered = this.#ordered.get(leaderSessionId);
    const own = this.#reached(this.#drains.get(app));
    return ordered === undefined ? own : Math.min(own, this.#reached(ordered));
  }

  #call(attempt: number, request: Request): void {
    this.#judgeCall(attempt, request);
    this.send(this.callOf(attempt, request));
  }

  protected callOf(attempt: number, request: Request): Call {
    const { changes } = this.state;
    return { attempt, request, poll: pollOf(request), sentAt: this.now, incarnation: this.#incarnation, changes };
  }

  // What must hold

  /** What it leads at this instant, and what still stops inside its lease, even against the core. */
  holding(): CallerTerm[] {
    return this.#apps.flatMap((app): CallerTerm[] => {
      const { info, election, granted } = app;
      const { leaderSessionId, epoch } = granted ?? this.#stopping.get(app) ?? { leaderSessionId: "", epoch: 0 };
      const lease = this.#reached(this.#leases.get(leaderSessionId));
      const until = granted === null ? Math.min(lease, this.#stopsBy(app, leaderSessionId)) : lease;
      if (granted !== null) {
        const left = this.#core.remainingMs(this.state, info.component, leaderSessionId, this.now + this.skewMs);
        const tooLong = this.now + left - until;
        demand(left === 0 || tooLong < 1, "S1", () => `${this.name} counts its lease ${tooLong} ms too long`);
        if (left === 0) return [];
      }
      return until > this.now ? [{ election, leaderSessionId, epoch, until }] : [];
    });
  }

  #bound(now: number): Bound {
    return { now, forwardMs: this.#forwardMs };
  }

  /** When it is reached, by `now`. */
  #reached(bound: Bound = { now: 0, forwardMs: 0 }): number {
    return bound.now - (this.#forwardMs - bound.forwardMs);
  }

  /** Attempts and times of calls grow, over restarts too, and no end is reported while something still stops in time. */
  #judgeCall(attempt: number, request: Request): void {
    const isNew = attempt > this.#lastAttempt && attempt <= this.#attemptsReserved;
    demand(isNew, "S7", () => `${this.name} calls by attempt ${attempt} after ${this.#lastAttempt}`);
    this.#lastAttempt = attempt;
    const sentAt = sentAtOf(request);
    demand(
      sentAt === null || sentAt > this.#lastSentAt,
      "S7",
      () => `${this.name} calls at ${sentAt} after ${this.#lastSentAt}`,
    );
    this.#lastSentAt = sentAt ?? this.#lastSentAt;
    const stopping = new Set([...this.#stopping.values()].map(({ leaderSessionId }) => leaderSessionId));
    for (const term of this.state.terms) {
      const { leaderSessionId, epoch, stage } = term;
      const stops = stage === "ending" && stopping.has(leaderSessionId) && term.drainUntil > this.hostNow;
      const holds = stage === "leading" || stops;
      demand(
        !holds || !reportsEnd(request, leaderSessionId),
        "S2",
        () => `${this.name} gives up epoch ${epoch} too early`,
      );
    }
  }
}

function reportsEnd(request: Request, leaderSessionId: string): boolean {
  if (request.type === "campaign") return !(request.campaign.held ?? []).includes(leaderSessionId);
  if (request.type !== "release") return false;
  return [undefined, leaderSessionId].includes(request.release.leaderSessionId);
}

function sentAtOf(request: Request): number | null {
  if (request.type === "campaign") return request.campaign.sentAt;
  return request.type === "renew" ? request.renewal.sentAt : null;
}

type Make<Made> = <Asked>(exchange: Exchange<Asked>, asked: Asked) => Made;

function exchanged<Made>(request: Request, make: Make<Made>): Made {
  switch (request.type) {
    case "campaign":
      return make(campaigning, request.campaign);
    case "renew":
      return make(renewing, request.renewal);
    case "confirm":
      return make(confirming, request.confirmation);
    case "release":
      return make(releasing, request.release);
    default:
      return unreachable(request);
  }
}

const pollOf = (request: Request): PollRequest => exchanged(request, ({ call }, asked) => call(asked));

const answerTo = (request: Request, outcome: Extract<Outcome, { readonly type: "polled" | "refused" }>): Answer =>
  exchanged(request, ({ answer }, asked) => answer(outcome, asked));
