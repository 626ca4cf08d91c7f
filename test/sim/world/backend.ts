/**
 * The platform under the group's object: durable storage, the one current incarnation, those that were replaced and do
 * not know it, the alarm, and point-in-time recovery. The object is made when something needs it.
 */
import type { GroupCore } from "../../../testing/group/core.ts";
import { Incarnation, type Platform } from "../../../testing/group/incarnation.ts";
import type { Link } from "../../../testing/group/link.ts";
import { Storage, StorageFault, type Write } from "../../../testing/group/storage.ts";
import type { Policy, PolicyOptions } from "../../../worker/group/policy.ts";
import type { GroupState } from "../../../worker/group/state.ts";
import type { HostFailure, Turned } from "../../../worker/host/port.ts";
import type { Cores } from "../cores.ts";
import type { Setup } from "./setup.ts";

/** An alarm whose handler failed is called again. */
const ALARM_RETRY_MS = 2_000;
/** So that a world need not wait for minutes to see a dead path found. */
const PING_EVERY_MS = 8_000;
export const CHECK_EVERY_MS = 60_000;
const FIXED = { pingEveryMs: PING_EVERY_MS, checkEveryMs: CHECK_EVERY_MS };

export interface BackendWorld {
  readonly cores: Cores;
  readonly now: number;
  turned(incarnation: Incarnation, turned: Turned): void;
  tell(line: () => string): void;
}

/** Where in its next write the object dies. */
export type CrashPoint = "before" | "after";

export class Backend implements Platform {
  readonly #world: BackendWorld;
  storage = new Storage();
  readonly snapshots: Storage[] = [];
  /** What is deployed: it reaches the object with the next upgrade or request. */
  options: PolicyOptions;
  current: Incarnation | null = null;
  stale: Incarnation[] = [];
  /** How far the clock of the host is ahead on which the next incarnation will run. */
  nextSkewMs: number;
  /** How late alarms come. */
  alarmLagMs = 0;
  /** How many of the next alarms never ring. */
  alarmsToLose = 0;
  /** The alarm that is stored was lost. */
  isAlarmLost = false;
  /** How often an object was told that its alarm could not be set. */
  alarmsNotSet = 0;
  crashAt: CrashPoint | null = null;
  /** Between the two steps of a restore, records of an earlier time may be seen. */
  recordsAreOld = false;
  #nonces = 0;

  readonly #fixed: Partial<Policy>;

  constructor(world: BackendWorld, { policy, skewMs, returnsPerSecond }: Setup) {
    this.#world = world;
    this.options = policy;
    this.nextSkewMs = skewMs;
    this.#fixed = { ...FIXED, ...(returnsPerSecond !== undefined && { returnsPerSecond }) };
  }

  get core(): GroupCore {
    return this.#world.cores.group;
  }

  trueNow(): number {
    return this.#world.now;
  }

  nonce(): string {
    this.#nonces += 1;
    return `n${this.#nonces}`;
  }

  policyOf(options: PolicyOptions): Policy {
    return { ...this.core.createPolicy(options), ...this.#fixed };
  }

  /** The group as a new incarnation would load it. */
  load(): GroupState {
    return this.core.load(this.storage.load(), this.policyOf(this.storage.policy ?? {}));
  }

  // The life of the object

  /** The current incarnation, started if there is none. */
  object(): Incarnation {
    if (this.current !== null) return this.current;
    const incarnation = new Incarnation(this, this.nextSkewMs);
    this.current = incarnation;
    this.#world.tell(() => `the object starts on a host ${this.nextSkewMs} ms ahead`);
    incarnation.wake();
    return incarnation;
  }

  accept(link: Link): void {
    link.recordsAreOld = this.recordsAreOld;
    this.object().upgrade(link, this.options);
  }

  crash(tell: boolean): void {
    const { current } = this;
    this.current = null;
    current?.die(tell);
  }

  /** Another host takes over; the old incarnation does not notice. */
  replace(): void {
    const { current } = this;
    if (current === null) return;
    current.rouse();
    current.stale = true;
    this.stale.push(current);
    this.current = null;
    this.object();
  }

  /** The object leaves memory. `atOnce`: it is back before anything else happens; otherwise the next event wakes it. */
  hibernate(atOnce = false): void {
    if (this.current === null || this.current.busy) return;
    this.current.asleep = true;
    if (atOnce) this.current.rouse();
  }

  /** Nobody that was replaced goes on. */
  endStale(): void {
    for (const incarnation of this.stale) incarnation.die(true);
    this.stale = [];
  }

  takeSnapshot(): void {
    this.snapshots.push(this.storage.copy());
  }

  /** Storage as it was; the object restarts with it. */
  restore(snapshot: Storage): void {
    this.crash(true);
    this.storage = snapshot.copy();
    this.isAlarmLost = false;
    this.recordsAreOld = true;
  }

  // Platform

  write(incarnation: Incarnation, write: Write): boolean {
    if (incarnation.stale) {
      this.#world.tell(() => "a replaced incarnation fails to write, and dies");
      this.stale = this.stale.filter((other) => other !== incarnation);
      incarnation.die(true);
      return false;
    }
    const { crashAt } = this;
    if (crashAt !== "before") {
      this.storage.write(write);
      if (write.alarmAt !== null || write.purged) this.isAlarmLost = false;
    }
    if (crashAt === null) return true;
    this.crashAt = null;
    this.#world.tell(() => `the object dies ${crashAt} its write`);
    this.crash(true);
    return false;
  }

  turned(incarnation: Incarnation, turned: Turned): void {
    this.#world.turned(incarnation, turned);
  }

  /** The host goes on after a fault of storage; whatever else it has caught is a violation. */
  failed(failure: HostFailure, error: unknown): void {
    if (!(error instanceof StorageFault)) throw error;
    if (failure === "alarm_not_set") this.alarmsNotSet += 1;
    this.#world.tell(() => `the host reports ${failure}: ${error.message}`);
  }

  // The alarm

  get dueAt(): number {
    const { alarmAt } = this.storage;
    if (alarmAt === null || this.isAlarmLost) return Infinity;
    return alarmAt - (this.current?.skewMs ?? this.nextSkewMs) + this.alarmLagMs;
  }

  /** An alarm that wakes the object is cancelled by a later one that is set before the object is there. */
  act(): void {
    const { alarmAt } = this.storage;
    if (this.alarmsToLose > 0) {
      this.alarmsToLose -= 1;
      this.isAlarmLost = true;
      return this.#world.tell(() => "the alarm is lost");
    }
    const object = this.object();
    object.rouse();
    if (this.storage.alarmAt !== alarmAt) return this.#world.tell(() => "the alarm is cancelled by a later one");
    this.storage.alarmAt = null;
    object.alarm();
    if (!object.alive) this.storage.alarmAt ??= this.#world.now + this.nextSkewMs + ALARM_RETRY_MS;
  }
}
