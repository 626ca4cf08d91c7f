/**
 * The effect of abuse on well-behaved processes: a leader in the abused group and one in another group, each with the
 * client of this project, and hand-overs in the abused group, with and without abuse. The bench judges their times.
 */

import { type LocalBackend, startLocalBackend } from "../../cli/backend/local-backend.ts";
import { createElectionClient, type ElectionClient } from "../../client/node/index.ts";
import type { AttackName, Target } from "./attacks.ts";
import { type NodeProcess, runNode } from "./child-process.ts";
import { residentMb } from "./process-figures.ts";
import { recordedPath } from "./recorder.ts";
import type { Counts } from "./tally.ts";
import { SECRET, tokenFor } from "./tokens.ts";

/** So long that a term ends by harm, and not because the machine was busy for a while. */
const LEASE_MS = 60_000;
/** The longest that a group may have, so that all silent sockets are open at once. */
const HELLO_TIMEOUT_MS = 60_000;
const HAND_OVERS = 60;
const GROUP = "abused";
const OTHER_GROUP = "neighbour";

export interface Report {
  /** The milliseconds of each hand-over during the abuse. */
  readonly handOvers: readonly number[];
  /** Harm to the terms of the leaders that only wanted to lead on; must be empty. */
  readonly harm: readonly string[];
  /** How often they lost a connection and resumed. */
  readonly blips: number;
  /** What the attack did, and its results. */
  readonly counts: Counts;
  /** Lines of the runtime's output that report a failure. */
  readonly failures: readonly string[];
  /** Resident memory of the runtime, once a second. */
  readonly memoryMb: readonly number[];
}

export interface AbuseOptions {
  readonly intensity?: number;
  readonly seed?: number;
  /** How many hand-overs a report has. */
  readonly handOvers?: number;
  /** How many random frames, or requests: the abuse lasts until all were sent. */
  readonly frames?: number;
  readonly requests?: number;
}

export interface Playground extends AsyncDisposable {
  readonly backend: LocalBackend;
  /** As many hand-overs as in a report, without an attacker. */
  quiet(): Promise<readonly number[]>;
  suffer(attack: AttackName, options?: AbuseOptions): Promise<Report>;
}

/** A leader that never wants to stop. */
interface Steady {
  readonly client: ElectionClient;
  /** Harm to its term since the last call; a connection that came back within the lease is no harm. */
  harm(): string[];
  /** Connections lost so far. */
  blips(): number;
}

async function steady(url: string, group: string): Promise<Steady> {
  const heard: string[] = [];
  let blips = 0;
  const client = createElectionClient({ url, group, token: () => tokenFor("contend"), signals: false });
  const { promise: granted, resolve } = Promise.withResolvers<number>();
  const contender = client.contend("steady", {
    onGrant: ({ epoch }) => resolve(epoch),
    onRevoke: (_, reason) => void heard.push(`the leader of ${group} was revoked: ${reason}`),
    onError: () => {
      blips += 1;
    },
  });
  await granted;
  const harm = () => {
    const since = heard.splice(0);
    return contender.hasLeadership() ? since : [...since, `the leader of ${group} no longer leads`];
  };
  return { client, harm, blips: () => blips };
}

/** Two processes that hand one election to and fro. */
class Relay {
  readonly #clients: readonly ElectionClient[];
  readonly #grants: ((at: number) => void)[] = [];
  #leader = -1;

