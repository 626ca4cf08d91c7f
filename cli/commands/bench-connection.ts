import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { groupPath } from "../../shared/protocol/paths.ts";
import { firstStatusOf } from "../admin.ts";
import {
  askToken,
  type GroupOptions,
  tokenSource,
  wholeNumber,
  withConnection,
  withGroup,
  withJson,
} from "../options.ts";
import { Probe } from "../probe.ts";
import { type Summary, summarize } from "../statistics.ts";
import { print, printJson, table } from "../terminal.ts";

const DEFAULT_ROUNDS = 20;
/** Each round takes a few messages, one after the other: this is a look, not a load test. */
const MOST_ROUNDS = 200;

interface BenchOptions extends GroupOptions {
  readonly rounds: number;
}

/** In milliseconds. */
interface Samples {
  readonly http: number[];
  readonly connect: number[];
  readonly ping: number[];
  readonly renew: number[];
  readonly handOver: number[];
}

const MEANINGS: Readonly<Record<keyof Samples, string>> = {
  http: "status over HTTP",
  connect: "socket opened, hello answered by welcome",
  ping: "ping answered by the platform",
  renew: "renew answered by the group's object",
  handOver: "resigned, granted again by the group's object",
};

export function addBenchConnection(program: Command): void {
  const command = program
    .command("bench-connection")
    .description("measures response and hand-over times, as seen from this machine");
  withJson(withConnection(withGroup(command)))
    .option(
      "-n, --rounds <number>",
      "number of rounds of each measurement",
      wholeNumber(1, MOST_ROUNDS),
      DEFAULT_ROUNDS,
    )
    .addHelpText(
      "after",
      `
The command contends for a component of its own, bench-connection:..., in an election of its own, and disturbs no other
election. But each round adds a term to the group's history, which drops its oldest terms.
It needs the role contend. Measurements run one after the other.

Examples:
  edge-election bench-connection --group checkout
  edge-election bench-connection -g checkout --rounds 100 --json --url https://elections.example`,
    )
    .action(async (options: BenchOptions) => {
      const samples = await measure(options);
      const results = Object.entries(samples).map(([name, values]) => [name, summarize(values)] as const);
      if (options.json) printJson({ url: options.url, rounds: options.rounds, ms: Object.fromEntries(results) });
      else print(table([HEAD, ...results.map(([name, summary]) => row(name as keyof Samples, summary))]));
    });
}

const HEAD = ["MILLISECONDS", "P50", "P95", "P99", "MAX", ""];

const row = (name: keyof Samples, { p50, p95, p99, max }: Summary): string[] => [
  name,
  ...[p50, p95, p99, max].map((ms) => ms.toFixed(1)),
  MEANINGS[name],
];

async function measure(options: BenchOptions): Promise<Samples> {
  const { url, group, rounds } = options;
  const samples: Samples = { http: [], connect: [], ping: [], renew: [], handOver: [] };
  await firstStatusOf(options, group); // so that the first connection is not measured
  await repeat(rounds, samples.http, () => firstStatusOf(options, group));
  const address = `${url.replace(/\/$/, "")}${groupPath(group, "session")}`;
  const token = await askToken(tokenSource(options));
  await repeat(rounds, samples.connect, async () => {
    const probe = await Probe.open(address, token);
    probe.send({ type: "hello", sentAt: 1 });
    await probe.next("welcome");
    probe.send({ type: "bye" });
    probe.close();
  });
  await measureSession(await Probe.open(address, token), rounds, samples);
  return samples;
}

async function measureSession(probe: Probe, rounds: number, { ping, renew, handOver }: Samples): Promise<void> {
  const component = `bench-connection:${randomUUID()}`;
  let sentAt = 1;
  const renewed = async (held: readonly string[]): Promise<void> => {
    sentAt += 1;
    probe.send({ type: "renew", sentAt, held });
    await probe.next("renewed");
  };
  const granted = async (): Promise<string> => (await probe.next("grant")).leaderSessionId;
  try {
    probe.send({ type: "hello", sentAt, process: { name: "edge-election bench-connection" } });
    await probe.next("welcome");
    await repeat(rounds, ping, () => probe.ping());
    await repeat(rounds, renew, () => renewed([]));
    probe.send({ type: "register", component, election: "dedicated" });
    let leaderSessionId = await granted();
    await repeat(rounds, handOver, async () => {
      sentAt += 1;
      probe.send({ type: "resign", leaderSessionId, sentAt }); // a statement: the next grant goes by it
      leaderSessionId = await granted();
    });
  } finally {
    probe.send({ type: "bye" });
    probe.close();
  }
}

async function repeat(rounds: number, samples: number[], act: () => Promise<unknown>): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await act();
    samples.push(performance.now() - start);
  }
}
