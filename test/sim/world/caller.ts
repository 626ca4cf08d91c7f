/**
 * A process without a socket on a machine with its own clock: the shell of contenders by RPC, whose alarm rings when it is
 * due, whose calls are late, lost and repeated, and which publishes itself whenever it is granted.
 */
import type { ContenderInfo } from "../../../shared/protocol/messages.ts";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import type { Subject } from "../../../worker/callers/core/events.ts";
import type { UserEffect } from "../../../worker/callers/turns.ts";
import type { AppContender } from "../../support/app-contender.ts";
import { type Call, CallerShell } from "../../support/caller-shell.ts";
import type { Cores } from "../cores.ts";
import { Calls, type CallsPorts } from "./calls.ts";
import { MachineClock } from "./machine-clock.ts";
import type { CallerSetup, ComponentName } from "./setup.ts";

/** `lost`: an answer left it out. */
export type CallerEnd = "meant" | "expired" | "lost";

export interface CallerPorts extends CallsPorts {
  readonly pessimistic: Cores["client"]["pessimistic"];
  readonly contender: Cores["contender"];
  random(): number;
  leads(caller: Caller, term: Subject): void;
  /** `check()` has said that it leads. */
  assured(caller: Caller, election: ElectionName): void;
  /** Once for each leadership. */
  ended(caller: Caller, term: Subject, how: CallerEnd): void;
  tell(line: () => string): void;
}

/** Hosts differ by at most the clock margin, which is twice as much. */
const HOST_SKEW_MS = 500;

export class Caller extends CallerShell {
  readonly #ports: CallerPorts;
  readonly clock: MachineClock;
  readonly calls: Calls;
  readonly #tries: boolean;
  /** Whether an `onRevoke` that runs comes to its end. */
  #isReady = true;
  #wakesAt: number | null = null;
  /** It does not sleep: its code runs, and nothing else of it does. */
  #isComputing = false;
  #checks: { readonly leaderSessionId: string; readonly component: string; readonly after: number }[] = [];
  readonly #ended = new Set<string>();
  /** The calls whose answers its inquiries were told of. */
  readonly inquired: number[] = [];

  constructor(ports: CallerPorts, name: string, setup: CallerSetup) {
    const { priority, pollEveryMs, drainMs, drain, tries = false } = setup;
    const settings = {
      contenders: [],
      priority,
      ...(tries && { tries }),
      ...(pollEveryMs !== undefined && { pollEveryMs }),
      ...(drainMs !== undefined && { drainMs }),
    };
    super(ports.contender, name, settings, drain);
    this.#ports = ports;
    this.#tries = tries;
    this.clock = new MachineClock(ports.pessimistic, setup, () => ports.trueNow());
    this.calls = new Calls(ports);
    this.contend(setup.components);
  }

  get now(): number {
    return this.clock.trueWall;
  }

  override get hostNow(): number {
    return this.clock.wall + this.skewMs;
  }

  protected override random(): number {
    return this.#ports.random();
  }

  /** Its try has no answer yet. */
  get isTrying(): boolean {
    return this.#tries && this.apps.some(({ closed, grants }) => !closed && grants === 0);
  }

  /** Whether it waits for its turn, in whatever it contends for. */
  get waits(): boolean {
    return !this.#tries;
  }

  get contenders(): readonly ContenderInfo[] {
    return this.settings.contenders;
  }

  // What it is made to do

  /** Contends for these from now on; for none of them, it leaves. */
  contend(components: readonly ComponentName[]): void {
    if (this.#tries) return this.#invoke(components);
    this.nameContenders(infosOf(components));
    if (components.length === 0) return this.dispatch({ type: "close" });
    this.dispatch({ type: "change", settings: this.settings });
    this.dispatch({ type: "start" });
  }

  /** One component, once: not before the invocation before is over. */
  #invoke(components: readonly ComponentName[]): void {
    const isOver = this.state.activity === "stopped" && this.apps.length === 0;
    if (!isOver || components.length === 0) return;
    this.nameContenders(infosOf(components.slice(0, 1)));
    for (const app of this.apps) app.tries = true;
    this.dispatch({ type: "change", settings: this.settings });
    this.dispatch({ type: "start" });
  }

