/** What others take for the same hand-over, where they are installed. A ratio above 1 says that they take longer. */
import { median } from "../../cli/statistics.ts";
import { withBackend } from "../backend.ts";
import { interleaved, pairOf } from "../pair.ts";
import { withEtcd } from "../peers/etcd.ts";
import { withRedis } from "../peers/redis.ts";
import type { HandOver } from "../peers/server.ts";
import { withWebLocks } from "../peers/web-locks.ts";
import { withZooKeeper } from "../peers/zookeeper.ts";
import type { Measured, Row } from "../row.ts";

const OFTEN = { turns: 10, inATurn: 20, warmUp: 3 };
/** For those that take a tenth of a second each. */
const SELDOM = { turns: 10, inATurn: 5, warmUp: 1 };

interface Peer {
  readonly id: string;
  readonly name: string;
  readonly settings: string;
  /** Pages of one browser need no server: slower than they are is no fault. */
  readonly isServer: boolean;
  readonly series: typeof OFTEN;
  with(work: (handOver: HandOver) => Promise<Measured>): Promise<Measured>;
}

/** Both take turns, so that what else the machine does meets both alike. */
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

const PEERS: readonly Peer[] = [
  {
    id: "zookeeper",
    name: "ZooKeeper",
    settings: "one server, fsync of its log; ephemeral sequential nodes, session 30 s; a minimal client of ours",
    isServer: true,
    series: OFTEN,
    with: (work) => withZooKeeper(work),
  },
  {
    id: "etcd",
    name: "etcd",
    settings: "one server, fsync of its log; its election service by the HTTP gateway, lease 30 s",
    isServer: true,
    series: SELDOM,
    with: (work) => withEtcd(work),
  },
  {
    id: "redis-polling",
    name: "Redis, polled as redlock does",
    settings: "one server, appendfsync always; SET NX PX 10000, a try every 200-300 ms; a minimal client of ours",
    isServer: true,
    series: SELDOM,
    with: (work) => withRedis("polling", work),
  },
  {
    id: "redis-channel",
    name: "Redis, told by a channel",
    settings: "the same, but the release is published and tried for at once; no queue, no fencing token",
    isServer: true,
    series: OFTEN,
    with: (work) => withRedis("channel", work),
  },
  {
    id: "web-locks",
    name: "Web Locks in Chromium",
    settings: "two pages of one origin in one browser: no server, nothing stored",
    isServer: false,
    series: OFTEN,
    with: (work) => withWebLocks(work),
  },
];

export const PEER_ROWS: readonly Row[] = PEERS.map(peerRow);
