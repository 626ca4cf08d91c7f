/**
 * A Durable Object of the code under test on the virtual clock: its class as it is deployed, with storage, one alarm, and
 * lives that end. An event (a call, the alarm) wakes it if it is not in memory.
 */
import { type BackOff, backOffMs } from "../shared/back-off.ts";
import { Caller } from "./caller.ts";
import { constructOn, type ObjectClass } from "./construct.ts";
import type { MachineSettings } from "./machine.ts";
import { Kept, ObjectStorage } from "./object-storage.ts";
import type { Due } from "./timeline.ts";

/** The test calls an object by this: each method returns a promise, as with the stub of a real object. */
export type TestStub<T> = {
  readonly [Name in keyof T]: T[Name] extends (...given: infer Given) => infer Result
    ? (...given: Given) => Promise<Awaited<Result>>
    : never;
};

/** A Durable Object on the virtual clock. `partition`, `cut`, `delay`, `freeze` and the others take it as well. */
export interface TestObject<T = unknown> {
  readonly name: string;
  /** Each call is an event: it wakes the object. Rejects if the object ends before it has answered. */
  readonly stub: TestStub<T>;
  /** Whether it is in memory. */
  readonly isAwake: boolean;
  /** When its alarm is due, in milliseconds since the group was made; `null`: it has set none. */
  readonly alarmAt: number | null;
  /**
   * Leaves memory as an idle object does; its storage and its alarm stay, and the next event wakes it. Throws while it is
   * busy: the platform never does this to an object that waits for something.
   */
  hibernate(): void;
  /**
   * Ends in the midst of its work, as with a deployment or a crash of its machine: what it waits for never comes. An
   * alarm that was being answered comes again.
   */
  restart(): void;
}

export interface HostedSettings<T> extends MachineSettings {
  readonly Class: ObjectClass<T>;
  /** For each incarnation anew. */
  env(caller: Caller): object;
}

/** As the platform does: the wait doubles, and nothing of it is left to chance. */
const ALARM_BACK_OFF: BackOff = { firstMs: 2_000, longestMs: Infinity, leastShare: 1 };
const ALARM_RETRIES = 6;

interface Life<T> {
  instance: T | null;
  /** The constructor's `blockConcurrencyWhile`: events wait for it. */
  gate: Promise<unknown>;
  readonly ended: Promise<never>;
  readonly end: (error: Error) => void;
  isOver: boolean;
}

export class HostedObject<T extends object> extends Caller {
  readonly #settings: HostedSettings<T>;
  readonly #kept = new Kept();
  #life: Life<T> | null = null;
  /** Events that are being answered. */
  #events = 0;
  /** Events that wait until it is thawed. */
  readonly #held: (() => void)[] = [];
  /** The alarm that is being answered, by how often it has failed. */
  #ringing: number | null = null;
  #failures = 0;

  constructor(settings: HostedSettings<T>) {
    super(settings);
    this.#settings = settings;
  }

  get isAwake(): boolean {
    return this.#life !== null;
  }

  /** What it led goes on while it is out of memory. */
  override get isRunning(): boolean {
    return super.isRunning && this.isAwake;
  }

  get alarmAt(): number | null {
    return this.#kept.alarmAt;
  }