  #end(): void {
    this.nameContenders([]);
    this.dispatch({ type: "close" });
  }

  /** Stops, says goodbye, and begins anew. */
  leave(): void {
    if (this.#tries) return this.#end();
    this.dispatch({ type: "close" });
    if (this.contenders.length > 0) this.dispatch({ type: "start" });
  }

  /** Says of all its components whether they would lead. */
  wants(ready: boolean): void {
    this.nameContenders(this.contenders.map((info) => ({ ...info, ready })));
    if (this.contenders.length > 0) this.dispatch({ type: "change", settings: this.settings });
  }

  inquire(): void {
    this.dispatch({ type: "inquire" });
  }

  /** Each of its contenders that was granted asks by `check()` whether it leads. */
  check(): void {
    const after = this.state.sentAt;
    const granted = this.apps.flatMap(({ info: { component }, granted: by }) =>
      by === null ? [] : [{ component, leaderSessionId: by.leaderSessionId, after }],
    );
    this.#checks.push(...granted);
    if (granted.length > 0) this.inquire();
  }

  #answerChecks(sentAt: number): void {
    const answered = this.#checks.filter(({ after }) => after < sentAt);
    this.#checks = this.#checks.filter(({ after }) => after >= sentAt);
    const { remainingMs } = this.#ports.contender;
    for (const { component, leaderSessionId } of answered) {
      const app = this.apps.find(({ info, granted }) => info.component === component && granted !== null);
      if (app?.granted?.leaderSessionId !== leaderSessionId) continue;
      if (remainingMs(this.state, component, leaderSessionId, this.hostNow) > 0)
        this.#ports.assured(this, app.election);
    }
  }

  /** An invocation has stored nothing to begin anew with. */
  override restart(skewMs = (this.random() * 2 - 1) * HOST_SKEW_MS): void {
    if (this.#tries) return;
    super.restart(skewMs);
    this.#checks = [];
    if (this.contenders.length > 0) this.dispatch({ type: "start" });
  }

  set ready(ready: boolean) {
    this.#isReady = ready;
  }

  sleep(wakesAt: number): void {
    if (this.#wakesAt !== null) return;
    this.clock.sleep();
    this.#wakesAt = wakesAt;
  }

  /** Its code runs until then, and nothing else of it does. */
  compute(until: number): void {
    if (this.#wakesAt !== null) return;
    this.#isComputing = true;
    this.#wakesAt = until;
  }

  wake(): void {
    if (this.#wakesAt === null) return;
    this.#wakesAt = null;
    if (!this.#isComputing) return this.clock.wake();
    this.#isComputing = false;
    this.check(); // it has not seen time pass, where clocks stand still meanwhile
  }

  /** What has run out it notices with its next call, or now. */
  notice(): void {
    this.dispatch({ type: "tick" });
  }

  // What it does

  protected override send(call: Call): void {
    const { attempt, request, poll } = call;
    this.#ports.tell(() => `${this.name} calls (${attempt}) ${JSON.stringify(request)}`);
    this.calls.send(poll, (outcome) => {
      this.clock.arrive();
      this.#ports.tell(() => `${this.name} hears ${JSON.stringify(outcome)}${this.awaits(call) ? "" : " (abandoned)"}`);
      this.hear(call, outcome);
    });
  }

  protected override execute(effect: UserEffect): void {
    super.execute(effect);
    if (effect.type === "inquired") {
      this.inquired.push(effect.sentAt);
      this.#answerChecks(effect.sentAt);
    } else if (effect.type === "tried" || effect.type === "refused") {
      if (this.#tries && this.state.terms.length === 0) this.#end();
    } else if (effect.type === "grant") {
      const { component, leaderSessionId } = effect.subject;
      this.#ports.leads(this, effect.subject);
      this.dispatch({ type: "confirm", component, leaderSessionId });
    } else if (effect.type === "revoke" && !this.#ended.has(effect.subject.leaderSessionId)) {
      const { subject, reason } = effect;
      this.#ended.add(subject.leaderSessionId);
      this.#ports.ended(this, subject, reason === "expired" || reason === "lost" ? reason : "meant");
      if (this.#tries) this.#end();
    }
  }

  // Time

  /** The true time at which its machine's clock shows `at`. It goes on while the machine sleeps. */
  #trueTimeOf(at: number): number {
    return this.#ports.trueNow() + Math.max(0, Math.ceil((at - this.now) / this.clock.rate));
  }

  get #settlesAt(): number {
    if (!this.#isReady) return Infinity;
    return Math.min(...this.apps.map(({ settlesAt }) => settlesAt ?? Infinity));
  }

  get #timer(): { readonly dueAt: number; readonly act: () => void } {
    if (this.#wakesAt !== null) return { dueAt: this.#wakesAt, act: () => this.wake() };
    const settlesAt = this.#settlesAt;
    const settles = settlesAt === Infinity ? Infinity : this.#trueTimeOf(settlesAt);
    const deadline = this.#ports.contender.nextDeadline(this.state);
    const rings = deadline === null || deadline === Infinity ? Infinity : this.#trueTimeOf(deadline - this.skewMs);
    if (settles < rings) return { dueAt: settles, act: () => this.#settleDue() };
    return { dueAt: rings, act: () => this.#ring(rings) };
  }

  /** An invocation has a timer, and an object its alarm. */
  #ring(dueAt: number): void {
    if (this.#tries) this.clock.ring(dueAt);
    else this.clock.arrive();
    this.notice();
  }

  #settleDue(): void {
    this.clock.ring(this.#trueTimeOf(this.#settlesAt));
    const isDue = ({ settlesAt }: AppContender): boolean => (settlesAt ?? Infinity) <= this.now;
    for (const app of this.stopping) if (isDue(app)) this.settle(app);
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
