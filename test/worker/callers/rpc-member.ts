/**
 * A process of the conformance suite that holds no socket: a Durable Object with a real `DurableContender`, whose alarms
 * the platform rings. Orders of the suite are carried out inside that object, in order; calls of its callbacks come back.
 */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import type { ElectionClient } from "../../../client/client.ts";
import type { Contender, ContendOptions } from "../../../client/contend.ts";
import type { TryResult } from "../../../client/elect.ts";
import type { ContenderCallbacks } from "../../../client/member.ts";
import type { Leadership } from "../../../shared/leadership/leadership.ts";
import type { LeaderInformation, ProcessInfo } from "../../../shared/protocol/messages.ts";
import { type ElectionName, electionOf } from "../../../shared/protocol/names.ts";
import { settingsOf } from "../../../worker/callers/settings.ts";
import {
  type ComponentOptions,
  type DurableContender,
  type DurableContenderOptions,
  type Elections,
  runIfLeader,
} from "../../../worker/index.ts";
import type { Member, MemberOptions } from "../../conformance/driver.ts";
import { adjusted, type Contending } from "./contending.ts";
import { Path } from "./path.ts";

/** Soon, so that a hand-over does not take the suite long. */
const POLL_EVERY_MS = 150;

interface Role {
  readonly component: string;
  readonly options: ContendOptions;
  readonly callbacks: ContenderCallbacks;
  isClosed: boolean;
}

export interface Surroundings {
  readonly group: string;
  readonly elections: Elections;
  /** Watches from outside: who contends by RPC can only ask. */
  readonly observe: Member["observe"];
}

/** Resolves when it is gone. */
export async function crash<T extends Rpc.DurableObjectBranded>(stub: DurableObjectStub<T>): Promise<void> {
  await expect(runInDurableObject(stub, (_, context) => context.abort("crashed by a test"))).rejects.toThrow();
}

export class RpcMember implements Member {
  readonly name: string;
  readonly observe: Member["observe"];
  readonly #surroundings: Surroundings;
  readonly #objectName: string;
  readonly #path = new Path();
  readonly #process: ProcessInfo;
  readonly #orders: ((contender: DurableContender) => void)[] = [];
  /** Those that run, or stop, by component. */
  readonly #roles = new Map<string, Role>();
  /** Who was granted, by component: it is the one to be revoked. */
  readonly #granted = new Map<string, Role>();
  /** What a new incarnation would contend for. */
  #named: DurableContenderOptions["components"] = [];
  #priority: number | undefined;
  #object: Contending | null = null;

