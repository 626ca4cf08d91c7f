/** The same hand-over in other products, where they are installed. A ratio above 1 means that they take longer. */
import { median } from "../../cli/statistics.ts";
import { withBackend } from "../backend.ts";
import { interleaved, pairOf } from "../pair.ts";
import { withEtcd } from "../peers/etcd.ts";
import { withRedisChannel } from "../peers/redis-channel.ts";
import { withRedlock } from "../peers/redlock.ts";
import { SAFE_REDIS_LEADER, withSafeRedisLeader } from "../peers/safe-redis-leader.ts";
import type { HandOver } from "../peers/server.ts";
import { withTabElection } from "../peers/tab-election.ts";
import { withWebLocks } from "../peers/web-locks.ts";
import { withZooKeeper } from "../peers/zookeeper.ts";
import type { Measured, Row } from "../row.ts";

const OFTEN = { turns: 10, inATurn: 20, warmUp: 3 };
/** Samples of products that take a tenth of a second each. */
const SELDOM = { turns: 10, inATurn: 5, warmUp: 1 };
/** Samples of products that take seconds. */
const RARELY = { turns: 5, inATurn: 2, warmUp: 0 };

interface Peer {
  readonly id: string;
  readonly name: string;
  readonly settings: string;
  /**
   * A product with a server: ours must be faster. Pages of one browser need no server, and a bare lock is no product: ours
   * may be slower than those.
   */
  readonly isServer: boolean;
  readonly series: typeof OFTEN;
  readonly with: (work: (handOver: HandOver) => Promise<Measured>) => Promise<Measured>;
}

/** Measures both in turn, so that other work of the machine affects both alike. */
const measured = ({ with: withPeer, series }: Peer): Promise<Measured> =>
  withPeer((handOver) =>
    withBackend({}, async ({ url }) => {
      await using ours = await pairOf(url, "bench", ["a"]);
      const samples = await interleaved(handOver, ours.handOver, series);
      return { samples: samples.measured, reference: { name: "ours", value: median(samples.reference) } };
    }),
  );

const peerRow = (peer: Peer): Row => ({
  id: `peer-${peer.id}`,
  name: `hand-over, ${peer.name}`,
  unit: "ms",
  settings: peer.settings,
  bounds: peer.isServer ? [{ of: "ratio", least: 1 }] : [],
  measure: () => measured(peer),
});

const ONE_REDIS = "one server, appendfsync always; ioredis";

const PEERS: readonly Peer[] = [
  {
    id: "zookeeper",
    name: "ZooKeeper",
    settings: "one server, fsync of its log; node-zookeeper-client, ephemeral sequential nodes, session 30 s",
    isServer: true,
    series: OFTEN,
    with: withZooKeeper,
  },
  {
    id: "etcd",
    name: "etcd",
    settings: "one server, fsync of its log; the election of etcd3, lease 60 s (its default)",
    isServer: true,
    series: SELDOM,
    with: withEtcd,
  },
  {
    id: "redlock",
    name: "Redis by redlock",
    settings: `${ONE_REDIS}; TTL 10 s, a try every 100-300 ms (its default) until it has the lock`,
    isServer: true,
    series: SELDOM,
    with: withRedlock,
  },
  {
    id: "safe-redis-leader",
    name: "Redis by safe-redis-leader",
    settings: `${ONE_REDIS}; TTL ${SAFE_REDIS_LEADER.ttl} ms, a try every ${SAFE_REDIS_LEADER.wait} ms (those of its documentation)`,
    isServer: true,
    series: RARELY,
    with: withSafeRedisLeader,
  },
  {
    id: "redis-channel",
    name: "a bare Redis lock told by a channel",
    settings: `${ONE_REDIS}; the release is published and tried for at once: no library, no queue, no fencing token`,
    isServer: false,
    series: OFTEN,
    with: withRedisChannel,
  },
  {
    id: "web-locks",
    name: "Web Locks in Chromium",
    settings: "two pages of one origin in one browser: no server, nothing stored, no fencing token",
    isServer: false,
    series: OFTEN,
    with: withWebLocks,
  },
  {
    id: "tab-election",
    name: "tab-election in Chromium",
    settings: "two pages of one origin in one browser, waitForLeadership and relinquishLeadership: as Web Locks",
    isServer: false,
    series: OFTEN,
    with: withTabElection,
  },
];

export const PEER_ROWS: readonly Row[] = PEERS.map(peerRow);
