/**
 * A process that runs the shipped contender core against the shipped group core, in one world. Its calls and their answers
 * are in the test's hands: they arrive, are late or are lost. Everything that must always hold is checked at every turn.
 */
import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import type { ContenderInfo } from "../../../shared/protocol/messages.ts";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import type { Effect, EventBody } from "../../../worker/callers/core/events.ts";
import type { Answer, Request } from "../../../worker/callers/core/requests.ts";
import {
  type ContenderState,
  initialState,
  isWorthStoring,
  load,
  nextDeadline,
  remainingMs,
  type Settings,
  type Stored,
  save,
} from "../../../worker/callers/core/state.ts";
import { transition } from "../../../worker/callers/core/transition.ts";
import { answerOf, callOf } from "../../support/exchange.ts";
import { type Claimant, expectOneLeaderEach } from "../group/judge.ts";
import { throughJson } from "../group/storage.ts";
import type { GroupWorld } from "../group/world.ts";

/** A call on its way: `answer` is there once it has arrived at the group. */
export interface Travelling {
  readonly attempt: number;
  readonly request: Request;
  answer: Answer | null;
}

const DRAIN_MS = 3_000;

type Claim = { readonly election: ElectionName; readonly until: number };
/** In true time, and on its own clock, which may be set. */
type Stopping = { readonly leaderSessionId: string; readonly ownUntil: number } & Claim;
type Heard = { readonly is: "grant" | "revoke"; readonly leaderSessionId: string; readonly epoch: number };

export class Asker implements Claimant {
  readonly world: GroupWorld;
  readonly name: string;
  settings: Settings;
  state: ContenderState;
  #stored: Stored | null = null;
  /** How far its host's clock is ahead of true time. */
  skew = 0;
  readonly travelling: Travelling[] = [];
  readonly heard = new Map<string, Heard[]>();
  /** Those whose `onRevoke` runs, and until when that counts: to the end of the lease, or of the drain time. */
  readonly stopping = new Map<string, Stopping>();
  readonly effects: Effect[] = [];
  readonly calls: Request[] = [];
  /** Components that were taken out: who comes back may join the running leadership again. */
  readonly #closed = new Set<string>();
  #lastAttempt = 0;
  #lastSentAt = 0;
  saves = 0;

  constructor(world: GroupWorld, name: string, contenders: readonly ContenderInfo[] = [{ component: "x" }]) {
    this.world = world;
    this.name = name;
    this.settings = { contenders, process: { name }, drainMs: DRAIN_MS };
    this.state = initialState(this.settings);
  }

  get clock(): number {
    return this.world.now + this.skew;
  }

  /** What it leads in true time: what it believes in, and what still stops inside its lease, even against the core. */
  get leases(): Claimant["leases"] {
    const led = this.state.contenders.flatMap(({ info, election, phase }): [string, Claim][] => {
      if (phase.type !== "granted") return [];
      const left = remainingMs(this.state, info.component, phase.leaderSessionId, this.clock);
      return left > 0 ? [[phase.leaderSessionId, { election, until: this.world.now + left }]] : [];
    });
    const stopping = [...this.stopping.values()].map(
      ({ leaderSessionId, election, until, ownUntil }): [string, Claim] => [
        leaderSessionId,
        { election, until: Math.min(until, ownUntil - this.skew) },
      ],
    );
    return new Map([...stopping, ...led]);
  }

  // What happens to it

  dispatch(body: EventBody): readonly Effect[] {
    const before = this.state;
    const frozen = JSON.stringify(before);
    const { state, effects } = transition(before, { ...body, now: this.clock, random: 0.5 });
    expect(JSON.stringify(before)).toBe(frozen);
    if (isDeepStrictEqual(state, before)) expect(state).toBe(before);
    this.state = state;
    if (isWorthStoring(before, state)) {
      this.#stored = throughJson(save(state));
      this.saves += 1;
    }
    for (const effect of effects) this.#note(effect, before);
    this.effects.push(...effects);
    expectOneLeaderEach([...this.world.peers, ...this.world.pollers, this], this.world.now);
    return effects;
  }

