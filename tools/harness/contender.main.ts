/**
 * A real process that contends, for fault tests: `node contender.main.ts CONFIG`. It uses the built package, writes what
 * it believes to its history with synchronous writes (they survive SIGKILL), and takes orders on its input.
 */

import { openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import type { Contender, Leadership } from "../../client/index.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { importNodeClient } from "./built.ts";
import { configuration } from "./configuration.ts";
import type { Entry } from "./history.ts";

export interface ContenderConfig {
  readonly url: string;
  readonly group: string;
  readonly name: string;
  readonly components: readonly string[];
  /** Components with elections of their own. */
  readonly dedicated?: readonly string[];
  readonly historyFile: string;
  readonly priority?: number;
  /** How long its `onRevoke` takes. Default: it stops at once. */
  readonly drainMs?: number;
}

export type ContenderOrder =
  | { readonly order: "resign" }
  | { readonly order: "close"; readonly component: string }
  | { readonly order: "contend"; readonly component: string }
  | { readonly order: "leave" };

const SAMPLE_EVERY_MS = 2;

const config = configuration<ContenderConfig>();
const { createElectionClient } = await importNodeClient();
const { url, group, name, priority = 0, drainMs = 0 } = config;
const client = createElectionClient({ url, group, process: { name }, priority });
const contenders = new Map<string, Contender>();
const led = new Map<string, Leadership>();
const history = openSync(config.historyFile, "a");

const now = (): string => process.hrtime.bigint().toString();
const NANOSECONDS_PER_MS = 1e6;
const write = (entry: Entry): void => void writeSync(history, `${JSON.stringify(entry)}\n`);
const tell = (event: string, component: string, epoch: number): void =>
  void process.stdout.write(`${JSON.stringify({ event, component, epoch, at: now() })}\n`);

function contend(component: string, election: "process" | "dedicated"): void {
  const contender = client.contend(
    component,
    {
      onGrant(leadership) {
        const { leaderSessionId, epoch } = leadership;
        led.set(component, leadership);
        write({ type: "grant", at: now(), component, leaderSessionId, epoch });
        sample();
        tell("grant", component, epoch);
      },
      onRevoke({ leaderSessionId, epoch }, reason) {
        led.delete(component);
        write({ type: "revoke", at: now(), component, leaderSessionId, reason });
        tell(`revoke ${reason}`, component, epoch);
        return drainMs === 0 ? undefined : drain(component, leaderSessionId);
      },
    },
    { election },
  );
  contenders.set(component, contender);
}

async function drain(component: string, leaderSessionId: string): Promise<void> {
  await wait(drainMs);
  write({ type: "stopped", at: now(), meantMs: drainMs, component, leaderSessionId });
}

/** Asks every leadership, independently of callbacks: a belief that outlives its lease would be seen here. */
function sample(): void {
  for (const [component, leadership] of led) {
    const from = now();
    if (!leadership.isLeader()) continue;
    const { leaderSessionId, epoch } = leadership;
    const until = String(BigInt(from) + BigInt(Math.floor(leadership.remainingMs() * NANOSECONDS_PER_MS)));
    write({ type: "believed", from, to: now(), until, component, leaderSessionId, epoch });
  }
}

async function obey(order: ContenderOrder): Promise<void> {
  switch (order.order) {
    case "resign":
      return client.resign("process");
    case "close":
      return contenders.get(order.component)?.close();
    case "contend":
      return contend(order.component, "process");
    case "leave":
      await client.close();
      return process.exit(0);
    default:
      return unreachable(order);
  }
}

for (const component of config.components) contend(component, "process");
for (const component of config.dedicated ?? []) contend(component, "dedicated");
setInterval(sample, SAMPLE_EVERY_MS);
createInterface({ input: process.stdin }).on("line", (line) => void obey(JSON.parse(line)));
