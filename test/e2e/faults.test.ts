/** Real faults: real processes that are killed and stopped, a real backend that crashes, a real network that fails. */

import { afterEach, expect, test } from "vitest";
import { type LocalBackend, startLocalBackend } from "../../tools/harness/backend.ts";
import { endingsOf } from "../../tools/harness/backend-answers.ts";
import { type Cluster, candidate, startCluster } from "../../tools/harness/cluster.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { beliefs, faultsIn } from "../../tools/harness/history.ts";
import { type FaultyProxy, startProxy } from "../../tools/harness/proxy.ts";
import { recordFailover } from "../support/measured.ts";

/** Its end is waited for; and it is long enough that nobody else loses it meanwhile. */
const LEASE_MS = 4_000;
const BINDINGS = { OPEN_MODE: "loopback", LEASE_MS: String(LEASE_MS), DRAIN_MS: "1000" };
/** Where no lease is to end, not even on a busy machine. */
const PATIENT = { ...BINDINGS, LEASE_MS: "20000" };
const COMPONENTS = ["dispatcher", "resource-manager"];
const [FIRST = ""] = COMPONENTS;

let backend: LocalBackend;
let cluster: Cluster;
const proxies: FaultyProxy[] = [];

async function setUp(group: string, bindings: typeof BINDINGS = BINDINGS): Promise<void> {
  backend = await startLocalBackend({ bindings });
  cluster = await startCluster(backend.url, group, COMPONENTS);
}

async function proxied(): Promise<FaultyProxy> {
  const proxy = await startProxy(backend.port);
  proxies.push(proxy);
  return proxy;
}

afterEach(async () => {
  await cluster.end();
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
  await backend.stop();
});

const msBetween = (from: bigint, to: bigint): number => Number(to - from) / 1e6;
const now = (): bigint => process.hrtime.bigint();

/** When this process reported its newest grant. */
const grantedAt = (name: string): bigint => {
  const grants = cluster.members.find((member) => member.name === name)?.told.filter(({ event }) => event === "grant");
  return BigInt(grants?.at(-1)?.at ?? 0);
};

/** Why the terms of the process election have ended, the newest first. */
const reasons = (group: string): Promise<(string | null)[]> => endingsOf(backend.url, group);

test("[S2] [N4] after SIGKILL of the leader another process leads, never before the lease is over", async () => {
  await setUp("sigkill");
  for (const name of ["a", "b", "c"]) cluster.start(name);
  const first = await cluster.leader(FIRST);
  const epoch = first.leads.get(FIRST) ?? 0;
  first.child.kill("SIGKILL");
  const killedAt = now();
  const next = await cluster.leader(FIRST, epoch);
  expect(next.name).not.toBe(first.name);
  recordFailover("SIGKILL of the leading process", msBetween(killedAt, grantedAt(next.name)));
  const belief = beliefs(cluster.histories()).find((one) => one.process === first.name && one.epoch === epoch);
  expect(grantedAt(next.name)).toBeGreaterThan(belief?.until ?? grantedAt(next.name));
  expect(faultsIn(cluster.histories())).toEqual([]);
});

test("[S6] [S13] a leader that was stopped (SIGSTOP) past its lease is no leader at its first instruction", async () => {
  await setUp("sigstop");
  for (const name of ["a", "b"]) cluster.start(name);
  const first = await cluster.leader(FIRST);
  const epoch = first.leads.get(FIRST) ?? 0;
  // A process that is stopped inside an `onGrant` would write its grant down when it goes on: that is not promised against (S13).
  await cluster.until("the grants of all its components", () => first.leads.size === COMPONENTS.length || undefined);
  first.child.kill("SIGSTOP");
  const stoppedAt = now();
  const next = await cluster.leader(FIRST, epoch);
  recordFailover("SIGSTOP of the leading process", msBetween(stoppedAt, grantedAt(next.name)));
  expect(next.name).not.toBe(first.name);
  first.child.kill("SIGCONT");
  await cluster.until("the end of the old term", () => first.told.find(({ event }) => event.startsWith("revoke")));
  expect(faultsIn(cluster.histories())).toEqual([]);
});

test("[S8] [N3] SIGTERM hands over without waiting for the lease", async () => {
  await setUp("sigterm", PATIENT);
  for (const name of ["a", "b"]) cluster.start(name);
  const first = await cluster.leader(FIRST);
  const epoch = first.leads.get(FIRST) ?? 0;
  await candidate(backend.url, "sigterm", first.name === "a" ? "b" : "a");
  const toldAt = now();
  first.child.kill("SIGTERM");
  await first.ended;
  expect(first.told.filter(({ event }) => event === "revoke closed")).toHaveLength(COMPONENTS.length);
  const next = await cluster.leader(FIRST, epoch);
  recordFailover("SIGTERM of the leading process", msBetween(toldAt, grantedAt(next.name)));
  expect(await reasons("sigterm")).toEqual([null, "closed"]);
  expect(faultsIn(cluster.histories())).toEqual([]);
});

