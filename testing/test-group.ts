/** A process group in memory: the shipped cores and the shipped client, a virtual clock, in-process sockets. */
import type { ElectionClient } from "../client/client.ts";
import type { Clock } from "../client/clock.ts";
import type { Leadership } from "../shared/leadership/leadership.ts";
import type { ElectionName } from "../shared/protocol/names.ts";
import type { GroupStatus } from "../shared/protocol/status.ts";
import type { Outcome } from "../worker/group/events.ts";
import { assertPolicy, type PolicyOptions } from "../worker/group/policy.ts";
import { type FenceAnswer, type FenceQuestion, fence, groupStatus } from "../worker/group/views.ts";
import { Backend } from "./group/backend.ts";
import type { Link } from "./group/link.ts";
import { createHistory, type TestHistory, type TestTerm, type TestWrite } from "./history.ts";
import { Ledger } from "./ledger.ts";
import { lookUpsOf } from "./look-ups.ts";
import { Machine } from "./machine.ts";
import { assertTestClientOptions, assertTestGroupOptions } from "./options.ts";
import { createTenant, type Tenant, type TestClientOptions } from "./tenant.ts";
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

/** Which leadership is revoked, and which client is next. */
export interface TestRevokeOptions {
  /** A component that is led: its election is revoked. Default: the process election. */
  readonly component?: string;
  /** The client that is next. */
  readonly successor?: ElectionClient;
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
  readonly #tenants: Tenant[] = [];
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

  // Clients

  /** Makes a new process with the client that users have. It connects when time advances. */
  client<Component extends string = string>(options: TestClientOptions = {}): ElectionClient<Component> {
    assertTestClientOptions(options);
    const { name = `client-${this.#tenants.length + 1}`, ...given } = options;
    if (this.#tenants.some(({ machine }) => machine.name === name)) {
      throw new Error(`a client is called ${name} already: give each a name of its own`);
    }
    const now = (): number => this.#timeline.now;
    const seed = this.#seed * SEED_STEP + this.#tenants.length;
    const machine = new Machine({ name, seed, latencyMs: this.#latencyMs, now });
    const isReachable = (): boolean => machine.isRunning && !machine.isPartitioned;
    const fetcher = lookUpsOf(this.name, this.#backend, isReachable);
    const deliver = (link: Link): void => this.#backend.receive(link);
    const tenant = createTenant<Component>(given, { group: this.name, machine, fetcher, now, deliver });
    this.#tenants.push(tenant);
    return tenant.client;
  }

  /** The client's own clock, for code under test that keeps time. It stands still while the client is frozen. */
  clock(client: ElectionClient): Clock {
    return this.#machine(client);
  }

  /** The client that considers itself the leader of the component. A frozen client counts while its lease runs. */
  leader(component: string): ElectionClient | null {
    return this.#leading((term) => term.component === component)?.client ?? null;
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
    for (const tenant of this.#tenants) yield* tenant.dues();
    yield this.#backend;
  }

  // Faults of processes and of the network

  /**
   * Makes the client's connections half-open: nothing arrives in either direction, also on new ones, and neither side is
   * notified.
   */
  partition(client: ElectionClient): void {
    this.#machine(client).partition();
  }

  /** Ends `partition`. Connections that have lost a frame are reset; the others continue. */
  heal(client: ElectionClient): void {
    this.#machine(client).heal();
  }

  /** Resets the client's connections; both ends are notified. */
  cut(client: ElectionClient): void {
    this.#machine(client).cut();
  }

  /**
   * The client's clock and its code stand still, as on a sleeping machine; messages for the client wait. Code under test
   * stands still while it waits for its client or for `clock(client)`, and continues if it waits for something else.
   */
  freeze(client: ElectionClient): void {
    this.#look();
    this.#machine(client).freeze();
  }

  /** Ends `freeze`. Everything overdue, messages included, happens when time advances. */
  thaw(client: ElectionClient): void {
    this.#machine(client).thaw();
  }

  /**
   * The process ends without `bye`. `told` (the default): its machine closes its connections, so the group notices;
   * otherwise the group is not notified.
   */
  kill(client: ElectionClient, { told = true }: { readonly told?: boolean } = {}): void {
    this.#look();
    this.#machine(client).kill(told);
    this.#look();
  }

  /**
   * Kills the process that leads this component, or any leader if none is named; returns its client. Throws if nobody
   * leads.
   */
  killLeader(component?: string): ElectionClient {
    this.#look();
    const tenant = this.#leading((term) => component === undefined || term.component === component);
    if (tenant === undefined) throw new Error(`nobody leads ${component ?? "anything"}: advance until somebody does`);
    this.kill(tenant.client);
    return tenant.client;
  }

  // The group

  /** The group's object dies together with its sockets; the next one starts from what was stored. */
  restart(): void {
    this.#backend.restart();
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
   * Revokes a leadership, as an operator does. Resolves when the term has ended and the next one was accepted; time has
   * to advance for that. Resolves with `null` if the group was restarted meanwhile.
   */
  revoke({ component, successor, note }: TestRevokeOptions = {}): Promise<Outcome | null> {
    const sessionId = successor?.sessionId;
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
    return groupStatus(this.#backend.look(), this.name, this.#timeline.now, null);
  }

  /** Returns whether a leadership is current, as `POST /fence` does. */
  checkFence(question: FenceQuestion): FenceAnswer {
    return fence(this.#backend.look(), question, this.#timeline.now);
  }

  // The history

  /** Call it at each protected write of the code under test: the history then finds late writes. */
  recordWrite(leadership: Leadership, what = "write"): void {
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
    return createHistory({ terms: this.#ledger.terms(), writes: [...this.#writes], ended, now: this.now });
  }

  #look(): void {
    for (const { machine, participant } of this.#tenants) this.#ledger.look(machine, participant);
  }

  /** The process of the first running term that matches. */
  #leading(isWanted: (term: TestTerm) => boolean): Tenant | undefined {
    const term = this.#ledger.terms().find((other) => other.to === null && isWanted(other));
    return this.#tenants.find(({ machine }) => machine.name === term?.client);
  }

  #machine(client: ElectionClient): Machine {
    const tenant = this.#tenants.find((other) => other.client === client);
    if (tenant === undefined) throw new Error("this client is of another group: make it with `group.client()`");
    return tenant.machine;
  }
}
