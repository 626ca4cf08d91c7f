/** The return of a crowd of clients after all of them have lost their sockets, through a proxy that lets in 500 a second. */
import { createElectionClient, type ElectionClient } from "../../client/node/index.ts";
import { systemClock } from "../../client/system-clock.ts";
import { DEFAULT_LEASE_MS, leaseFor } from "../../shared/lease.ts";
import { seededRandom } from "../../testing/random.ts";
import { type NodeProcess, runNode } from "../../tools/harness/child-process.ts";
import { withBackend } from "../backend.ts";
import type { Measured, Row } from "../row.ts";
import { elapsedSince, inParallel, largestCrowd, pause } from "../sockets.ts";

const LARGEST = 10_000;
const ADMITTED_PER_SECOND = 500;
/** What a run takes unless `--rounds` says otherwise. */
const ROUNDS = 3;
const SEED = 20_261_129;
const GROUP = "crowd";
const COMPONENT = "a";
const { renewDeadlineMs, renewEveryMs } = leaseFor(DEFAULT_LEASE_MS);
/** The proxy needs two files for each socket, as the runtime does, and some that were just closed. */
const SPARE_SOCKETS = 300;
const LOOK_EVERY_MS = 25;
/** So many have processes of their own, and lead in turns. */
const CANDIDATES = 4;
/** Everybody is back by then, or never. */
const PATIENCE_MS = 120_000;

/** The proxy, as a process of its own. */
class Admission implements AsyncDisposable {
  readonly #process: NodeProcess;
  readonly url: string;
  #orders = 0;

  private constructor(process: NodeProcess, port: string) {
    this.#process = process;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async before(backendPort: number): Promise<Admission> {
    const process = runNode("bench/admission.main.ts", [String(backendPort)]);
    const [, port = ""] = await process.whenWritten(/listening (\d+)/);
    return new Admission(process, port);
  }

  /** Resolves with the number of upgrades refused so far. */
  async order(text: string): Promise<number> {
    this.#orders += 1;
    this.#process.child.stdin?.write(`${text} ${this.#orders}\n`);
    const [, refused] = await this.#process.whenWritten(new RegExp(`done ${text} ${this.#orders}: \\d+ (\\d+)`));
    return Number(refused);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.child.stdin?.end();
    await this.#process.ended;
  }
}

/** One of the crowd that has a process of its own, so that nothing but the group keeps it waiting. */
class Candidate implements AsyncDisposable {
  readonly #process: NodeProcess;

  private constructor(process: NodeProcess) {
    this.#process = process;
  }

  static async join(url: string): Promise<Candidate> {
    const process = runNode("bench/returning.main.ts", [url, GROUP]);
    await process.whenWritten(/connected as/);
    return new Candidate(process);
  }

  /** How often it has printed this, and with which value the last time. */
  #lines(pattern: RegExp): { readonly count: number; readonly last: string } {
    const found = [...this.#process.output().matchAll(pattern)];
    return { count: found.length, last: found.at(-1)?.[1] ?? "" };
  }

  get sessionId(): string {
    return this.#lines(/connected as (\S+)/g).last;
  }

  get connectedAt(): number {
    return Number(this.#lines(/connected as .* at (\d+)/g).last);
  }

  /** How many terms it has begun and ended. */
  get terms(): { readonly begun: number; readonly ended: number } {
    return { begun: this.#lines(/granted at (\d+)/g).count, ended: this.#lines(/revoked at (\d+)/g).count };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.child.stdin?.end();
    await this.#process.ended;
  }
}

/** All others, in this process. */
class Crowd implements AsyncDisposable {
  readonly #clients: readonly ElectionClient[];
  /** When each of them was connected last, in milliseconds since 1970. */
  readonly #connectedAt: number[] = [];

  constructor({ url }: Admission, count: number, random: () => number) {
    const clock = { ...systemClock, random };
    this.#clients = Array.from({ length: count }, (_, index) => {
      const client = createElectionClient({ url, group: GROUP, signals: false, clock });
      client.onStateChange((state) => {
        if (state === "connected") this.#connectedAt[index] = Date.now();
      });
      return client;
    });
  }

  /** The first so many of them. */
  async join(from: number, to: number): Promise<void> {
    const joining = this.#clients.slice(from, to);
    await inParallel(joining.length, async (index) => {
      joining[index]?.contend(COMPONENT);
      await until(() => joining[index]?.state === "connected", "a client has joined");
    });
  }