  constructor(url: string) {
    this.#clients = [0, 1].map((index) => {
      const client = createElectionClient({ url, group: GROUP, token: () => tokenFor("contend"), signals: false });
      const onGrant = () => {
        this.#leader = index;
        for (const tell of this.#grants.splice(0)) tell(performance.now());
      };
      client.contend("relay", { onGrant, onError: () => {} }, { election: "dedicated" });
      return client;
    });
  }

  #granted(): Promise<number> {
    return new Promise((resolve) => this.#grants.push(resolve));
  }

  /** From the resignation of one process to the grant of the other, in milliseconds. */
  async handOver(): Promise<number> {
    if (this.#leader < 0) await this.#granted();
    const next = this.#granted();
    const from = performance.now();
    await this.#clients[this.#leader]?.resign("component:relay");
    return (await next) - from;
  }

  async times(count = HAND_OVERS): Promise<number[]> {
    const times: number[] = [];
    while (times.length < count) times.push(await this.handOver());
    return times;
  }

  close(): Promise<unknown> {
    return Promise.all(this.#clients.map((client) => client.close()));
  }
}

/** Lines of the log below the level of errors, and what the runtime says of an alarm that was moved while it was due, or comes late. */
const NO_FAILURE = /^\{"level":"info"|warning: NOSENTRY SQLite alarm/;
const LINES_KEPT = 20;
const MEMORY_EVERY_MS = 1_000;

/** Keeps the first lines that report a failure. */
function failuresIn(): { readonly hear: (text: string) => void; readonly take: () => string[] } {
  const kept: string[] = [];
  let rest = "";
  const hear = (text: string): void => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "" && !NO_FAILURE.test(line) && kept.length < LINES_KEPT) kept.push(line);
  };
  return { hear, take: () => kept.splice(0) };
}

/** `isRecorded`: those who behave are judged. It takes time, which the bench would measure. */
export async function startPlayground({ isRecorded }: { readonly isRecorded: boolean }): Promise<Playground> {
  const failures = failuresIn();
  const backend = await startLocalBackend({
    bindings: {
      AUTH_SECRET: SECRET,
      FENCE_SECRET: SECRET,
      LEASE_MS: String(LEASE_MS),
      LIMITS: JSON.stringify({ helloTimeoutMs: HELLO_TIMEOUT_MS }),
    },
    onOutput: failures.hear,
  });
  const path = isRecorded ? await recordedPath(backend.port) : null;
  const url = path?.url ?? backend.url;
  const leaders = [await steady(url, GROUP), await steady(url, OTHER_GROUP)];
  const relay = new Relay(url);
  await relay.times(); // the first ones are slower
  const suffer = async (attack: AttackName, options: AbuseOptions = {}): Promise<Report> => {
    const blipsBefore = leaders.reduce((sum, leader) => sum + leader.blips(), 0);
    const abuser = startAbuse(backend.url, attack, options);
    await abuser.whenWritten(/^ready$/m);
    const memoryMb = [await residentMb(backend.pid)];
    const looks = setInterval(async () => void memoryMb.push(await residentMb(backend.pid)), MEMORY_EVERY_MS);
    const handOvers = await relay.times(options.handOvers);
    if (options.frames === undefined && options.requests === undefined) abuser.child.kill("SIGTERM");
    const counts = await countsOf(abuser).finally(() => clearInterval(looks));
    const harm = leaders.flatMap((leader) => leader.harm());
    const blips = leaders.reduce((sum, leader) => sum + leader.blips(), -blipsBefore);
    return { handOvers, counts, harm, blips, failures: failures.take(), memoryMb };
  };
  return {
    backend,
    quiet: () => relay.times(),
    suffer,
    async [Symbol.asyncDispose]() {
      await Promise.all([relay.close(), ...leaders.map(({ client }) => client.close())]);
      await path?.[Symbol.asyncDispose]();
      await backend.stop();
    },
  };
}

function startAbuse(url: string, attack: AttackName, { handOvers: _, ...options }: AbuseOptions): NodeProcess {
  const target: Target = {
    intensity: 1,
    seed: 0,
    ...options,
    url,
    group: GROUP,
    token: tokenFor("contend", { groups: [GROUP] }),
  };
  return runNode("tools/harness/attacker.main.ts", [JSON.stringify({ attack, ...target })]);
}

async function countsOf(abuser: NodeProcess): Promise<Counts> {
  const [, text = "{}"] = await abuser.whenWritten(/^counts (.*)$/m);
  await abuser.ended;
  return JSON.parse(text);
}
