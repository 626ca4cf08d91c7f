/**
 * The machine of code that calls the group instead of holding a socket: a Worker, or a Durable Object. Its clock shows the
 * time of the last thing that has arrived, and stands still while its code runs, as on the platform.
 */
import type { Clock } from "../client/clock.ts";
import { remainingMs } from "../shared/holder/state.ts";
import { type CallerClock, CLOCK } from "../worker/callers/clock.ts";
import type { ContenderState } from "../worker/callers/core/state.ts";
import type { Elections } from "../worker/callers/service.ts";
import { type Draining, drainedBy, type Tenure } from "./ledger.ts";
import { Machine, type MachineSettings } from "./machine.ts";
import type { Member } from "./member.ts";
import type { Due } from "./timeline.ts";

/** One call on its way. An answer that has arrived waits here while its caller is frozen. */
interface Call {
  dueAt: number;
  /** Arrives at the group, or comes back. */
  act(): void;
  readonly end: (error: Error) => void;
  isAnswer: boolean;
  isLost: boolean;
}

/** Rejects if it throws. */
const answerOf = async <T>(work: () => T | Promise<T>): Promise<T> => work();

/** What a call rejects with that was on its way when its path broke. */
const broken = (): Error => new Error("Network connection lost.");

export class Caller implements Member {
  readonly machine: Machine;
  protected readonly now: () => number;
  readonly #latencyMs: number;
  #delayMs = 0;
  /** What its clock shows. */
  #shown: number;
  #calls: Call[] = [];
  /** Those that its present code has begun. */
  #contenders: (() => ContenderState)[] = [];
  /** Code of an earlier one is gone: nothing that it waits for ever comes. */
  #incarnation = 0;

  constructor(settings: MachineSettings) {
    this.machine = new Machine(settings);
    this.now = settings.now;
    this.#latencyMs = settings.latencyMs;
    this.#shown = settings.now();
  }

  get name(): string {
    return this.machine.name;
  }

  /** The clock of its code. Timers of an incarnation that has ended do not fire. */
  get clock(): Required<Clock> {
    const incarnation = this.#incarnation;
    const wall = (): number => this.#shown;
    return {
      wall,
      monotonic: wall,
      random: () => this.machine.random(),
      setTimeout: (run, ms) => {
        const fire = (): void => {
          this.arrive();
          run();
        };
        return incarnation === this.#incarnation ? this.machine.setTimeout(fire, ms) : undefined;
      },
      clearTimeout: (handle) => this.machine.clearTimeout(handle),
    };
  }

  /** The clock of one contender; from here on it is looked at. That its code has begun is an event as well. */
  open(contender: () => ContenderState): CallerClock {
    if (this.machine.isRunning) this.arrive();
    this.#contenders.push(contender);
    const { wall, ...rest } = this.clock;
    return { now: wall, ...rest };
  }

  /** The binding for its present code. */
  binding(elections: (call: Caller["call"]) => Elections): Elections {
    const incarnation = this.#incarnation;
    const call: Caller["call"] = (work) =>
      incarnation === this.#incarnation ? this.call(work) : new Promise(() => {});
    return Object.assign(elections(call), { [CLOCK]: (state: () => ContenderState) => this.open(state) });
  }

  /** Something has arrived: its clock moves. */
  arrive(): void {
    this.#shown = this.now();
  }

  /** Whether it waits for an answer or for a timer. */
  get isBusy(): boolean {
    return this.#calls.length > 0 || this.machine.hasTimers;
  }

  // Calls

  /** One call over the network: `work` is done where the group is. */
  call<T>(work: () => T | Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (this.isDead) return promise;
    const comeBack = (deliver: () => void): void => this.#send(call, deliver, true);
    const act = (): void => {
      call.dueAt = Infinity;
      answerOf(work).then(
        (answer) => comeBack(() => resolve(structuredClone(answer))),
        (error: unknown) => comeBack(() => reject(error)),
      );
    };
    const call: Call = { dueAt: Infinity, act, end: reject, isAnswer: false, isLost: false };
    this.#calls.push(call);
    this.#send(call, act, false);
    return promise;
  }

  #send(call: Call, act: () => void, isAnswer: boolean): void {
    call.dueAt = this.now() + this.#latencyMs + this.#delayMs;
    call.act = act;
    call.isAnswer = isAnswer;
    call.isLost ||= this.machine.isPartitioned;
  }

  *dues(): Generator<Due> {
    for (const call of this.#calls) {
      if (call.isLost || (call.isAnswer && !this.machine.isRunning)) continue;
      yield { dueAt: call.dueAt, act: () => this.#deliver(call) };
    }
    yield this.machine.next();
  }

  #deliver(call: Call): void {
    if (call.isAnswer) {
      this.#calls = this.#calls.filter((other) => other !== call);
      this.arrive();
    }
    call.act();
  }

  /** The caller learns now that its call will not be answered. */
  #break(call: Call): void {
    call.isLost = false;
    call.isAnswer = true;
    call.dueAt = this.now();
    call.act = () => call.end(broken());
  }

  // What happens to it

  partition(): void {
    this.machine.partition();
    for (const call of this.#calls) call.isLost = true;
  }

  heal(): void {
    if (this.machine.isDead) return;
    this.machine.heal();
    for (const call of this.#calls) if (call.isLost) this.#break(call);
  }

  cut(): void {
    for (const call of this.#calls) this.#break(call);
  }

  delay(ms: number): void {
    this.#delayMs = ms;
  }

  freeze(): void {
    this.machine.freeze();
  }

  thaw(): void {
    this.machine.thaw();
  }

  kill(told: boolean): void {
    this.machine.kill(told);
    this.endCode();
  }

  /** Its code ends here and now: what that waits for never comes. */
  protected endCode(): void {
    this.#incarnation += 1;
    this.#calls = [];
    this.#contenders = [];
    this.machine.clearTimers();
  }

  // For the ledger

  get isDead(): boolean {
    return this.machine.isDead;
  }

  get sessionId(): string | undefined {
    return this.#contenders.at(-1)?.().session?.sessionId;
  }

  get isRunning(): boolean {
    return this.machine.isRunning;
  }

  *leads(): Generator<Tenure> {
    const now = this.now();
    for (const contender of this.#contenders) {
      const state = contender();
      for (const term of state.terms) {
        if (term.stage !== "leading") continue;
        const { election, leaderSessionId, epoch } = term;
        for (const component of term.contenders) {
          const leftMs = remainingMs(state, component, leaderSessionId, now);
          if (leftMs > 0) yield { component, election, leaderSessionId, epoch, leftMs };
        }
      }
    }
  }

  *drains(): Generator<Draining> {
    for (const contender of this.#contenders) yield* drainedBy(contender(), ({ id }) => id, this.now());
  }
}
