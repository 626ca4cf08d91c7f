/**
 * A process without a socket in a `GroupWorld`: the shell of contenders by RPC, with its calls and their answers in the
 * test's hands. They arrive, are late or lost. A test of the group makes it call when it would not, and say what it would
 * not; what runs stops when the test says so.
 */
import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import type { ContenderInfo } from "../../../shared/protocol/messages.ts";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import type { EventBody } from "../../../worker/callers/core/events.ts";
import type { Request } from "../../../worker/callers/core/requests.ts";
import { type Candidate, type ContenderState, nextDeadline, remainingMs } from "../../../worker/callers/core/state.ts";
import type { Campaign, Confirmation, PolledSession } from "../../../worker/callers/service.ts";
import type { UserEffect } from "../../../worker/callers/turns.ts";
import type { HeldLeadership, Outcome } from "../../../worker/group/events.ts";
import type { PollRequest } from "../../../worker/host/host.ts";
import { type Call, CallerShell } from "../../support/caller-shell.ts";
import { contenderCore } from "../../support/contender-core.ts";
import type { Claimant, EpochLog } from "./judge.ts";
import { throughJson } from "./storage.ts";

/** What a poller reaches of the world that it is in. */
export interface PollerWorld {
  readonly now: number;
  readonly epochs: EpochLog;
  poll(request: PollRequest): Outcome;
  advance(ms: number): void;
  /** Nobody believes to lead what another one leads. */
  expectOneLeaderEach(): void;
}

/** A call on its way: `outcome` is there once it has arrived at the group. */
export interface Travelling extends Call {
  outcome: Outcome | null;
}

type Heard = { readonly is: "grant" | "revoke"; readonly leaderSessionId: string; readonly epoch: number };

const DRAIN_MS = 3_000;

export class Poller<World extends PollerWorld = PollerWorld> extends CallerShell implements Claimant {
  readonly world: World;
  readonly travelling: Travelling[] = [];
  /** Calls that it has given up, and which have not arrived. */
  readonly #late: Travelling[] = [];
  readonly sessionIds = new Set<string>();
  readonly calls: Request[] = [];
  readonly effects: UserEffect[] = [];
  readonly heard = new Map<string, Heard[]>();
  /** What its last call was answered. */
  answer: Outcome | null = null;
  #frozen: string | null = null;
  #hostMs = 0;

  constructor(world: World, name: string, contenders: readonly ContenderInfo[]) {
    super(contenderCore, name, { contenders, process: { name }, drainMs: DRAIN_MS }, "hung");
    this.world = world;
  }

  get now(): number {
    return this.world.now;
  }

  get clock(): number {
    return this.hostNow;
  }

  protected override random(): number {
    return 0.5;
  }

  get sessionId(): string {
    return this.state.session?.sessionId ?? "";
  }

  get leases(): Claimant["leases"] {
    return new Map(this.holding().map((term) => [term.leaderSessionId, term]));
  }

  leads(component = "x"): boolean {
    const last = this.heard.get(component)?.at(-1);
    return last?.is === "grant" && remainingMs(this.state, component, last.leaderSessionId, this.clock) > 0;
  }

  /** The newest grant or revoke of this component. */
  last(component = "x"): Heard {
    const last = this.heard.get(component)?.at(-1);
    if (last === undefined) throw new Error(`${this.name} was never granted ${component}`);
    return last;
  }

  // What happens to it

  override dispatch(event: EventBody): void {
    super.dispatch(event);
    this.world.expectOneLeaderEach();
  }

  start(): void {
    this.dispatch({ type: "start" });
  }

  /** The next incarnation names other components. */
  deploy(contenders: readonly ContenderInfo[]): void {
    this.nameContenders(contenders);
    this.restart();
  }

  /** This incarnation names other components from now on. */
  change(contenders: readonly Candidate[]): void {
    this.nameContenders(contenders);
    this.dispatch({ type: "change", settings: this.settings });
  }

  /** The object is gone, with its calls and everything that it ran; another host goes on from storage. */
  override restart(skewMs = this.skewMs): void {
    super.restart(skewMs);
    this.#frozen = null;
    this.travelling.splice(0, Infinity, ...this.travelling.filter(({ outcome }) => outcome === null));
  }

  /** It goes on elsewhere, where the clock is this far ahead of what it should be. */
  moveTo(hostMs: number): void {
    const skewMs = this.skewMs + hostMs - this.#hostMs;
    this.#hostMs = hostMs;
    this.restart(skewMs);
  }

  /** What runs of this component, or of all of them, has stopped. */
  stop(component?: string): void {
    for (const app of this.stopping) if (app.info.component === (component ?? app.info.component)) this.settle(app);
  }

  protected override send(call: Call): void {
    this.calls.push(call.request);
    this.travelling.push({ ...call, outcome: null });
  }

  protected override adopt(before: ContenderState, after: ContenderState): void {
    expect(JSON.stringify(before)).toBe(this.#frozen ?? JSON.stringify(before));
    if (isDeepStrictEqual(after, before)) expect(after).toBe(before);
    this.#frozen = JSON.stringify(after);
    super.adopt(before, after);
  }

  protected override execute(effect: UserEffect): void {
    super.execute(effect);
    this.effects.push(effect);
    if (effect.type !== "grant" && effect.type !== "revoke") return;
    const { component, leaderSessionId, epoch } = effect.subject;
    this.heard.set(component, [...(this.heard.get(component) ?? []), { is: effect.type, leaderSessionId, epoch }]);
  }

  // Its calls

  /** The call arrives; its answer is on its way back. */
  arrive(call: Travelling | undefined): void {
    if (call === undefined || call.outcome !== null) return;
    const outcome = this.world.poll(call.poll);
    if (outcome.type === "polled") {
      this.sessionIds.add(outcome.sessionId);
      for (const leadership of outcome.leaderships) this.world.epochs.see(leadership);
    }
    call.outcome = throughJson(outcome);
    this.world.expectOneLeaderEach();
  }

  /** The answer arrives, if it has been given. */
  receive(call: Travelling | undefined): void {
    if (call === undefined || call.outcome === null) return;
    this.forget(call);
    this.answer = call.outcome;
    this.hear(call, call.outcome);
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
      this.receive(call);
    }
  }

