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

class Crowd implements AsyncDisposable {
  readonly clients: readonly ElectionClient[];
  /** When each of them was connected last. */
  readonly #connectedAt: number[] = [];
  /** Terms that have ended. */
  ended = 0;
  leader = -1;

  constructor({ url }: Admission, count: number, random: () => number) {
    const clock = { ...systemClock, random };
    this.clients = Array.from({ length: count }, (_, index) => {
      const client = createElectionClient({ url, group: GROUP, signals: false, clock });
      client.onStateChange((state) => {
        if (state === "connected") this.#connectedAt[index] = performance.now();
      });
      return client;
    });
  }

  async join(): Promise<void> {
    await inParallel(this.clients.length, async (index) => {
      this.#contend(index);
      await until(() => this.clients[index]?.state === "connected", "a client has joined");
    });
  }

  #contend(index: number): void {
    this.clients[index]?.contend(COMPONENT, {
      onGrant: () => {
        this.leader = index;
      },
      onRevoke: () => {
        this.ended += 1;
      },
    });
  }

  /** Hands the lead over to another client. */
  async lead(index: number): Promise<void> {
    const [from, to] = [this.clients[this.leader], this.clients[index]];
    if (from === to || from === undefined || to?.sessionId === undefined) return;
    await from.resign("process", { successor: to.sessionId });
    await until(() => this.leader === index, "the lead is handed over");
  }

  get epoch(): number | undefined {
    return this.clients[this.leader]?.health().leads[0]?.epoch;
  }

  /** How long it takes since then until the leader of then is back, and until everybody is. */
  async back(since: number): Promise<{ readonly leaderMs: number; readonly allMs: number }> {
    const { leader } = this;
    await until(() => this.#connectedAt.every((at) => at > since), "all are back");
    return { leaderMs: (this.#connectedAt[leader] ?? 0) - since, allMs: Math.max(...this.#connectedAt) - since };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
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

/**
 * In each round the leader is another client, drawn by lot, and the object is replaced at a random time since its last renewal:
 * all sockets are lost. The first round does not count: in it all are told how many they are.
 */
const measure = (count: number, rounds: number): Promise<Measured> =>
  withBackend(SETTINGS, async ({ url, port }) => {
    const random = seededRandom(SEED);
    await using admission = await Admission.before(port);
    await using crowd = new Crowd(admission, count, random);
    await crowd.join();
    await admission.order(`rate ${ADMITTED_PER_SECOND}`);
    const cut = async () => {
      await crowd.lead(Math.floor(random() * count));
      await pause(random() * renewEveryMs);
      const { epoch, ended } = crowd;
      const since = performance.now();
      await fetch(`${url}/bench/replace/${GROUP}`, { method: "POST" });
      return { since, epoch, ended };
    };
    await crowd.back((await cut()).since);
    const refusedBefore = await admission.order("count");
    const [leaderMs, allMs]: [number[], number[]] = [[], []];
    let kept = 0;
    for (let round = 0; round < rounds; round++) {
      const { since, epoch, ended } = await cut();
      const back = await crowd.back(since);
      leaderMs.push(back.leaderMs);
      allMs.push(back.allMs);
      if (crowd.ended === ended && crowd.epoch === epoch) kept += 1;
    }
    const refused = (await admission.order("count")) - refusedBefore;
    const [least, most] = [Math.min(...allMs), Math.max(...allMs)].map((ms) => (ms / 1_000).toFixed(1));
    const note = `kept its term in ${kept} of ${rounds}; all ${count} back after ${least} to ${most} s; ${refused} upgrades refused`;
    if (kept < rounds) throw new Error(`${note}; its return took ${leaderMs.map(Math.round).join(", ")} ms`);
    return { samples: leaderMs, note };
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
