/** All products with contenders of the same kind. */
import { pause } from "../sockets.ts";
import type { Connect } from "./contender.ts";
import { connectEtcd, ETCD_SETTLE_MS, withEtcd } from "./etcd.ts";
import { connectOurs, withOurs } from "./ours.ts";
import { pointsOf } from "./points.ts";
import { connectRedisChannel } from "./redis-channel.ts";
import { withRedis, withSyncedRedis } from "./redis-server.ts";
import { connectRedlock, REDLOCK_RETRY_MS, withRedlock } from "./redlock.ts";
import { connectSafeRedisLeader, SAFE_REDIS_LEADER, withSafeRedisLeader } from "./safe-redis-leader.ts";
import { connectZooKeeper, withZooKeeper } from "./zookeeper.ts";

export type ProductName =
  | "ours"
  | "zookeeper"
  | "etcd"
  | "redlock"
  | "safe-redis-leader"
  | "redis-channel"
  | "redis-channel-synced";

export interface Product {
  readonly connect: Connect;
  /** Starts its server for the time of the work. */
  readonly withServer: <T>(work: (address: string) => Promise<T>) => Promise<T>;
  /** How long the contender that waits has waited when the leader resigns. */
  readonly rests: () => () => Promise<void>;
}

/** For what is still on its way. */
const SHORT_MS = 5;

const always = (ms: number) => () => () => pause(ms);

/** A contender that polls has waited for another part of its interval each time. */
const spread = (intervalMs: number) => () => {
  const points = pointsOf(intervalMs);
  return () => pause(points.next().value);
};

export const PRODUCTS: Readonly<Record<ProductName, Product>> = {
  ours: { connect: connectOurs, withServer: withOurs, rests: always(SHORT_MS) },
  zookeeper: { connect: connectZooKeeper, withServer: withZooKeeper, rests: always(SHORT_MS) },
  etcd: { connect: connectEtcd, withServer: withEtcd, rests: always(ETCD_SETTLE_MS) },
  redlock: { connect: connectRedlock, withServer: withRedlock, rests: spread(REDLOCK_RETRY_MS) },
  "safe-redis-leader": {
    connect: connectSafeRedisLeader,
    withServer: withSafeRedisLeader,
    rests: spread(SAFE_REDIS_LEADER.wait),
  },
  "redis-channel": { connect: connectRedisChannel, withServer: withRedis, rests: always(SHORT_MS) },
  "redis-channel-synced": { connect: connectRedisChannel, withServer: withSyncedRedis, rests: always(SHORT_MS) },
};
