/** What has to work while a Worker and its objects are of two versions, with real clients of both. Each rejects if it does not. */
import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { freePort } from "../../cli/backend/free-port.ts";
import type { ElectionClient, Leadership } from "../../client/index.ts";
import { bodyOf, historyOf, statusOf } from "../../tools/harness/backend-answers.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { PATIENCE_MS } from "../../tools/harness/patience.ts";
import { type Skewed, serveSkewed, type Version } from "../../tools/harness/versions.ts";

const GROUP = "versions";
const COMPONENT = "dispatcher";
/** No lease is to end while a backend is replaced. */
export const BINDINGS = { LEASE_MS: "20000", DRAIN_MS: "1000", HORIZON_AHEAD_MS: "20000", LIMITS: '{"confirms":400}' };
const LOOK_EVERY_MS = 20;

async function until<T>(what: string, find: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const found = await find();
    if (found !== undefined) return found;
    await wait(LOOK_EVERY_MS);
  }
  throw new Error(`waited in vain for ${what}`);
}

interface Contender extends AsyncDisposable {
  readonly client: ElectionClient;
  /** Every term that it was granted, oldest first. */
  readonly terms: readonly Leadership[];
  /** How many of them it was told to be over. */
  readonly revoked: () => number;
  /** The term that it leads; waits for one above this epoch. */
  leads(above?: number): Promise<Leadership>;
}

function contender({ createElectionClient }: Version, url: string, name: string): Contender {
  const client = createElectionClient({
    url,
    group: GROUP,
    process: { name, address: `tcp://${name}` },
    signals: false,
  });
  const terms: Leadership[] = [];
  let revoked = 0;
  client.contend(COMPONENT, {
    onGrant(leadership) {
      terms.push(leadership);
      return leadership.confirm();
    },
    onRevoke() {
      revoked += 1;
    },
  });
  const leads = (above = 0): Promise<Leadership> =>
    until(`${name} to lead`, () => terms.find((term) => term.epoch > above && term.isLeader()));
  return { client, terms, revoked: () => revoked, leads, [Symbol.asyncDispose]: () => client.close() };
}

/** The process is a candidate that the group can grant the election at once. */
const waits = (url: string, name: string): Promise<true> =>
  until(`${name} to wait`, async () => {
    const { elections } = await statusOf(url, GROUP);
    const isThere = elections.some(({ candidates }) => candidates.some((one) => one.process === name && one.ready));
    return isThere || undefined;
  });

async function call(url: string, method: string, ...rest: readonly unknown[]): Promise<Record<string, unknown>> {
  const body = JSON.stringify(rest);
  const { answer } = await bodyOf<{ answer?: Record<string, unknown> }>(
    await fetch(`${url}/rpc/${method}/${GROUP}`, { method: "POST", body }),
  );
  assert.ok(answer !== undefined && answer !== null, `${method} by RPC has no answer`);
  return answer;
}

/** Joining, hand-overs by every way, look-ups, an operator's order, and contenders by RPC; then the present settings hold. */
export async function everythingWorks(pair: Pick<Skewed, "worker" | "object">): Promise<void> {
  await using folder = await temporaryFolder();
  await using runtime = await serveSkewed({ ...pair, folder: folder.path, port: await freePort(), bindings: BINDINGS });
  const { url } = runtime;
  await using one = contender(pair.worker, url, "one");
  const { epoch } = await one.leads();
  await using two = contender(pair.object, url, "two");
  await waits(url, "two");
  await one.client.resign();
  const second = await two.leads(epoch);
  await look(url, second);
  await waits(url, "one");
  const revoke = await fetch(`${url}/v1/groups/${GROUP}/elections/process/revoke`, { method: "POST" });
  assert.equal(revoke.status, 200);
  const third = await one.leads(second.epoch);
  await contendByRpc(url);
  await two.client.close();
  await one.client.close();
  const epochs = (await historyOf(url, GROUP)).map((term) => term.epoch);
  assert.deepEqual(epochs.slice(-3), [third.epoch, second.epoch, epoch]);
  await tries(pair, url);
}

async function look(url: string, { epoch }: Leadership): Promise<void> {
  await until("the leader's address", async () => {
    const answer = await fetch(`${url}/v1/groups/${GROUP}/leaders/${COMPONENT}`);
    const leader = await bodyOf<{ epoch?: number; address?: string }>(answer);
    return (leader.epoch === epoch && leader.address === "tcp://two") || undefined;
  });
  for (const path of ["", "/history", "/metrics"]) {
    assert.equal((await fetch(`${url}/v1/groups/${GROUP}${path}`)).status, 200, path);
  }
  const welcomed = await statusOf(url, GROUP);
  assert.ok((welcomed.elections[0]?.remainingMs ?? 0) > 10_000, "the lease is that of the settings");
}