  get connectedAt(): readonly number[] {
    return this.#connectedAt;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}

async function until(holds: () => boolean, what: string): Promise<void> {
  const startedAt = performance.now();
  while (!holds()) {
    if (elapsedSince(startedAt) > PATIENCE_MS) throw new Error(`not within ${PATIENCE_MS / 1_000} s: ${what}`);
    await pause(LOOK_EVERY_MS);
  }
}

/** A line for each of 10,000 sessions would cost more than they do. */
const SETTINGS = { LOG_LEVEL: "error" };

interface Scene {
  readonly url: string;
  readonly crowd: Crowd;
  readonly candidates: readonly Candidate[];
  readonly random: () => number;
}

/** Everybody joins; candidates at random places among the others. */
async function joinAll(stack: AsyncDisposableStack, admission: Admission, count: number): Promise<Omit<Scene, "url">> {
  const random = seededRandom(SEED);
  const crowd = stack.use(new Crowd(admission, count - CANDIDATES, random));
  const places = Array.from({ length: CANDIDATES }, () => Math.floor(random() * count)).sort(
    (one, other) => one - other,
  );
  const candidates: Candidate[] = [];
  let joined = 0;
  for (const place of places) {
    await crowd.join(joined, place);
    candidates.push(stack.use(await Candidate.join(admission.url)));
    joined = place;
  }
  await crowd.join(joined, count);
  return { crowd, candidates, random };
}

/** Another candidate leads, drawn by lot. */
async function draw({ url, candidates, random }: Scene): Promise<Candidate> {
  const next = candidates[Math.floor(random() * CANDIDATES)];
  if (next === undefined) throw new Error("there is no candidate");
  const { begun, ended } = next.terms;
  if (begun > ended) return next;
  const order = { method: "POST", body: JSON.stringify({ successor: next.sessionId }) };
  const json = { headers: { "content-type": "application/json" } };
  await fetch(`${url}/v1/groups/${GROUP}/elections/process/revoke`, { ...order, ...json });
  await until(() => next.terms.begun > begun, "the lead is handed over");
  return next;
}

/** The object is replaced at a random time since the leader's last renewal: all sockets are lost. */
async function replace(scene: Scene) {
  const leader = await draw(scene);
  await pause(scene.random() * renewEveryMs);
  const { ended } = leader.terms;
  const since = Date.now();
  await fetch(`${scene.url}/bench/replace/${GROUP}`, { method: "POST" });
  const times = (): number[] => [...scene.crowd.connectedAt, ...scene.candidates.map(({ connectedAt }) => connectedAt)];
  await until(() => times().every((at) => at > since), "all are back");
  const isKept = leader.terms.ended === ended;
  return { isKept, leaderMs: leader.connectedAt - since, allMs: Math.max(...times()) - since };
}

/** The first round does not count: in it all are told how many they are. */
const measure = (count: number, rounds: number): Promise<Measured> =>
  withBackend(SETTINGS, async ({ url, port }) => {
    await using stack = new AsyncDisposableStack();
    const admission = stack.use(await Admission.before(port));
    const scene = { url, ...(await joinAll(stack, admission, count)) };
    await admission.order(`rate ${ADMITTED_PER_SECOND}`);
    await replace(scene);
    const refusedBefore = await admission.order("count");
    const results: Awaited<ReturnType<typeof replace>>[] = [];
    for (let round = 0; round < rounds; round++) results.push(await replace(scene));
    const refused = (await admission.order("count")) - refusedBefore;
    const kept = results.filter(({ isKept }) => isKept).length;
    const seconds = results.map(({ allMs }) => allMs / 1_000);
    const [least, most] = [Math.min(...seconds), Math.max(...seconds)].map((number) => number.toFixed(1));
    const note = `kept its term in ${kept} of ${rounds}; all ${count} back after ${least} to ${most} s; ${refused} upgrades refused`;
    const samples = results.map(({ leaderMs }) => leaderMs);
    if (kept < rounds) throw new Error(`${note}; its return took ${samples.join(", ")} ms`);
    return { samples, note };
  });

const returnRow = (count: number): Row => ({
  id: `return-${count}`,
  name: `the leader is back, ${count.toLocaleString("en")} sessions cut`,
  unit: "ms",
  settings: `clients that ship, default lease; ${ADMITTED_PER_SECOND} upgrades a second; object replaced; leader drawn by lot`,
  bounds: [{ of: "max", most: renewDeadlineMs }],
  patienceMs: ({ rounds = ROUNDS }) => PATIENCE_MS * (2 + rounds),
  measure: ({ rounds = ROUNDS }) => measure(Math.min(count, largestCrowd(LARGEST) - SPARE_SOCKETS), rounds),
});

export const RETURN_ROWS: readonly Row[] = [1_000, 5_000, LARGEST].map(returnRow);
