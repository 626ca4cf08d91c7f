/** Runs the floor worker and measures F0, F1 and the bare upgrade, on the same machine and in the same run. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import WebSocket from "ws";
import { startLocalBackend } from "../cli/local-backend.ts";
import { median } from "../cli/statistics.ts";

/** Medians in milliseconds. */
export interface Floor {
  /** A message to the object and back. */
  readonly echoMs: number;
  /** A message to the object, one row, and on to another socket. */
  readonly relayMs: number;
  /** Connect and upgrade. */
  readonly upgradeMs: number;
}

const MESSAGES = 400;
const UPGRADES = 50;

export async function measureFloor(): Promise<Floor> {
  const folder = await mkdtemp(join(tmpdir(), "edge-election-bench-"));
  const workerBundle = join(folder, "floor.js");
  await build({
    entryPoints: [fileURLToPath(new URL("floor-worker/index.ts", import.meta.url))],
    outfile: workerBundle,
    bundle: true,
    format: "esm",
    external: ["cloudflare:*"],
    logLevel: "silent",
  });
  const backend = await startLocalBackend({ bindings: {}, workerBundle });
  try {
    const url = backend.url.replace("http", "ws");
    const upgrades: number[] = [];
    for (let index = 0; index < UPGRADES; index++) {
      const startedAt = performance.now();
      const socket = await open(`${url}/echo`);
      upgrades.push(performance.now() - startedAt);
      socket.terminate();
    }
    const echo = await open(`${url}/echo`);
    const [from, to] = [await open(`${url}/relay`), await open(`${url}/relay`)];
    return {
      echoMs: median(await roundTrips(echo, echo)),
      relayMs: median(await roundTrips(from, to)),
      upgradeMs: median(upgrades),
    };
  } finally {
    await backend.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function open(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await once(socket, "open");
  return socket;
}

async function roundTrips(from: WebSocket, to: WebSocket): Promise<number[]> {
  const samples: number[] = [];
  for (let index = 0; index < MESSAGES; index++) {
    const startedAt = performance.now();
    const arrived = once(to, "message");
    from.send(JSON.stringify({ type: "renew", sentAt: index, held: [] }));
    await arrived;
    samples.push(performance.now() - startedAt);
  }
  return samples;
}