/** A try runs, or the group is too old for it; either way nothing waits afterwards. */
async function tries({ worker }: Pick<Skewed, "worker" | "object">, url: string): Promise<void> {
  await using trying = worker.createElectionClient({ url, group: GROUP, signals: false });
  const outcome = await trying
    .tryElect("tried", () => "ran", { election: "dedicated" })
    .catch((error: { code?: string }) => error.code);
  const ran = { ran: true, value: "ran" };
  assert.deepEqual(outcome, outcome === "other_interface" ? outcome : ran);
  await until("the try to be gone", async () => {
    const { elections } = await statusOf(url, GROUP);
    return elections.every(({ election }) => election !== "component:tried") || undefined;
  });
}

/** It waits in the same queue, and leads when the others are gone. */
async function contendByRpc(url: string): Promise<void> {
  const campaign = { contenders: [{ component: COMPONENT }], held: [], pollEveryMs: 10_000 };
  const { sessionId, secret, leaderships } = await call(url, "campaign", { ...campaign, sentAt: 1 });
  assert.deepEqual(leaderships, []);
  const session = { sessionId, secret, attempt: 1 };
  assert.equal((await call(url, "campaign", { ...campaign, session, sentAt: 2 }))["sessionId"], sessionId);
  assert.equal((await call(url, "release", { session: { ...session, attempt: 2 } }))["type"], "released");
}

/** One folder of data under these pairs in turn: a leader and a waiting process stay what they are, and go on afterwards. */
export async function inTurn(...pairs: readonly Pick<Skewed, "worker" | "object">[]): Promise<void> {
  await using folder = await temporaryFolder();
  const port = await freePort();
  const serve = (pair: Pick<Skewed, "worker" | "object"> = unserved()) =>
    serveSkewed({ ...pair, folder: folder.path, port, bindings: BINDINGS });
  const [first, ...others] = pairs;
  let runtime = await serve(first);
  try {
    await using leader = contender((first ?? unserved()).worker, runtime.url, "leader");
    const { epoch, leaderSessionId } = await leader.leads();
    await using next = contender((others.at(-1) ?? unserved()).worker, runtime.url, "next");
    await waits(runtime.url, "next");
    for (const pair of others) {
      await runtime[Symbol.asyncDispose]();
      await until("the leader to miss its connection", () => leader.client.state !== "connected" || undefined);
      runtime = await serve(pair);
      await waits(runtime.url, "next");
      await until("the leader to be back", () => leader.client.state === "connected" || undefined);
      const status = await statusOf(runtime.url, GROUP);
      assert.deepEqual(status.elections[0]?.leader, { ...status.elections[0]?.leader, epoch, leaderSessionId });
      assert.deepEqual([leader.terms.length, leader.revoked(), next.terms.length], [1, 0, 0]);
      assert.ok(leader.terms[0]?.isLeader(), "the leader has kept its term");
    }
    await leader.client.resign();
    await next.leads(epoch);
  } finally {
    await runtime[Symbol.asyncDispose]();
  }
}

function unserved(): never {
  throw new Error("there is nothing to serve");
}

/** What the log and the answers of a pair say that can't work together, and that everything goes on once it can. */
export async function refusesUntilAlike(pair: Pick<Skewed, "worker" | "object">): Promise<void> {
  await using folder = await temporaryFolder();
  const place = { folder: folder.path, port: await freePort(), bindings: BINDINGS };
  const alike = { worker: pair.worker, object: pair.worker };
  let runtime = await serveSkewed({ ...alike, ...place });
  try {
    await using leader = contender(pair.worker, runtime.url, "leader");
    const { epoch } = await leader.leads();
    await runtime[Symbol.asyncDispose]();
    runtime = await serveSkewed({ ...pair, ...place });
    for (const path of ["", "/history"]) {
      const answer = await fetch(`${runtime.url}/v1/groups/${GROUP}${path}`);
      const { error } = await bodyOf<{ error: { code: string; message: string } }>(answer);
      assert.deepEqual([answer.status, error.code, answer.headers.get("Retry-After")], [503, "other_interface", "10"]);
      assert.match(error.message, /different versions/);
    }
    const { lastError } = await until("an error of the leader's", () => {
      const health = leader.client.health();
      return health.lastError?.message.includes("different versions") ? health : undefined;
    });
    assert.equal(lastError?.code, "other_interface");
    const lines = runtime.said().match(/"event":"other_interface"/g) ?? [];
    assert.equal(lines.length, 1, "each version is logged once");
    await runtime[Symbol.asyncDispose]();
    runtime = await serveSkewed({ ...alike, ...place });
    await until("the leader to be back", () => leader.client.state === "connected" || undefined);
    assert.ok(leader.terms[0]?.isLeader() && leader.terms[0].epoch === epoch, "the leader has kept its term");
  } finally {
    await runtime[Symbol.asyncDispose]();
  }
}