  start(): void {
    this.dispatch({ type: "start" });
  }

  /** The next incarnation names other components. */
  deploy(contenders: readonly ContenderInfo[]): void {
    this.#want(contenders);
    this.restart();
  }

  /** This incarnation names other components from now on. */
  change(contenders: readonly ContenderInfo[]): void {
    this.#want(contenders);
    this.dispatch({ type: "change", settings: this.settings });
  }

  #want(contenders: readonly ContenderInfo[]): void {
    for (const { component } of this.settings.contenders) {
      if (!contenders.some((one) => one.component === component)) this.#closed.add(component);
    }
    this.settings = { ...this.settings, contenders };
  }

  /** The object is gone, with its calls and everything that it ran; another host goes on from storage. */
  restart(skew = this.skew): void {
    this.skew = skew;
    this.travelling.splice(0, Infinity, ...this.travelling.filter(({ answer }) => answer === null));
    this.stopping.clear();
    this.#lastSentAt = 0;
    this.state = this.#stored === null ? initialState(this.settings) : load(throughJson(this.#stored), this.settings);
  }

  settle(component: string): void {
    const { leaderSessionId } = this.stopping.get(component) ?? {};
    if (leaderSessionId === undefined) return;
    this.stopping.delete(component);
    this.dispatch({ type: "settled", component, leaderSessionId });
  }

  // Its calls

  /** The call arrives; its answer is on its way back. */
  arrive(call: Travelling | undefined): void {
    if (call === undefined || call.answer !== null) return;
    call.answer = this.#ask(call.request);
    expectOneLeaderEach([...this.world.peers, ...this.world.pollers, this], this.world.now);
  }

  /** The answer arrives, if it has been given. */
  hear(call: Travelling | undefined): void {
    if (call === undefined || call.answer === null) return;
    this.forget(call);
    this.dispatch({ type: "answered", attempt: call.attempt, answer: throughJson(call.answer) });
  }

  forget(call: Travelling | undefined): void {
    const index = call === undefined ? -1 : this.travelling.indexOf(call);
    if (index >= 0) this.travelling.splice(index, 1);
  }

  fail(call: Travelling | undefined): void {
    if (call === undefined) return;
    this.forget(call);
    this.dispatch({ type: "failed", attempt: call.attempt });
  }

  /** Every call arrives and is answered, until none is left. */
  flow(): void {
    for (let call = this.travelling[0]; call !== undefined; call = this.travelling[0]) {
      this.arrive(call);
      this.hear(call);
    }
  }

  /** Time passes in peace: the alarm rings when it is due, calls are answered at once, and drains end at once. */
  run(ms: number): void {
    const until = this.world.now + ms;
    for (;;) {
      this.flow();
      for (const component of [...this.stopping.keys()]) this.settle(component);
      this.flow();
      const due = (nextDeadline(this.state) ?? Infinity) - this.skew;
      if (due > until) break;
      this.world.advance(Math.max(0, Math.ceil(due) - this.world.now));
      this.dispatch({ type: "tick" });
    }
    this.world.advance(until - this.world.now);
  }

  /** The newest grant or revoke of this component. */
  last(component = "x"): Heard {
    const last = this.#newest(component);
    if (last === undefined) throw new Error(`${this.name} was never granted ${component}`);
    return last;
  }

  #newest(component: string): Heard | undefined {
    return this.heard.get(component)?.at(-1);
  }

  leads(component = "x"): boolean {
    const last = this.#newest(component);
    return last?.is === "grant" && remainingMs(this.state, component, last.leaderSessionId, this.clock) > 0;
  }

  // What it does

  #note(effect: Effect, { terms }: ContenderState): void {
    switch (effect.type) {
      case "call":
        this.#noteCall(effect.attempt, effect.request);
        return;
      case "grant": {
        const { component, leaderSessionId, epoch } = effect.subject;
        const before = this.#newest(component);
        expect(before?.is, `${component} is granted twice`).not.toBe("grant");
        expect(this.stopping.has(component), `${component} is granted while it stops`).toBe(false);
        const mayJoinAgain = this.#closed.delete(component) && before?.leaderSessionId === leaderSessionId;
        if (!mayJoinAgain) expect(epoch).toBeGreaterThan(before?.epoch ?? 0);
        this.heard.set(component, [...(this.heard.get(component) ?? []), { is: "grant", leaderSessionId, epoch }]);
        return;
      }
      case "revoke": {
        const { component, election, leaderSessionId, epoch } = effect.subject;
        expect(this.last(component)).toEqual({ is: "grant", leaderSessionId, epoch });
        this.heard.get(component)?.push({ is: "revoke", leaderSessionId, epoch });
        const after = this.state.terms.find((one) => one.leaderSessionId === leaderSessionId);
        const term = terms.find((one) => one.leaderSessionId === leaderSessionId) ?? after;
        const leaseUntil = term === undefined || term.stage === "offered" ? 0 : term.leaseUntil;
        const drainUntil = after?.stage === "ending" ? after.drainUntil : this.clock + DRAIN_MS;
        const ownUntil = Math.min(leaseUntil, drainUntil);
        this.stopping.set(component, { leaderSessionId, election, until: ownUntil - this.skew, ownUntil });
        return;
      }
      default:
        return;
    }
  }

  /** S2, S7: attempts grow for ever, and no end is reported to the group while something is stopping in time. */
  #noteCall(attempt: number, request: Request): void {
    expect(attempt).toBeGreaterThan(this.#lastAttempt);
    expect(attempt).toBeLessThanOrEqual(this.#stored?.attemptsReserved ?? 0);
    this.#lastAttempt = attempt;
    const sentAt = sentAtOf(request);
    if (sentAt !== null) {
      expect(sentAt).toBeGreaterThan(this.#lastSentAt);
      this.#lastSentAt = sentAt;
    }
    const gone = (id: string): boolean => {
      if (request.type === "campaign") return !(request.campaign.held ?? []).includes(id);
      if (request.type !== "release") return false;
      return request.release.leaderSessionId === undefined || request.release.leaderSessionId === id;
    };
    for (const [component, { leaderSessionId }] of this.stopping) {
      const term = this.state.terms.find((one) => one.leaderSessionId === leaderSessionId);
      const mustWait = term?.stage === "ending" && term.drainUntil > this.clock;
      if (mustWait) expect(gone(leaderSessionId), `${component} still stops`).toBe(false);
    }
    for (const term of this.state.terms) if (term.stage === "leading") expect(gone(term.leaderSessionId)).toBe(false);
    this.calls.push(request);
    this.travelling.push({ attempt, request, answer: null });
  }

  #ask(request: Request): Answer {
    const { world } = this;
    const { session, ...call } = callOf(request);
    const secret = `secret-${world.number()}`;
    const id = `call-${world.number()}`;
    const claim = session && { ...session, presentedHash: `#${session.secret}` };
    const whole = { ...call, secret: { secret, hash: `#${secret}` }, ...(claim && { session: claim }) };
    world.apply({ type: "poll", request: id, connection: `polling-${world.number()}`, call: whole });
    const outcome = world.replies.get(id);
    if (outcome?.type !== "polled" && outcome?.type !== "refused")
      throw new Error("a call was not answered in its own turn");
    return answerOf(request, outcome);
  }
}

const sentAtOf = (request: Request): number | null => {
  if (request.type === "campaign") return request.campaign.sentAt;
  return request.type === "renew" ? request.renewal.sentAt : null;
};