for (const directions of [["up"], ["down"], ["up", "down"]] as const) {
  test(`[S1] [S2] [S4] a leader whose network fails silently (${directions.join(" and ")}) stops before another one starts`, async () => {
    const group = `partition-${directions.join("-")}`;
    await setUp(group);
    const proxy = await proxied();
    cluster.start("a", { url: proxy.url });
    const first = await cluster.leader(FIRST);
    const epoch = first.leads.get(FIRST) ?? 0;
    cluster.start("b");
    await candidate(backend.url, group, "b");
    proxy.partition(...directions);
    const brokenAt = now();
    const next = await cluster.leader(FIRST, epoch);
    recordFailover(`half-open link, ${directions.join(" and ")}`, msBetween(brokenAt, grantedAt("b")));
    expect(next.name).toBe("b");
    const reconnected = proxy.connected();
    proxy.heal();
    await reconnected; // until then the group counts its old socket
    await candidate(backend.url, group, "a"); // the healed process is a candidate again: nothing is stuck
    next.order({ order: "resign" });
    const again = await cluster.leader(FIRST, next.leads.get(FIRST) ?? epoch + 1);
    expect(again.name).toBe("a");
    expect(faultsIn(cluster.histories())).toEqual([]);
  });
}

test("[N4] [X3] resign and close hand over at once", async () => {
  await setUp("resign", PATIENT);
  for (const name of ["a", "b"]) cluster.start(name);
  const first = await cluster.leader(FIRST);
  const other = first.name === "a" ? "b" : "a";
  await candidate(backend.url, "resign", other);
  const resignedAt = now();
  first.order({ order: "resign" });
  const next = await cluster.leader(FIRST, first.leads.get(FIRST));
  recordFailover("resign", msBetween(resignedAt, grantedAt(next.name)));
  expect(next.name).toBe(other);
  await candidate(backend.url, "resign", first.name);
  const closedAt = now();
  for (const component of COMPONENTS) next.order({ order: "close", component });
  const last = await cluster.leader(FIRST, next.leads.get(FIRST));
  recordFailover("close of the last contender", msBetween(closedAt, grantedAt(last.name)));
  expect(last.name).toBe(first.name);
  expect(faultsIn(cluster.histories())).toEqual([]);
});

test("[N1] [N5] a leader whose connection is reset keeps its term without a callback", async () => {
  await setUp("reset", PATIENT);
  const proxy = await proxied();
  cluster.start("a", { url: proxy.url });
  const leader = await cluster.leader(FIRST);
  await cluster.until("all components", () => (leader.leads.size === COMPONENTS.length ? true : undefined));
  const before = leader.told.length;
  proxy.reset();
  // A component that joins proves that the session is back: it can be granted by the running term only.
  leader.order({ order: "contend", component: "late" });
  await cluster.leader("late");
  expect(leader.told.slice(before).map(({ event, component }) => [event, component])).toEqual([["grant", "late"]]);
  expect(leader.leads.get("late")).toBe(leader.leads.get(FIRST));
});

test("[N5] [S3] a backend that crashes and restarts within the lease changes nothing for the leader", async () => {
  await using folder = await temporaryFolder();
  const dataDir = folder.path;
  backend = await startLocalBackend({ bindings: PATIENT, dataDir });
  cluster = await startCluster(backend.url, "restart", COMPONENTS);
  cluster.start("a");
  const leader = await cluster.leader(FIRST);
  cluster.start("b");
  await cluster.until("all components", () => (leader.leads.size === COMPONENTS.length ? true : undefined));
  const epoch = leader.leads.get(FIRST);
  const before = leader.told.length;
  const crashedAt = now();
  await backend.kill();
  backend = await startLocalBackend({ bindings: PATIENT, port: backend.port, dataDir });
  leader.order({ order: "contend", component: "late" });
  await cluster.leader("late");
  recordFailover("crash and restart of the backend, until the leader is back", msBetween(crashedAt, grantedAt("a")));
  expect(leader.told.slice(before).map(({ event, component }) => [event, component])).toEqual([["grant", "late"]]);
  expect(leader.leads.get("late")).toBe(epoch);
  expect(faultsIn(cluster.histories())).toEqual([]);
});
