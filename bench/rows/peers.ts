/** What others take for the same hand-over, where they are installed. A ratio above 1 says that they take longer. */
import { etcdHandOvers } from "../peers/etcd.ts";
import { redisHandOvers } from "../peers/redis.ts";
import { webLocksHandOvers } from "../peers/web-locks.ts";
import { zooKeeperHandOvers } from "../peers/zookeeper.ts";
import type { Row } from "../row.ts";

const HAND_OVERS = 200;
const SLOW_HAND_OVERS = 40;

interface Peer {
  readonly id: string;
  readonly name: string;
  readonly settings: string;
  /** Pages of one browser need no server: slower than they are is no fault. */
  readonly isServer: boolean;
  handOvers(): Promise<number[]>;
}

const peerRow = ({ id, name, settings, isServer, handOvers }: Peer): Row => ({
  id: `peer-${id}`,
  name: `hand-over, ${name}`,
  unit: "ms",
  settings,
  reference: async (_, bench) => ({ name: "hand-over of ours", value: (await bench.summaryOf("hand-over-2")).p50 }),
  bounds: isServer ? [{ of: "ratio", least: 1 }] : [],
  measure: async () => ({ samples: await handOvers() }),
});

const PEERS: readonly Peer[] = [
  {
    id: "zookeeper",
    name: "ZooKeeper",
    settings: "one server, fsync of its log; ephemeral sequential nodes, session 10 s; a minimal client of ours",
    isServer: true,
    handOvers: () => zooKeeperHandOvers(HAND_OVERS),
  },
  {
    id: "etcd",
    name: "etcd",
    settings: "one server, fsync of its log; its election service by the HTTP gateway, lease 10 s",
    isServer: true,
    handOvers: () => etcdHandOvers(HAND_OVERS),
  },
  {
    id: "redis-polling",
    name: "Redis, polled as redlock does",
    settings: "one server, appendfsync always; SET NX PX 10000, a try every 200-300 ms; a minimal client of ours",
    isServer: true,
    handOvers: () => redisHandOvers("polling", SLOW_HAND_OVERS),
  },
  {
    id: "redis-channel",
    name: "Redis, told by a channel",
    settings: "the same, but the release is published and tried for at once; no queue, no fencing token",
    isServer: true,
    handOvers: () => redisHandOvers("channel", HAND_OVERS),
  },
  {
    id: "web-locks",
    name: "Web Locks in Chromium",
    settings: "two pages of one origin in one browser: no server, nothing stored",
    isServer: false,
    handOvers: () => webLocksHandOvers(HAND_OVERS),
  },
];

export const PEER_ROWS: readonly Row[] = PEERS.map(peerRow);
