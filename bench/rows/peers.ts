/** The same work in other products, where they are installed. A ratio of times above 1 means that they take longer. */
import { median } from "../../cli/statistics.ts";
import { DEFAULT_LEASE_MS } from "../../shared/lease.ts";
import { interleaved, WARM_UP_ROUNDS } from "../pair.ts";
import { AT_ONCE } from "../peers/churn.ts";
import { withOurs } from "../peers/ours.ts";
import { Party } from "../peers/party.ts";
import { PRODUCTS, type ProductName } from "../peers/products.ts";
import { SAFE_REDIS_LEADER } from "../peers/safe-redis-leader.ts";
import type { HandOver } from "../peers/server.ts";
import { silentHandOvers } from "../peers/silence.ts";
import { withTabElection } from "../peers/tab-election.ts";
import { handOversOf, ourHandOvers, type Setting } from "../peers/turns.ts";
import { withWebLocks } from "../peers/web-locks.ts";
import { inWords } from "../peers/words.ts";
import { withZooKeeper, ZOOKEEPER_SESSION_MS } from "../peers/zookeeper.ts";
import { type Measured, type Row, Skipped } from "../row.ts";
import { largestCrowd } from "../sockets.ts";
import type { Bound } from "../verdict.ts";

const OFTEN = { turns: 10, inATurn: 20, warmUp: 3 };
/** Samples of products that take a tenth of a second each. */
const SELDOM = { turns: 10, inATurn: 5, warmUp: 1 };
/** Samples of products that take seconds. */
const RARELY = { turns: 5, inATurn: 2, warmUp: 0 };
const JOINS = { turns: 10, inATurn: 10, warmUp: 2 };

interface Peer {
  readonly product: Exclude<ProductName, "ours">;
  readonly name: string;
  readonly settings: string;
  readonly series: typeof OFTEN;
  readonly warmsUp: Setting["warmsUp"];
  /** Ours must not be slower. A bare lock is no product: ours may be slower than that. */
  readonly bounds: readonly Bound[];
}

const NOT_SLOWER: readonly Bound[] = [{ of: "ratio", least: 1 }];
const ONE_REDIS = "one server as it ships, which syncs no write; ioredis";
const ALONE = `${WARM_UP_ROUNDS} rounds of each without a rival before them do not count`;
const WITH_RIVAL = `${WARM_UP_ROUNDS} rounds of each before them do not count`;

const ZOOKEEPER: Peer = {
  product: "zookeeper",
  name: "ZooKeeper",
  settings: `one server, fsync of its log; node-zookeeper-client, ephemeral sequential nodes, session 30 s; ${WITH_RIVAL}`,
  series: OFTEN,
  warmsUp: "with a rival",
  bounds: NOT_SLOWER,
};
const ETCD: Peer = {
  product: "etcd",
  name: "etcd",
  settings: `one server, fsync of its log; the election of etcd3, lease 60 s (its default); ${ALONE}`,
  series: SELDOM,
  warmsUp: "alone",
  bounds: NOT_SLOWER,
};
const REDLOCK: Peer = {
  product: "redlock",
  name: "Redis by redlock",
  settings: `${ONE_REDIS}; TTL 10 s, a try every 100-300 ms (its default) until it has the lock; ${ALONE}`,
  series: SELDOM,
  warmsUp: "alone",
  bounds: NOT_SLOWER,
};
const SAFE_REDIS: Peer = {
  product: "safe-redis-leader",
  name: "Redis by safe-redis-leader",
  settings: `${ONE_REDIS}; TTL ${SAFE_REDIS_LEADER.ttl} ms, a try every ${SAFE_REDIS_LEADER.wait} ms (those of its documentation); ${ALONE}`,
  series: RARELY,
  warmsUp: "alone",
  bounds: NOT_SLOWER,
};
const REDIS_CHANNEL: Peer = {
  product: "redis-channel",
  name: "a bare Redis lock told by a channel",
  settings: `${ONE_REDIS}; the release is published and tried for at once: no library, no queue, no fencing token; ${WITH_RIVAL}`,
  series: OFTEN,
  warmsUp: "with a rival",
  bounds: [],
};
const SYNCED_CHANNEL: Peer = {
  ...REDIS_CHANNEL,
  product: "redis-channel-synced",
  name: "the same with a sync of every write",
  settings: "one server, appendfsync always; otherwise the same",
};

function against(samples: readonly number[], ours: readonly number[], unit: "ms" | "per s" = "ms"): Measured {
  const value = median(ours);
  return { samples, reference: { name: "ours", value }, note: inWords(median(samples), value, unit) };
}

/** Measures both in turn, so that other work of the machine affects both alike. */
function handOverRow(peer: Peer, waiting: number, processes: Setting["processes"]): Row {
  const { product, name, settings, bounds, ...rest } = peer;
  const some = waiting === 0 ? [] : [`${waiting.toLocaleString("en")} waiting`];
  const place = processes === 1 ? "one process" : "two processes";
  const id = [`peer-${product}`, ...(waiting === 0 ? [] : [waiting]), ...(processes === 1 ? [] : ["apart"])];
  return {
    id: id.join("-"),
    name: `hand-over, ${[name, ...some, place].join(", ")}`,
    unit: "ms",
    settings,
    bounds,
    async measure() {
      const crowd = Math.min(waiting, largestCrowd(waiting + 2) - 2);
      if (crowd < waiting)
        throw new Skipped(`the limit on open files allows only ${crowd} waiting: ulimit -n raises it`);
      const { measured, reference } = await handOversOf({ peer: product, waiting, processes, ...rest });
      return against(measured, reference);
    },
  };
}

