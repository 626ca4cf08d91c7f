/**
 * The parts of the peers' clients that the bench uses. Their packages may be missing: these types replace theirs, so that
 * the project is checked without them.
 */

declare module "etcd3" {
  export interface Campaign {
    on(event: "error", onError: (error: Error) => void): Campaign;
    /** The second one is internal, for the client's own tests: it has found a key before its own, and will watch it. */
    on(event: "elected" | "_isWaiting", onEvent: () => void): Campaign;
    /** The whole key. */
    getCampaignKey(): Promise<string>;
    resign(): Promise<void>;
  }

  export class Etcd3 {
    constructor(options: { readonly hosts: string; readonly grpcOptions: Readonly<Record<string, number>> });
    election(name: string, ttlSeconds?: number): { campaign(value: string): Campaign };
    get(key: string): { exec(): Promise<{ readonly kvs: readonly { readonly create_revision: string }[] }> };
    close(): void;
  }
}

declare module "node-zookeeper-client" {
  type Callback<T> = (error: Error | null, result: T) => void;

  export interface Client {
    on(event: "connected" | "expired", onEvent: () => void): Client;
    once(event: "connected", onConnected: () => void): Client;
    getState(): object;
    connect(): void;
    close(): void;
    /** Calls back with the path, with the number that the server appends to a sequential one. */
    create(path: string, mode: number, callback: Callback<string>): void;
    getChildren(path: string, callback: Callback<readonly string[]>): void;
    /** Calls back with `null` if there is no such node. The watcher is called once, when the node has changed or gone. */
    exists(path: string, watcher: () => void, callback: Callback<object | null>): void;
    exists(path: string, callback: Callback<{ readonly czxid: Buffer } | null>): void;
    remove(path: string, version: number, callback: (error: Error | null) => void): void;
  }

  export const State: { readonly SYNC_CONNECTED: object };
  export const CreateMode: { readonly PERSISTENT: number; readonly EPHEMERAL_SEQUENTIAL: number };
  export function createClient(servers: string, options: { readonly sessionTimeout: number }): Client;
}

declare module "ioredis" {
  export class Redis {
    constructor(options: { readonly host: string; readonly port: number });
    set(key: string, value: string, unit: "PX", ttlMs: number, condition: "NX"): Promise<"OK" | null>;
    eval(script: string, keys: number, ...keysAndValues: readonly string[]): Promise<unknown>;
    subscribe(channel: string): Promise<unknown>;
    on(event: "message" | "error", onEvent: () => void): Redis;
    disconnect(): void;
  }
}

declare module "redlock" {
  import type { Redis } from "ioredis";

  export interface Lock {
    /** By the wall clock. Each extension moves it. */
    readonly expiration: number;
    unlock(): PromiseLike<void>;
  }

  class Redlock {
    constructor(servers: readonly Redis[], options: { readonly retryCount: number });
    lock(resource: string, ttlMs: number): PromiseLike<Lock>;
    extend(lock: Lock, ttlMs: number): PromiseLike<Lock>;
  }

  export { Redlock as default };
}

declare module "safe-redis-leader" {
  import type { Redis } from "ioredis";

  export interface SafeRedisLeader {
    /** Resolves after the first try, elected or not. */
    elect(): Promise<void>;
    stop(): Promise<void>;
    /** Asks the server. */
    isLeader(): Promise<boolean>;
    on(event: "elected" | "demoted" | "error", onEvent: () => void): void;
    once(event: "elected", onElected: () => void): void;
  }

  export function createSafeRedisLeader(settings: {
    readonly asyncRedis: Redis;
    readonly ttl: number;
    readonly wait: number;
    readonly key: string;
  }): Promise<SafeRedisLeader>;
}

declare module "tab-election" {
  export class Tab {
    constructor(name: string);
    readonly isLeader: boolean;
    waitForLeadership(onLeadership: () => void): Promise<boolean>;
  }
}
