/** The products of the league whose members are processes. */
import { etcdServer } from "../../peers/etcd.ts";
import { syncedRedisServer } from "../../peers/redis-server.ts";
import type { ServerProgram } from "../../peers/server.ts";
import { zooKeeperServer } from "../../peers/zookeeper.ts";
import type { Stand } from "../term.ts";

export type EntrantName = "ours" | "zookeeper" | "etcd" | "redlock" | "safe-redis-leader";

export interface Entrant {
  /** Its client. A member imports no other one. */
  readonly load: () => Promise<Stand>;
  readonly server: "ours" | (() => Promise<ServerProgram>);
}

/** Sessions of ZooKeeper end at a tick: short ones make its time-out as exact as others. */
const TICK_MS = 500;

export const ENTRANTS: Readonly<Record<EntrantName, Entrant>> = {
  ours: { load: async () => (await import("./ours.ts")).stand, server: "ours" },
  zookeeper: { load: async () => (await import("./zookeeper.ts")).stand, server: () => zooKeeperServer(TICK_MS) },
  etcd: { load: async () => (await import("./etcd.ts")).stand, server: etcdServer },
  redlock: { load: async () => (await import("./redlock.ts")).stand, server: syncedRedisServer },
  "safe-redis-leader": {
    load: async () => (await import("./safe-redis-leader.ts")).stand,
    server: syncedRedisServer,
  },
};
