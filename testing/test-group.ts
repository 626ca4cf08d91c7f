/** A process group in memory: the shipped cores and the shipped client, a virtual clock, in-process sockets. */
import type { ElectionClient } from "../client/client.ts";
import type { Clock } from "../client/clock.ts";
import type { Leadership } from "../shared/leadership/leadership.ts";
import type { ElectionName } from "../shared/protocol/names.ts";
import type { GroupStatus } from "../shared/protocol/status.ts";
import type { Elections } from "../worker/callers/service.ts";
import type { Outcome } from "../worker/group/events.ts";
import { assertPolicy, type PolicyOptions } from "../worker/group/policy.ts";
import { type FenceAnswer, type FenceQuestion, fence, groupStatus } from "../worker/group/views.ts";
import { Caller } from "./caller.ts";
import type { ObjectClass } from "./construct.ts";
import { electionsThrough } from "./elections.ts";
import { Backend } from "./group/backend.ts";
import { DEPLOYMENT } from "./group/incarnation.ts";
import type { Link } from "./group/link.ts";
import { createHistory, type TestHistory, type TestTerm, type TestWrite } from "./history.ts";
import { HostedObject, handleOf, type TestObject } from "./hosted-object.ts";
import { Ledger } from "./ledger.ts";
import { lookUpsOf } from "./look-ups.ts";
import { Machine, type MachineSettings } from "./machine.ts";
import { Members, type TestMember } from "./members.ts";
import {
  assertCallerName,
  assertDelay,
  assertTestClientOptions,
  assertTestGroupOptions,
  assertTestObjectOptions,
} from "./options.ts";
import { createTenant, type TestClientOptions } from "./tenant.ts";
import { type Due, Timeline } from "./timeline.ts";

/** Settings of a test group; each has a default. */
export interface TestGroupOptions {
  /** Name of the group. Default `test`. */
  readonly group?: string;
  /** Seed of everything random: the same seed and the same calls give the same history. Default 1. */
  readonly seed?: number;
  /** As in `createElectionApp`. Default: a lease of 10 s. */
  readonly policy?: PolicyOptions;
  /** Latency of the network in one direction. Default 10. */
  readonly latencyMs?: number;
}

/** How a Durable Object is hosted. */
export interface TestObjectOptions {
  /** Its name: `ctx.id.name`, and its name in the history. */
  readonly name: string;
  /** The other bindings and variables. */
  readonly env?: object;
  /** The name of the elections in its env. Default `ELECTIONS`. */
  readonly binding?: string;
}

/** Which leadership is revoked, and which member is next. */
export interface TestRevokeOptions {
  /** A component that is led: its election is revoked. Default: the process election. */
  readonly component?: string;
  /** The member that is next. */
  readonly successor?: TestMember;
  /** Kept in the history. */
  readonly note?: string;
}

/** Virtual time at which every group is made, in milliseconds since 1970. */
const START = 1_800_000_000_000;
const PATIENCE_MS = 3_600_000;
/** Distance between the seeds of a group's clients. */
const SEED_STEP = 1_000;

/** Time moves only through `advance`, `until` and `settled`; await each before calling the next. */
export class TestGroup {
  readonly name: string;
  readonly #seed: number;
  readonly #latencyMs: number;
  readonly #timeline: Timeline;
  readonly #backend: Backend;
  readonly #ledger: Ledger;
  readonly #members = new Members();
  #worker: Elections | undefined;
  #workers = 0;
  readonly #writes: TestWrite[] = [];

  /** Throws a `TypeError` for wrong options, and a `RangeError` for a policy that contradicts itself. */
  constructor(options: TestGroupOptions = {}) {
    assertTestGroupOptions(options);
    const { group = "test", seed = 1, policy = {}, latencyMs = 10 } = options;
    assertPolicy(policy);
    this.name = group;
    this.#seed = seed;
    this.#latencyMs = latencyMs;
    this.#timeline = new Timeline(START, { dues: () => this.#dues(), look: () => this.#look() });
    this.#backend = new Backend(policy, () => this.#timeline.now);
    this.#ledger = new Ledger(() => this.now);
  }

  // Members