function pageRow(id: string, name: string, settings: string, withPages: typeof withWebLocks): Row {
  return {
    id: `peer-${id}`,
    name: `hand-over, ${name} in Chromium`,
    unit: "ms",
    settings: `two pages of one origin in one browser${settings}; ${WITH_RIVAL}`,
    measure: () =>
      withPages((theirs: HandOver) =>
        ourHandOvers(async (ours) => {
          for (let round = 0; round < WARM_UP_ROUNDS; round++) await theirs();
          const { measured, reference } = await interleaved(theirs, ours, OFTEN);
          return against(measured, reference);
        }),
      ),
  };
}

const joinRow = ({ product, name, settings }: Peer): Row => ({
  id: `peer-${product}-join`,
  name: `join to lead, ${name}`,
  unit: "ms",
  settings: `${settings}; each time a new client in an empty election`,
  measure: () =>
    PRODUCTS[product].withServer((theirAddress) =>
      PRODUCTS.ours.withServer(async (ourAddress) => {
        await using theirs = new Party({ product, address: theirAddress });
        await using ours = new Party({ product: "ours", address: ourAddress });
        const [joins, ourJoins] = [theirs, ours].map((party) => () => party.order({ type: "join", election: "join" }));
        if (joins === undefined || ourJoins === undefined) throw new Error("nobody joins");
        for (let round = 0; round < WARM_UP_ROUNDS; round++) await Promise.all([joins(), ourJoins()]);
        const { measured, reference } = await interleaved(joins, ourJoins, JOINS);
        return against(measured, reference);
      }),
    ),
});

const GROUPS = 1_000;
const WINDOW_MS = 2_000;
const WINDOWS = 5;

const groupsRow: Row = {
  id: "peer-zookeeper-groups",
  name: "hand-overs a second, ZooKeeper, 1,000 groups at once",
  unit: "per s",
  settings:
    `2 clients with a connection each in every group, ${AT_ONCE} groups at once, session and lease 30 s, the clients of ` +
    `each side in a process of its own; windows of ${WINDOW_MS} ms in turns, after one of each that does not count`,
  bounds: [{ of: "ratio", most: 1 }],
  measure: () =>
    withZooKeeper((theirAddress) =>
      withOurs(async (ourAddress) => {
        await using theirs = new Party({ product: "zookeeper", address: theirAddress });
        await using ours = new Party({ product: "ours", address: ourAddress });
        const rateOf = (party: Party) => () => party.order({ type: "churn", elections: GROUPS, ms: WINDOW_MS });
        const series = { turns: WINDOWS, inATurn: 1, warmUp: 0 };
        for (const party of [theirs, ours]) await rateOf(party)();
        const { measured, reference } = await interleaved(rateOf(theirs), rateOf(ours), series);
        return against(measured, reference, "per s");
      }, ZOOKEEPER_SESSION_MS),
    ),
};

/** So many elections at the same time, since each waits for a time-out. */
const SILENT_SAMPLES = 5;

const silentRow = (silent: number): Row => ({
  id: `peer-zookeeper-silent-${silent}`,
  name: `hand-over, ZooKeeper, ${silent} in front just stopped`,
  unit: "ms",
  settings:
    "session and lease 10 s; the process of those in front is stopped right before, so nobody has noticed; the first rounds of either server",
  measure: () =>
    withZooKeeper(
      (theirAddress) =>
        PRODUCTS.ours.withServer(async (ourAddress) => {
          const both = await Promise.all([
            silentHandOvers("zookeeper", theirAddress, silent, SILENT_SAMPLES),
            silentHandOvers("ours", ourAddress, silent, SILENT_SAMPLES),
          ]);
          return against(...both);
        }),
      DEFAULT_LEASE_MS,
    ),
});

export const PEER_ROWS: readonly Row[] = [
  ...[0, 100, 1_000].flatMap((waiting) => [handOverRow(ZOOKEEPER, waiting, 1), handOverRow(ZOOKEEPER, waiting, 2)]),
  ...[ETCD, REDLOCK, REDIS_CHANNEL].flatMap((peer) => [handOverRow(peer, 0, 1), handOverRow(peer, 0, 2)]),
  handOverRow(SYNCED_CHANNEL, 0, 1),
  handOverRow(SAFE_REDIS, 0, 1),
  groupsRow,
  ...[ZOOKEEPER, ETCD, REDLOCK].map(joinRow),
  ...[1, 3].map(silentRow),
  pageRow("web-locks", "Web Locks", ": no server, nothing stored, no fencing token", withWebLocks),
  pageRow(
    "tab-election",
    "tab-election",
    ", waitForLeadership and relinquishLeadership: as Web Locks",
    withTabElection,
  ),
];