  /** Time passes in peace: the alarm rings when it is due, calls are answered at once, and drains end at once. */
  run(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      this.flow();
      this.stop();
      this.flow();
      const due = (nextDeadline(this.state) ?? Infinity) - this.skewMs;
      if (due > until) break;
      this.world.advance(Math.max(0, Math.ceil(due) - this.now));
      this.dispatch({ type: "tick" });
    }
    this.world.advance(until - this.now);
  }

  // Calls at the test's will

  /**
   * Makes it call now, as if no call had failed or been late. It gives up the call that is on its way, and tells of ends
   * only by what it does not name. What its lease has ended has stopped by then. `null` where it has nothing to say.
   */
  #call(): Travelling | null {
    this.dispatch({ type: this.state.activity === "stopped" ? "start" : "tick" });
    const held = this.leases;
    for (const app of this.stopping) if (!held.has(this.last(app.info.component).leaderSessionId)) this.settle(app);
    this.travelling.length = 0;
    const asNew = { call: null, farewells: [], nextAt: this.clock, quietUntil: 0, isLate: false };
    this.#goOnFrom({ ...this.state, ...asNew });
    this.dispatch({ type: "tick" });
    return this.travelling.pop() ?? null;
  }

  #goOnFrom(state: ContenderState): void {
    this.#frozen = null;
    this.goOnFrom(state);
  }

  /** Says something else than it has just begun to send. The answer counts as to any call. */
  #rewrite({ attempt }: Travelling, request: Request): Travelling {
    const { call } = this.state;
    if (call !== null) this.#goOnFrom({ ...this.state, call: { ...call, request } });
    return { ...this.callOf(attempt, request), outcome: null };
  }

  /** A call whose answer arrives at once; a campaign says what is given here. Gives back the leaderships in the answer. */
  poll(unlike: Partial<Campaign> = {}): readonly HeldLeadership[] {
    const call = this.#call();
    if (call === null) return [];
    const { request } = call;
    if (request.type !== "campaign") return this.#exchange(call);
    return this.#exchange(this.#rewrite(call, { ...request, campaign: { ...request.campaign, ...unlike } }));
  }

  #exchange(call: Travelling): readonly HeldLeadership[] {
    this.arrive(call);
    this.receive(call);
    return call.outcome?.type === "polled" ? call.outcome.leaderships : [];
  }

  /** A call of another kind than it would make. */
  #say(requestOf: (session: PolledSession, sentAt: number) => Request): Outcome | null {
    const call = this.#call();
    if (call?.request.type !== "campaign" || call.request.campaign.session === undefined)
      throw new Error(`${this.name} has no session to call by`);
    const { session, sentAt } = call.request.campaign;
    this.#exchange(this.#rewrite(call, requestOf(session, sentAt)));
    return this.answer;
  }

  renew(held = this.held()): Outcome | null {
    return this.#say((session, sentAt) => ({ type: "renew", renewal: { session, held, sentAt } }));
  }

  confirm(confirmation: Omit<Confirmation, "session">): Outcome | null {
    return this.#say((session) => ({ type: "confirm", confirmation: { session, ...confirmation } }));
  }

  bye(): Outcome | null {
    return this.#say((session) => ({ type: "release", release: { session } }));
  }

  /** A call that arrives, and whose answer never does. */
  pollInVain(): void {
    this.arrive(this.#call() ?? undefined);
  }

  /** A call that is given up before it has arrived. */
  pollLate(): void {
    const call = this.#call();
    if (call !== null) this.#late.push(call);
  }

  /** The oldest call that was given up arrives now; nobody waits for its answer. */
  arriveLate(): Outcome | null {
    const call = this.#late.shift();
    this.arrive(call);
    return call?.outcome ?? null;
  }

  /** Asks, and leads: the only leadership in the answer. */
  lead(): HeldLeadership {
    const [leadership, ...others] = this.poll();
    if (leadership === undefined) throw new Error(`${this.name} leads nothing`);
    if (others.length > 0) throw new Error(`${this.name} leads ${1 + others.length} elections`);
    return leadership;
  }

  /** What its next call names. */
  held(): string[] {
    return this.state.terms.map(({ leaderSessionId }) => leaderSessionId);
  }

  /** The leadership that it holds in this election. */
  holds(election: ElectionName): string {
    const found = this.state.terms.find((term) => term.election === election);
    if (found === undefined) throw new Error(`${this.name} does not lead ${election}`);
    return found.leaderSessionId;
  }

  /** Has stopped, and reports it. */
  override resign(): void {
    super.resign();
    this.stop();
    this.flow();
  }

  /** Has stopped, and no report of it arrives. */
  resignInVain(): void {
    super.resign();
    this.stop();
    this.travelling.length = 0;
  }

  /** Has stopped, and leaves. */
  leave(): void {
    this.dispatch({ type: "close" });
    this.stop();
    this.flow();
  }
}