  constructor(name: string, { address, metadata, priority }: MemberOptions, surroundings: Surroundings) {
    this.name = name;
    this.#surroundings = surroundings;
    this.observe = surroundings.observe;
    this.#objectName = `${surroundings.group}#${name}`;
    this.#process = { name, ...(address !== undefined && { address }), ...(metadata && { metadata }) };
    this.#priority = priority;
    adjusted.set(this.#objectName, (_, object) => {
      this.#object = object;
      return this.#optionsOf(this.#named);
    });
  }

  get sessionId(): string | undefined {
    return this.#object?.contender.sessionId ?? undefined;
  }

  get client(): ElectionClient {
    throw new Error("a contender by RPC has no client");
  }

  lookUp(component: string): Promise<LeaderInformation | null> {
    return this.#surroundings.elections.getLeader(this.#surroundings.group, component);
  }

  contend(component: string, callbacks: ContenderCallbacks, options: ContendOptions = {}): Contender {
    settingsOf(this.#optionsOf([...this.#components(), { component, ...options }]));
    const role: Role = { component, options, callbacks, isClosed: false };
    this.#roles.set(component, role);
    const components = this.#components();
    this.#named = components;
    void this.#order(async (contender) => {
      const changed = contender.change({ components });
      void contender.start();
      await changed;
    });
    return this.#handleOf(role);
  }

  /** By calls of an invocation. */
  async tryElect<T>(
    component: string,
    run: (leadership: Pick<Leadership, "isLeader" | "leaderSessionId">) => T | Promise<T>,
    { election = "process" }: ContendOptions = {},
  ): Promise<TryResult<T>> {
    const { elections, group } = this.#surroundings;
    const result = await runIfLeader(elections, { group, component, election, process: this.#process }, run);
    if (result.ran) return result;
    if (result.reason === "led") return { ran: false, leader: result.leader };
    throw new Error(`${component} was run already`);
  }

  /** It names a component for itself. */
  stand(): Contender {
    return this.contend("process", {});
  }

  resign(election: ElectionName = "process", successor?: Member, stayOutMs?: number): Promise<void> {
    const components = this.#components().filter((one) => electionOf(one.component, one.election) === election);
    return this.#order(async (contender) => {
      const leadership = components.map(({ component }) => contender.leadership(component)).find((one) => one !== null);
      await leadership?.resign({
        ...(successor?.sessionId !== undefined && { successor: successor.sessionId }),
        ...(stayOutMs !== undefined && { stayOutMs }),
      });
    });
  }

  setReady(ready: boolean, component?: string): void {
    for (const role of this.#roles.values())
      if (component === undefined || role.component === component)
        this.#roles.set(role.component, { ...role, options: { ...role.options, ready } });
    const components = this.#components();
    void this.#order((contender) => contender.change({ components }));
  }

  setPriority(priority: number, component?: string): void {
    const role = component === undefined ? undefined : this.#roles.get(component);
    if (role === undefined) this.#priority = priority;
    else this.#roles.set(role.component, { ...role, options: { ...role.options, priority } });
    const [components, own] = [this.#components(), this.#priority];
    void this.#order((contender) => contender.change({ components, ...(own !== undefined && { priority: own }) }));
  }

  async close(): Promise<void> {
    for (const role of this.#roles.values()) role.isClosed = true;
    if (this.#hasContended) await this.#order((contender) => contender.close());
  }

  /** Leaves, and its object is no longer woken. */
  async end(): Promise<void> {
    this.heal();
    if (!this.#hasContended) return;
    await this.#order(async () => this.#path.giveUp());
    await this.close();
    await runInDurableObject(this.#stub(), (_, { storage }) => storage.deleteAlarm());
  }

  /** Its object dies in the middle of its work; its alarm brings the next one. */
  async crash(): Promise<void> {
    if (this.#object !== null) await crash(this.#stub());
  }

  cut = (): void => void this.#order(async () => this.#path.cut());
  partition = (): void => this.#path.partition();
  heal = (): void => this.#path.heal();

  // Its contenders

  #handleOf(role: Role): Contender {
    const { component } = role;
    const leadership = (): Leadership | null => (role.isClosed ? null : this.#present(component));
    const close = (): Promise<void> => this.#closeRole(role);
    return {
      component,
      get leadership() {
        return leadership();
      },
      hasLeadership(leaderSessionId) {
        const present = leadership();
        return present !== null && (leaderSessionId ?? present.leaderSessionId) === present.leaderSessionId;
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  async #closeRole(role: Role): Promise<void> {
    if (role.isClosed) return;
    role.isClosed = true;
    const components = this.#components();
    if (components.length > 0) this.#named = components;
    await this.#order((contender) => (components.length === 0 ? contender.close() : contender.change({ components })));
  }

  get #hasContended(): boolean {
    return this.#roles.size > 0;
  }

  #components(): ComponentOptions[] {
    const running = [...this.#roles.values()].filter(({ isClosed }) => !isClosed);
    return running.map(({ component, options }) => ({ component, ...options }));
  }

  #optionsOf(components: DurableContenderOptions["components"]): DurableContenderOptions {
    return {
      group: this.#surroundings.group,
      elections: this.#path.to(this.#surroundings.elections),
      components,
      process: this.#process,
      pollEveryMs: POLL_EVERY_MS,
      ...(this.#priority !== undefined && { priority: this.#priority }),
      onGrant: (leadership) => {
        const role = this.#roles.get(leadership.component);
        if (role === undefined)
          throw new Error(`${this.name} is granted ${leadership.component}, which it does not want`);
        this.#granted.set(leadership.component, role);
        return this.#inside(role.callbacks.onGrant?.(this.#seenFromOutside(leadership)));
      },
      onRevoke: (leadership, reason) => {
        const role = this.#granted.get(leadership.component);
        return this.#inside(role?.callbacks.onRevoke?.(this.#seenFromOutside(leadership), reason));
      },
      onError: (error, component) => {
        const about = [...this.#roles.values()].filter((role) => role.component === (component ?? role.component));
        for (const role of about) role.callbacks.onError?.(error);
      },
    };
  }

  // Its leaderships

  #present(component: string): Leadership | null {
    const leadership = this.#object?.contender.leadership(component) ?? null;
    return leadership === null ? null : this.#seenFromOutside(leadership);
  }

  /** The object may be a later one by now: the term is that of the present one. Writes are done inside. */
  #seenFromOutside(granted: Leadership): Leadership {
    const { component, leaderSessionId } = granted;
    const now = (contender = this.#object?.contender): Leadership => {
      const present = contender?.leadership(component);
      return present?.leaderSessionId === leaderSessionId ? present : granted;
    };
    return {
      ...granted,
      get signal() {
        return now().signal;
      },
      isLeader: () => now().isLeader(),
      assertLeader: () => now().assertLeader(),
      check: () => this.#order((contender) => now(contender).check()),
      remainingMs: () => now().remainingMs(),
      confirm: (address, metadata) => this.#order((contender) => now(contender).confirm(address, metadata)),
      resign: (options) => this.#order((contender) => now(contender).resign(options)),
    };
  }

  // Inside the object

  /** A promise of the suite settles outside: it is passed on to what waits for it inside. */
  #inside(result: unknown): unknown {
    if (!(result instanceof Promise)) return result;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    result.then(
      () => this.#order(async () => resolve()),
      (error: unknown) => this.#order(async () => reject(error)),
    );
    return promise;
  }

  /**
   * Done in the order in which they are given; those that are given in one turn, in one turn. Each caller waits by a visit
   * of its own: under the test runner, what waits for a promise continues where the promise is settled
   * (`no_handle_cross_request_promise_resolution`). So a promise that was made outside is not settled inside, and
   * one that was made inside is not settled outside.
   */
  #order<T>(order: (contender: DurableContender) => Promise<T>): Promise<T> {
    let begun: Promise<T>;
    this.#orders.push((contender) => {
      begun = order(contender);
      begun.catch(() => {});
    });
    return runInDurableObject(this.#stub(), (object: Contending) => {
      this.#object = object;
      for (const next of this.#orders.splice(0)) next(object.contender);
      return begun;
    });
  }

  /** Made anew each time: each belongs to its maker. */
  #stub(): DurableObjectStub<Contending> {
    return env.CONTENDERS.get(env.CONTENDERS.idFromName(this.#objectName));
  }
}
