/**
 * What the conformance suite needs of whatever it runs against. A driver brings contenders of its own kind into a fresh
 * group for every test; the suite asks for nothing that is not here, and knows no platform.
 */
import type { ElectionClient } from "../../client/client.ts";
import type { Contender, ContendOptions } from "../../client/contend.ts";
import type { TryResult } from "../../client/elect.ts";
import type { ContenderCallbacks } from "../../client/member.ts";
import type { Leadership } from "../../shared/leadership/leadership.ts";
import type { LeaderInformation, Metadata } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { GroupStatus } from "../../shared/protocol/status.ts";
import type { PolicyOptions } from "../../worker/group/policy.ts";

/** What some contenders do not have. A behaviour that needs it does not apply to them. */
export type Capability =
  /** The client that users have, with its checks and states. */
  | "client"
  /** Its path to the group can be reset, and it is told. */
  | "connection"
  /** It has a policy for a lost connection. */
  | "onDisconnect"
  /** Its path to the group can be cut without a word. */
  | "partition"
  /** The group's object can be ended and come back. */
  | "restart"
  /** It can name a successor when it resigns. */
  | "successor";

/** What of a lease a behaviour waits for. `its end`: or for somebody who does not answer. */
export type Wait = "its end" | "renewals" | "nothing";

/** D where no lease is to end. Who is next has ten seconds to answer then, longer than a busy machine stalls. */
export const LONG_LEASE_MS = 60_000;

/** One driver for each way of taking part. */
export interface Driver {
  readonly name: string;
  /** D, by what a behaviour waits for. */
  readonly leaseMs: Readonly<Record<Wait, number>>;
  /** Whether behaviours may be shown beside each other, each in its group: where they wait in real time. */
  readonly sideBySide?: true;
  /** Why these do not apply. */
  readonly lacks: Readonly<Partial<Record<Capability, string>>>;
  /** A fresh group. */
  open(leaseMs: number, choice?: Choice): Promise<Stage>;
}

/** What a deployment may say of who is to lead. */
export type Choice = Pick<PolicyOptions, "prefer" | "spread">;

export interface Stage extends AsyncDisposable {
  /** A process that may take part; it does nothing yet. */
  member(name: string, options?: MemberOptions): Member;
  /** Lets a little time pass. */
  turn(): Promise<void>;
  status(): Promise<GroupStatus>;
  /** An operator's revoke of the process election. Resolves when it has been ordered, at the latest when it is done. */
  revoke(successor?: Member): void;
  /** Ends the group's object, and lets it come back. */
  restart(): Promise<void>;
}

export interface MemberOptions {
  readonly address?: string;
  readonly metadata?: Metadata;
  readonly priority?: number;
  readonly onDisconnect?: "keep" | "revoke";
}

export interface Member {
  readonly name: string;
  contend(component: string, callbacks: ContenderCallbacks, options?: ContendOptions): Contender;
  resign(election?: ElectionName, successor?: Member, stayOutMs?: number): Promise<void>;
  /** Without a component: all of them. */
  setReady(ready: boolean, component?: string): void;
  /** Runs the function if the election is free. */
  tryElect<T>(
    component: string,
    run: (leadership: Pick<Leadership, "isLeader" | "leaderSessionId">) => T | Promise<T>,
    options?: ContendOptions,
  ): Promise<TryResult<T>>;
  /** The process stands by itself, whatever its components do. */
  stand(): Contender;
  setPriority(priority: number, component?: string): void;
  /** The leader of a component, looked up. */
  lookUp(component: string): Promise<LeaderInformation | null>;
  /** Whoever leads it, and every change. */
  observe(component: string, options: { readonly signal: AbortSignal }): AsyncIterable<LeaderInformation | null>;
  /** Hands over and leaves. */
  close(): Promise<void>;
  /** Names it as a successor; `undefined` before it has joined. */
  readonly sessionId: string | undefined;
  /** Throws where the driver lacks `client`. */
  readonly client: ElectionClient;
  /** Its connection is reset. */
  cut(): void;
  /** From now on nothing arrives either way, and neither end is notified. */
  partition(): void;
  heal(): void;
}

export type Faults = Pick<Member, "cut" | "partition" | "heal">;

/** A member that is the shipped client. */
export function clientMember(name: string, client: ElectionClient, faults: Faults): Member {
  return {
    name,
    client,
    get sessionId() {
      return client.sessionId;
    },
    contend: (component, callbacks, options) => client.contend(component, callbacks, options),
    tryElect: (component, run, options) => client.tryElect(component, run, options),
    stand: () => client.stand(),
    resign(election, successor, stayOutMs) {
      const options = stayOutMs === undefined ? {} : { stayOutMs };
      if (successor === undefined) return client.resign(election, options);
      if (successor.sessionId === undefined) throw new Error(`${successor.name} has not joined yet`);
      return client.resign(election, { ...options, successor: successor.sessionId });
    },
    setReady: (ready, component) => client.setReady(ready, component),
    lookUp: (component) => client.getLeader(component),
    observe: (component, options) => client.observe(component, options),
    setPriority: (priority, component) => client.setPriority(priority, component),
    close: () => client.close(),
    cut: () => faults.cut(),
    partition: () => faults.partition(),
    heal: () => faults.heal(),
  };
}