  override thaw(): void {
    super.thaw();
    for (const deliver of this.#held.splice(0)) deliver();
  }

  /** One event; while the object is frozen it waits. Rejects if the object ends before it is over. */
  async deliver<R>(work: (instance: T) => R): Promise<Awaited<R>> {
    const { isRunning, isDead } = this.machine;
    if (!isRunning && !isDead) await new Promise<void>((resolve) => this.#held.push(resolve));
    this.arrive();
    const life = this.#wake();
    this.#events += 1;
    try {
      return await Promise.race([this.#answer(life, work), life.ended]);
    } finally {
      if (!life.isOver) this.#events -= 1;
    }
  }

  async #answer<R>(life: Life<T>, work: (instance: T) => R): Promise<Awaited<R>> {
    await life.gate;
    if (life.instance === null) throw new Error("the object has no instance");
    return await work(life.instance);
  }

  /** Throws what the constructor throws. */
  #wake(): Life<T> {
    if (this.#life !== null) return this.#life;
    const { promise: ended, reject: end } = Promise.withResolvers<never>();
    ended.catch(() => {});
    const life: Life<T> = { instance: null, gate: Promise.resolve(), ended, end, isOver: false };
    this.#life = life;
    try {
      const { Class, env } = this.#settings;
      life.instance = constructOn(Class, this.#contextOf(life), env(this));
      return life;
    } catch (error) {
      this.restart();
      throw error;
    }
  }

  #contextOf(life: Life<T>): object {
    const { name } = this;
    const assertAlive = (): void => {
      if (life.isOver) throw new Error("this incarnation of the object has ended: the platform would run it no longer");
    };
    return {
      id: { name, toString: () => name, equals: (other: unknown) => String(other) === name },
      storage: new ObjectStorage(this.#kept, assertAlive),
      props: {},
      waitUntil: (promise: PromiseLike<unknown>) => void this.#hold(life, promise),
      blockConcurrencyWhile: <R>(work: () => Promise<R>): Promise<R> => {
        const begun = work();
        life.gate = begun;
        begun.catch((error: unknown) => this.#end(life, error));
        return begun;
      },
      abort: (reason = "aborted") => {
        const error = new Error(reason);
        this.#end(life, error);
        throw error;
      },
      getWebSockets: () => [],
      setWebSocketAutoResponse: () => {},
      acceptWebSocket: () => {
        throw new Error("a hosted object takes no sockets on virtual time: test this on Miniflare");
      },
    };
  }

  /** Busy until it has settled. */
  async #hold(life: Life<T>, promise: PromiseLike<unknown>): Promise<void> {
    this.#events += 1;
    try {
      await promise;
    } catch {
      // The platform only logs it.
    } finally {
      if (!life.isOver) this.#events -= 1;
    }
  }

  // The alarm

  override *dues(): Generator<Due> {
    yield* super.dues();
    const { alarmAt } = this.#kept;
    if (alarmAt === null || this.#ringing !== null || !this.machine.isRunning) return;
    yield { dueAt: alarmAt, act: () => void this.#ring(alarmAt) };
  }

  async #ring(at: number): Promise<void> {
    this.#kept.alarmAt = null;
    this.#ringing = at;
    const retryCount = this.#failures;
    try {
      await this.deliver((instance) => {
        const alarm: unknown = Reflect.get(instance, "alarm");
        if (typeof alarm !== "function") throw new Error("the object has set an alarm and has no method `alarm`");
        return Reflect.apply(alarm, instance, [{ retryCount, isRetry: retryCount > 0, scheduledTime: at }]);
      });
      this.#failures = 0;
      this.#ringing = null;
    } catch {
      this.#ringAgain();
    }
  }

  /** Unless the object has set a new one, or it has failed too often: then it is gone. */
  #ringAgain(): void {
    if (this.#ringing === null) return;
    this.#ringing = null;
    const afterMs = backOffMs(this.#failures, 0, ALARM_BACK_OFF);
    this.#failures += 1;
    if (this.#failures > ALARM_RETRIES) this.#failures = 0;
    else this.#kept.alarmAt ??= this.now() + afterMs;
  }

  // The end of a life

  override kill(): never {
    throw new Error(`${this.name} is an object, which the platform always brings back: call its restart()`);
  }

  hibernate(): void {
    if (this.#events > 0 || this.isBusy) {
      const rule = "is busy: a call, an answer or a timer is under way, and the platform would keep it in memory";
      throw new Error(`${this.name} ${rule}. Advance first, or restart() it`);
    }
    this.restart();
  }

  restart(): void {
    if (this.#life !== null) this.#end(this.#life, new Error("The object was restarted before it could answer."));
  }

  #end(life: Life<T>, error: unknown): void {
    if (life.isOver) return;
    life.isOver = true;
    life.end(error instanceof Error ? error : new Error(String(error)));
    this.#life = null;
    this.#events = 0;
    this.endCode();
    this.#ringAgain();
  }
}

/** The handle that a test has. `start`: the time at which the group was made. */
export function handleOf<T extends object>(host: HostedObject<T>, start: number): TestObject<T> {
  const call =
    (name: PropertyKey) =>
    (...given: unknown[]): Promise<unknown> =>
      host.deliver((instance) => {
        const method: unknown = Reflect.get(instance, name);
        if (typeof method !== "function") throw new TypeError(`the object has no method ${String(name)}`);
        return Reflect.apply(method, instance, given);
      });
  // A promise that resolves with the stub would call its `then`.
  const stub = new Proxy(
    {},
    { get: (_, name) => (typeof name === "string" && name !== "then" ? call(name) : undefined) },
  );
  return {
    name: host.name,
    stub: stub as TestStub<T>,
    get isAwake() {
      return host.isAwake;
    },
    get alarmAt() {
      return host.alarmAt === null ? null : host.alarmAt - start;
    },
    hibernate: () => host.hibernate(),
    restart: () => host.restart(),
  };
}
