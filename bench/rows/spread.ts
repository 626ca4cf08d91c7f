/** Dedicated elections that are spread: until they are even again after a process has come, and after it was killed. */
import { createElectionClient, type ElectionClient } from "../../client/node/index.ts";
import { DEFAULT_LEASE_MS } from "../../shared/lease.ts";
import { type NodeProcess, runNode } from "../../tools/harness/child-process.ts";
import { metricsOf, withBackend } from "../backend.ts";
import type { Measured, Row } from "../row.ts";
import { elapsedSince, pause } from "../sockets.ts";

const PROCESSES = 8;
const ELECTIONS = 64;
const GROUP = "spread";
const LOOK_EVERY_MS = 20;
/** Everything is even by then, or never. */
const PATIENCE_MS = 120_000;
const ROUNDS = 3;

/** One that lives in this process, as all but the last. */
class Member implements AsyncDisposable {
  readonly #client: ElectionClient;
  leads = 0;
  /** How many it gave to others. */
  given = 0;

  constructor(url: string) {
    this.#client = createElectionClient({ url, group: GROUP, signals: false });
    for (let index = 0; index < ELECTIONS; index += 1) {
      const onGrant = (): void => {
        this.leads += 1;
      };
      const onRevoke = (_: unknown, reason: string): void => {
        this.leads -= 1;
        this.given += Number(reason === "transferred");
      };
      this.#client.contend(`d${index}`, { onGrant, onRevoke }, { election: "dedicated" });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}

const leadsOf = (process: NodeProcess): number =>
  Number([...process.output().matchAll(/leads (\d+)/g)].at(-1)?.[1] ?? 0);

/** Resolves with how long it took until these lead all of them, and none two more than another. */
async function even(loads: () => readonly number[]): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const all = loads();
    const sum = all.reduce((left, right) => left + right, 0);
    if (sum === ELECTIONS && Math.max(...all) - Math.min(...all) <= 1) return elapsedSince(startedAt);
    if (elapsedSince(startedAt) > PATIENCE_MS) throw new Error(`${all.join(", ")} is not even`);
    await pause(LOOK_EVERY_MS);
  }
}

interface Change {
  readonly ms: number;
  readonly moves: number;
  readonly frames: number;
  readonly rows: number;
}

interface Round {
  readonly join: Change;
  readonly crash: Change;
}

async function round(url: string, members: readonly Member[]): Promise<Round> {
  const own = (): number[] => members.map(({ leads }) => leads);
  const counted = async (until: () => Promise<number>): Promise<Change> => {
    const given = (): number => members.reduce((sum, one) => sum + one.given, 0);
    const [before, givenBefore] = [await metricsOf(url, GROUP), given()];
    const ms = await until();
    const after = await metricsOf(url, GROUP);
    const grown = (...names: readonly string[]): number =>
      names.reduce((sum, name) => sum + (after.get(name) ?? 0) - (before.get(name) ?? 0), 0);
    const frames = grown("frames_received_total", "frames_sent_total");
    return { ms, moves: given() - givenBefore, frames, rows: grown("rows_written_total") };
  };
  const last = runNode("bench/spread.main.ts", [url, GROUP, String(ELECTIONS)]);
  const join = await counted(() => even(() => [...own(), leadsOf(last)]));
  last.child.kill("SIGKILL");
  await last.ended;
  const crash = await counted(() => even(own));
  return { join, crash };
}

/** Measured once for both rows. */
let measured: Promise<readonly Round[]> | undefined;

const measure = (): Promise<readonly Round[]> =>
  withBackend({ SPREAD: "true", LOG_LEVEL: "error" }, async ({ url }) => {
    await using stack = new AsyncDisposableStack();
    const members = Array.from({ length: PROCESSES - 1 }, () => stack.use(new Member(url)));
    await even(() => members.map(({ leads }) => leads));
    const rounds: Round[] = [];
    for (let count = 0; count < ROUNDS; count += 1) rounds.push(await round(url, members));
    return rounds;
  });

async function changes(what: keyof Round): Promise<Measured> {
  measured ??= measure();
  const all = (await measured).map((one) => one[what]);
  const range = (of: (change: Change) => number): string => {
    const values = all.map(of);
    return [...new Set([Math.min(...values), Math.max(...values)])].join(" to ");
  };
  const [moves, frames, rows] = [range((one) => one.moves), range((one) => one.frames), range((one) => one.rows)];
  return {
    samples: all.map(({ ms }) => ms),
    note: `${moves} moves; ${frames} frames, renewals included; ${rows} rows`,
  };
}

const row = (what: keyof Round, name: string): Row => ({
  id: `spread-${what}`,
  name: `until ${ELECTIONS} elections are even, ${name}`,
  unit: "ms",
  settings: `${PROCESSES} processes, clients that ship, default lease`,
  bounds: [{ of: "max", most: 2 * DEFAULT_LEASE_MS }],
  patienceMs: () => PATIENCE_MS * ROUNDS,
  measure: () => changes(what),
});

export const SPREAD_ROWS: readonly Row[] = [row("join", "one of 8 comes"), row("crash", "one of 8 is killed")];
