/**
 * A process without a socket on a machine with its own clock: the shell of contenders by RPC, whose alarm rings when it is
 * due, whose calls are late, lost and repeated, and which publishes itself whenever it is granted.
 */
import type { ContenderInfo } from "../../../shared/protocol/messages.ts";
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
  /** Whether an `onRevoke` that runs comes to its end. */
  #isReady = true;
  #wakesAt: number | null = null;
  readonly #ended = new Set<string>();
  /** The calls whose answers its inquiries were told of. */
  readonly inquired: number[] = [];

  constructor(ports: CallerPorts, name: string, setup: CallerSetup) {
    const { priority, pollEveryMs, drainMs, drain } = setup;
    const settings = {
      contenders: [],
      priority,
      ...(pollEveryMs !== undefined && { pollEveryMs }),
      ...(drainMs !== undefined && { drainMs }),
    };
    super(ports.contender, name, settings, drain);
    this.#ports = ports;
    this.clock = new MachineClock(ports.pessimistic, setup.rate, setup.stopsAsleep, () => ports.trueNow());
    this.calls = new Calls(ports);
    this.contend(setup.components);
  }

  get now(): number {
    return this.clock.wall;
  }

  protected override random(): number {
    return this.#ports.random();
  }

  get contenders(): readonly ContenderInfo[] {
    return this.settings.contenders;
  }

  // What it is made to do

  /** Contends for these from now on; for none of them, it leaves. */
  contend(components: readonly ComponentName[]): void {
    this.nameContenders(infosOf(components));
    if (components.length === 0) return this.dispatch({ type: "close" });
    this.dispatch({ type: "change", settings: this.settings });
    this.dispatch({ type: "start" });
  }

  /** Stops, says goodbye, and begins anew. */
  leave(): void {
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

  override restart(skewMs = (this.random() * 2 - 1) * HOST_SKEW_MS): void {
    super.restart(skewMs);
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

  wake(): void {
    if (this.#wakesAt !== null) this.clock.wake();
    this.#wakesAt = null;
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
      this.#ports.tell(() => `${this.name} hears ${JSON.stringify(outcome)}${this.awaits(call) ? "" : " (abandoned)"}`);
      this.hear(call, outcome);
    });
  }

  protected override execute(effect: UserEffect): void {
    super.execute(effect);
    if (effect.type === "inquired") {
      this.inquired.push(effect.sentAt);
    } else if (effect.type === "grant") {
      const { component, leaderSessionId } = effect.subject;
      this.#ports.leads(this, effect.subject);
      this.dispatch({ type: "confirm", component, leaderSessionId });
    } else if (effect.type === "revoke" && !this.#ended.has(effect.subject.leaderSessionId)) {
      const { subject, reason } = effect;
      this.#ended.add(subject.leaderSessionId);
      this.#ports.ended(this, subject, reason === "expired" || reason === "lost" ? reason : "meant");
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
    return { dueAt: rings, act: () => this.notice() };
  }

  #settleDue(): void {
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
