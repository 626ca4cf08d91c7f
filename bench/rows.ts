/** What is measured: each row gives samples in milliseconds, and what they are compared with. */
import type { LocalBackend } from "../cli/local-backend.ts";
import { startLocalBackend } from "../cli/local-backend.ts";
import type { ElectionClient, Leadership } from "../client/index.ts";
import { createElectionClient } from "../client/node/index.ts";
import { candidate, startCluster } from "../test/support/cluster.ts";
import type { Floor } from "./floor.ts";

export interface Row {
  readonly name: string;
  /** What the ratio is taken to: medians of the floor, or a lease. */
  readonly reference: (floor: Floor) => { readonly name: string; readonly ms: number };
  readonly samples: () => Promise<number[]>;
}

const HAND_OVERS = 200;
const JOINS = 50;
const CRASHES = 5;
const DEFAULT_LEASE_MS = 10_000;

async function withBackend<T>(
  bindings: Record<string, string>,
  work: (backend: LocalBackend) => Promise<T>,
): Promise<T> {
  const backend = await startLocalBackend({ bindings: { OPEN_MODE: "loopback", ...bindings } });
  try {
    return await work(backend);
  } finally {
    await backend.stop();
  }
}

/** A client whose grants can be waited for: `granted` resolves when all its components have the next one. */
function member(url: string, group: string, name: string, components: readonly string[]) {
  const client = createElectionClient({ url, group, process: { name }, signals: false });
  let open = new Map<string, Leadership>();
  let resolve: (leaderships: ReadonlyMap<string, Leadership>) => void = () => undefined;
  let granted = new Promise<ReadonlyMap<string, Leadership>>((done) => {
    resolve = done;
  });
  for (const component of components) {
    client.contend(component, {
      onGrant(leadership) {
        open.set(component, leadership);
        if (open.size === components.length) resolve(open);
      },
    });
  }
  return {
    client,
    next: () => granted,
    again(): void {
      open = new Map();
      granted = new Promise((done) => {
        resolve = done;
      });
    },
  };
}

async function closeAll(clients: readonly ElectionClient[]): Promise<void> {
  await Promise.all(clients.map((client) => client.close()));
}

/** From the call of `resign` to the last `onGrant` of the next process. */
async function handOvers(components: readonly string[]): Promise<number[]> {
  return withBackend({}, async ({ url }) => {
    let [leader, follower] = [member(url, "bench", "a", components), member(url, "bench", "b", components)];
    await Promise.race([leader.next(), follower.next()]);
    const first = (await leader.client.getStatus()).elections[0]?.leader?.process;
    if (first === "b") [leader, follower] = [follower, leader];
    await candidate(url, "bench", first === "b" ? "a" : "b");
    const samples: number[] = [];
    for (let index = 0; index < HAND_OVERS; index++) {
      leader.again();
      const startedAt = performance.now();
      void leader.client.resign();
      await follower.next();
      samples.push(performance.now() - startedAt);
      [leader, follower] = [follower, leader];
    }
    await closeAll([leader.client, follower.client]);
    return samples;
  });
}

/** From making the client to `onGrant`: connect, hello, offer, renew; in a group of its own. */
const joins = (): Promise<number[]> =>
  withBackend({}, async ({ url }) => {
    const samples: number[] = [];
    for (let index = 0; index < JOINS; index++) {
      const startedAt = performance.now();
      const { client, next } = member(url, `join-${index}`, "a", ["a"]);
      await next();
      samples.push(performance.now() - startedAt);
      await client.close();
    }
    return samples;
  });

/** From SIGKILL of the leading process to the grant in another one. */
const crashes = (leaseMs: number): Promise<number[]> =>
  withBackend({ LEASE_MS: String(leaseMs) }, async ({ url }) => {
    const samples: number[] = [];
    for (let index = 0; index < CRASHES; index++) {
      const cluster = await startCluster(url, `crash-${index}`, ["a"]);
      cluster.start("one");
      const leader = await cluster.leader("a");
      const next = cluster.start("two");
      await candidate(url, `crash-${index}`, "two");
      const killedAt = process.hrtime.bigint();
      leader.child.kill("SIGKILL");
      await cluster.leader("a", leader.leads.get("a"));
      samples.push(Number(BigInt(next.told.at(-1)?.at ?? 0) - killedAt) / 1e6);
      await cluster.end();
    }
    return samples;
  });

const EIGHT = Array.from({ length: 8 }, (_, index) => `component-${index}`);

export const ROWS: readonly Row[] = [
  {
    name: "hand-over by resign, 2 contenders",
    reference: ({ relayMs, echoMs }) => ({ name: "2 F1 + F0", ms: 2 * relayMs + echoMs }),
    samples: () => handOvers(["a"]),
  },
  {
    name: "hand-over by resign, 8 components moved",
    reference: ({ relayMs, echoMs }) => ({ name: "2 F1 + F0", ms: 2 * relayMs + echoMs }),
    samples: () => handOvers(EIGHT),
  },
  {
    name: "join to lead",
    reference: ({ relayMs, upgradeMs }) => ({ name: "upgrade + 2 F1", ms: upgradeMs + 2 * relayMs }),
    samples: joins,
  },
  {
    name: "crash fail-over, D = 2 s",
    reference: () => ({ name: "D", ms: 2_000 }),
    samples: () => crashes(2_000),
  },
  {
    name: "crash fail-over, default D",
    reference: () => ({ name: "D", ms: DEFAULT_LEASE_MS }),
    samples: () => crashes(DEFAULT_LEASE_MS),
  },
];