  /** Makes a new process with the shipped client. It connects when time advances. */
  client<Component extends string = string>(options: TestClientOptions = {}): ElectionClient<Component> {
    assertTestClientOptions(options);
    const { name = `client-${this.#members.count + 1}`, ...given } = options;
    const machine = new Machine(this.#machineSettings(name));
    const fetcher = lookUpsOf(this.name, this.#backend, machine);
    const deliver = (link: Link): void => this.#backend.receive(link);
    const now = (): number => this.#timeline.now;
    const { client, member } = createTenant<Component>(given, { group: this.name, machine, fetcher, now, deliver });
    this.#members.add(client as ElectionClient, member);
    return client;
  }

  /**
   * The elections of a Worker, as a service binding has them: for `runIfLeader`, and for calls of `Elections`. Its clock is that
   * of Workers: it stands still while code runs. Once this Worker was killed, these are the elections of a new one.
   */
  get elections(): Elections {
    if (this.#worker === undefined || this.#members.of(this.#worker).isDead) {
      this.#workers += 1;
      this.#worker = this.electionsFor(this.#workers === 1 ? "worker" : `worker-${this.#workers}`);
    }
    return this.#worker;
  }

  /** The elections of another Worker, with a network connection and a clock of its own. */
  electionsFor(name: string): Elections {
    assertCallerName(name);
    const caller = new Caller(this.#machineSettings(name));
    const elections = this.#bind(caller);
    this.#members.add(elections, caller);
    return elections;
  }

  /**
   * Hosts a Durable Object of the code under test, such as one with a `DurableContender`. `env` is what its constructor
   * gets beside the elections; `binding` is their name in it, by default `ELECTIONS`. Nothing runs before the first event.
   */
  durableObject<T extends object>(
    Class: ObjectClass<T>,
    { name, env = {}, binding = "ELECTIONS" }: TestObjectOptions,
  ): TestObject<T> {
    assertTestObjectOptions({ name, env, binding });
    const bindings = (caller: Caller): object => ({ ...env, [binding]: this.#bind(caller) });
    const host = new HostedObject<T>({ ...this.#machineSettings(name), Class, env: bindings });
    const object = handleOf(host, START);
    this.#members.add(object, host);
    return object;
  }

  #machineSettings(name: string): MachineSettings {
    this.#members.assertNew(name);
    const seed = this.#seed * SEED_STEP + this.#members.count;
    return { name, seed, latencyMs: this.#latencyMs, now: () => this.#timeline.now };
  }

  #bind(caller: Caller): Elections {
    return caller.binding((carry) => electionsThrough(carry, this.#backend, this.name));
  }

  /** The member's own clock, for code under test that keeps time. It stands still while the member is frozen. */
  clock(member: TestMember): Clock {
    return this.#members.of(member).clock;
  }

  /** The member that considers itself the leader of the component. A frozen one counts while its lease runs. */
  leader(component: string): TestMember | null {
    this.#look();
    return this.#leading((term) => term.component === component) ?? null;
  }

  // Time

  /** Milliseconds since the group was made. */
  get now(): number {
    return this.#timeline.now - START;
  }

  /** Runs everything that is due within this time, in order, and lets promises continue in between. */
  async advance(ms: number): Promise<void> {
    await this.#timeline.run(ms, () => false);
  }

  /** Advances until the condition holds, and no further. Rejects if it does not hold within this much virtual time. */
  async until(condition: () => boolean, withinMs = PATIENCE_MS): Promise<void> {
    if (await this.#timeline.run(withinMs, condition)) return;
    throw new Error(`the condition did not hold within ${withinMs} ms of virtual time`);
  }

  /** Advances until the promise has settled, and no further; resolves or rejects as the promise has. */
  async settled<T>(promise: PromiseLike<T>, withinMs = PATIENCE_MS): Promise<T> {
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    promise.then(over, over);
    if (await this.#timeline.run(withinMs, () => isOver)) return promise;
    throw new Error(`the promise did not settle within ${withinMs} ms of virtual time`);
  }

  *#dues(): Generator<Due> {
    yield* this.#members.dues();
    yield this.#backend;
  }

  // Faults of members and of the network

  /**
   * Nothing arrives in either direction, also on new connections, and neither side is notified. Calls by RPC are not
   * answered.
   */
  partition(member: TestMember): void {
    this.#members.of(member).partition();
  }

  /** Ends `partition`. Connections and calls that have lost something are reset; the others continue. */
  heal(member: TestMember): void {
    this.#members.of(member).heal();
  }

  /** Resets the member's connections, and the calls that are under way; both ends are notified. */
  cut(member: TestMember): void {
    this.#members.of(member).cut();
  }

  /** From now on everything takes this many milliseconds longer in each direction; 0 ends the delay. */
  delay(member: TestMember, ms: number): void {
    assertDelay(ms);
    this.#members.of(member).delay(ms);
  }

  /**
   * The member's clock and its code stand still, as on a sleeping machine; messages for it wait. A Worker or an object is
   * frozen as by a long computation. Code under test stands still while it waits for its client, for an answer or for
   * `clock(member)`; code that waits for anything else continues.
   */
  freeze(member: TestMember): void {
    this.#look();
    this.#members.of(member).freeze();
  }

  /** Ends `freeze`. Everything overdue, messages included, happens when time advances. */
  thaw(member: TestMember): void {
    this.#members.of(member).thaw();
  }

  /**
   * The process ends without `bye`. `told` (the default): its machine closes its connections, so the group notices;
   * otherwise the group is not notified. Throws for an object: the platform always brings it back.
   */
  kill(member: TestMember, { told = true }: { readonly told?: boolean } = {}): void {
    this.#look();
    this.#members.of(member).kill(told);
    this.#look();
  }

  /**
   * Kills the process that leads this component, or any leader if none is named; returns it. Throws if nobody leads, or if
   * an object does.
   */
  killLeader(component?: string): TestMember {
    this.#look();
    const member = this.#leading((term) => component === undefined || term.component === component);
    if (member === undefined) throw new Error(`nobody leads ${component ?? "anything"}: advance until somebody does`);
    this.kill(member);
    return member;
  }

  // The group

  /** The group's object dies together with its sockets; the next one starts from what was stored. */
  restart(): void {
    this.#backend.restart();
  }

  /**
   * Another object takes the place of the group's. The old one does not know: it goes on talking to its sockets until its
   * first write, which ends it.
   */
  replace(): void {
    this.#backend.replace();
  }

  /** The group's object leaves memory while its sockets stay open. */
  hibernate(): void {
    this.#backend.hibernate();
  }

  /** Nobody is granted an election until `resume`; leaders continue. */
  pause(): void {
    this.#backend.dispatch({ type: "pause", paused: true });
  }

  /** Ends `pause`. */
  resume(): void {
    this.#backend.dispatch({ type: "pause", paused: false });
  }

  /**
   * Revokes a leadership, as an operator does. Resolves when the term and its drain are over. If somebody waits, it resolves only when the
   * next process leads, or has failed to take the lead in time. Time has to advance for that. Resolves with `null` if the group
   * was restarted meanwhile.
   */
  revoke({ component, successor, note }: TestRevokeOptions = {}): Promise<Outcome | null> {
    const sessionId = successor && this.#members.of(successor).sessionId;
    if (successor !== undefined && sessionId === undefined) {
      throw new Error("the successor has no session yet: advance until it is connected");
    }
    const election = component === undefined ? "process" : this.#electionOf(component);
    const order = { election, successor: sessionId ?? null, note: note ?? null };
    return this.#backend.ask((request) => ({ type: "revoke", request, ...order }));
  }

  #electionOf(component: string): ElectionName {
    return this.#backend.look().components.get(component)?.election ?? "process";
  }

  status(): GroupStatus {
    return groupStatus(this.#backend.look(), { group: this.name, deployment: DEPLOYMENT }, this.#timeline.now, null);
  }

  /** Returns whether a leadership is current, as `POST /fence` does. */
  checkFence(question: FenceQuestion): FenceAnswer {
    return fence(this.#backend.look(), question, this.#timeline.now);
  }

  // The history

  /** Call it at each protected write of the code under test: the history then finds late writes. */
  recordWrite(leadership: Omit<Leadership, "confirm" | "resign">, what = "write"): void {
    this.#look();
    const { component, leaderSessionId, epoch } = leadership;
    const terms = this.#ledger.terms().filter((term) => term.leaderSessionId === leaderSessionId);
    const isLate = !leadership.isLeader() || !terms.some((term) => term.component === component && term.to === null);
    const client = terms[0]?.client ?? "nobody";
    this.#writes.push({ client, component, leaderSessionId, epoch, what, at: this.now, isLate });
  }

  history(): TestHistory {
    this.#look();
    const ended = this.#backend.endedTerms.map((term) => ({ ...term }));
    return createHistory({
      terms: this.#ledger.terms(),
      drains: this.#ledger.drains(),
      writes: [...this.#writes],
      ended,
      now: this.now,
    });
  }

  #look(): void {
    this.#members.look(this.#ledger);
  }

  /** The member with the first running term that matches. */
  #leading(isWanted: (term: TestTerm) => boolean): TestMember | undefined {
    return this.#members.named(this.#ledger.terms().find((other) => other.to === null && isWanted(other))?.client);
  }
}
