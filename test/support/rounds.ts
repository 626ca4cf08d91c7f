/** Rounds of random faults against real processes and a real backend; what everybody believed is checked at the end. */

import { seededRandom } from "../../testing/random.ts";
import { type LocalBackend, startLocalBackend } from "../../tools/harness/backend.ts";
import { type Cluster, type Member, startCluster } from "../../tools/harness/cluster.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { beliefs, faultsIn, gapsMs } from "../../tools/harness/history.ts";
import { type FaultyProxy, startProxy } from "../../tools/harness/proxy.ts";

const COMPONENTS = ["dispatcher", "resource-manager", "rest-endpoint"];
/** In an election of its own on the same session. */
const DEDICATED = "audit";
const PROCESSES = 5;
const LEASE_MS = 2_000;
const BINDINGS = { OPEN_MODE: "loopback", LEASE_MS: String(LEASE_MS), DRAIN_MS: "1000" };
/** Within the drain time, so that a successor has somebody to wait for. */
const DRAIN_MS = 300;
/** The longest that a fault lasts: some are over within the lease, some are not. */
const LONGEST_FAULT_MS = 2 * LEASE_MS;

export interface RoundsReport {
  readonly rounds: number;
  readonly terms: number;
  /** What is wrong, in words. */
  readonly faults: readonly string[];
  /** How long nobody led, in milliseconds: the longest time between two terms. */
  readonly longestGapMs: number;
}

interface Stage {
  readonly cluster: Cluster;
  readonly proxies: Map<string, FaultyProxy>;
  readonly random: () => number;
  backend: LocalBackend;
  readonly dataDir: string;
  started: number;
}

export async function runRounds(rounds: number, seed: number, log: (line: string) => void): Promise<RoundsReport> {
  await using folder = await temporaryFolder();
  const backend = await startLocalBackend({ bindings: BINDINGS, dataDir: folder.path });
  const cluster = await startCluster(backend.url, "rounds", COMPONENTS);
  const stage = { cluster, proxies: new Map(), random: seededRandom(seed), backend, dataDir: folder.path, started: 0 };
  try {
    for (let index = 0; index < PROCESSES; index++) await join(stage);
    for (let round = 1; round <= rounds; round++) {
      const leader = await everyoneLed(cluster);
      const fault = pick(stage, FAULTS);
      log(`round ${round}: ${fault.name}, ${leader.name} leads with epoch ${leader.leads.get("dispatcher")}`);
      await fault(stage, stage.random() < 0.7 ? leader : pick(stage, alive(cluster)));
    }
    await everyoneLed(cluster);
    return report(cluster, rounds);
  } finally {
    await cluster.end();
    await Promise.all([...stage.proxies.values()].map((proxy) => proxy.close()));
    await stage.backend.stop();
  }
}

const alive = (cluster: Cluster): Member[] =>
  cluster.members.filter(({ child }) => child.exitCode === null && child.signalCode === null);

const pick = <T>({ random }: Pick<Stage, "random">, from: readonly T[]): T => {
  const chosen = from[Math.floor(random() * from.length)];
  if (chosen === undefined) throw new Error("nothing to pick from");
  return chosen;
};

async function join(stage: Stage): Promise<void> {
  stage.started += 1;
  const name = `p${stage.started}`;
  const proxy = await startProxy(stage.backend.port);
  stage.proxies.set(name, proxy);
  stage.cluster.start(name, { url: proxy.url, dedicated: [DEDICATED], drainMs: DRAIN_MS });
}

/** Resolves with the leader of the process election once every component has one again. */
function everyoneLed(cluster: Cluster): Promise<Member> {
  return cluster.until("a leader of every component", () => {
    const leads = (component: string): Member | undefined =>
      alive(cluster).find((member) => member.leads.has(component));
    const leader = leads(COMPONENTS[0] ?? "");
    const all = COMPONENTS.every((component) => leader?.leads.has(component)) && leads(DEDICATED) !== undefined;
    return all ? leader : undefined;
  });
}

const lasting = ({ random }: Stage): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, random() * LONGEST_FAULT_MS));

type Fault = (stage: Stage, member: Member) => Promise<void>;

const kill: Fault = async (stage, member) => {
  member.child.kill("SIGKILL");
  await member.ended;
  await join(stage);
};

const leave: Fault = async (stage, member) => {
  member.child.kill("SIGTERM");
  await member.ended;
  await join(stage);
};

const stop: Fault = async (stage, { child }) => {
  child.kill("SIGSTOP");
  await lasting(stage);
  child.kill("SIGCONT");
};

const resign: Fault = async (_stage, member) => member.order({ order: "resign" });

const partition: Fault = async (stage, { name }) => {
  const proxy = stage.proxies.get(name);
  proxy?.partition(...pick(stage, [["up"], ["down"], ["up", "down"]] as const));
  await lasting(stage);
  proxy?.heal();
};

const slow: Fault = async (stage, { name }) => {
  const proxy = stage.proxies.get(name);
  proxy?.delay(stage.random() * LEASE_MS);
  await lasting(stage);
  proxy?.delay(0);
};

const reset: Fault = async ({ proxies }, { name }) => proxies.get(name)?.reset();

const crashBackend: Fault = async (stage, member) => {
  if (stage.random() < 0.5) member.order({ order: "resign" }); // in the middle of a hand-over
  await stage.backend.kill();
  stage.backend = await startLocalBackend({ bindings: BINDINGS, port: stage.backend.port, dataDir: stage.dataDir });
};

const FAULTS: readonly Fault[] = [kill, leave, stop, resign, partition, slow, reset, crashBackend];

function report(cluster: Cluster, rounds: number): RoundsReport {
  const histories = cluster.histories();
  return {
    rounds,
    terms: beliefs(histories).length,
    faults: faultsIn(histories),
    longestGapMs: Math.max(0, ...gapsMs(histories, "dispatcher")),
  };
}
