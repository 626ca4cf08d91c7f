/** The real backend, for one measurement. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type LocalBackend, type LocalBackendOptions, startLocalBackend } from "../cli/backend/local-backend.ts";
import { bundle } from "./bundle.ts";

export const OPEN_TO_LOOPBACK = { OPEN_MODE: "loopback" } as const;

/** The heap that the platform gives an isolate. With all the memory of a machine V8 hardly ever collects its garbage. */
export const PLATFORM_HEAP = { v8Flags: ["--max-heap-size=128"] } as const;

export async function startBackend(
  bindings: Readonly<Record<string, string>>,
  options?: Pick<LocalBackendOptions, "v8Flags">,
): Promise<LocalBackend> {
  await using worker = await bundle("election-worker");
  const all = { ...OPEN_TO_LOOPBACK, ...bindings };
  return await startLocalBackend({ bindings: all, workerBundle: worker.file, ...options });
}

export async function withBackend<T>(
  bindings: Readonly<Record<string, string>>,
  work: (backend: LocalBackend) => Promise<T>,
  options?: Pick<LocalBackendOptions, "v8Flags">,
): Promise<T> {
  const backend = await startBackend(bindings, options);
  try {
    return await work(backend);
  } finally {
    await backend.kill();
  }
}

/** Resident memory of a process in bytes. */
export async function residentBytes(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)("ps", ["-o", "rss=", "-p", String(pid)]);
  return Number(stdout) * 1_024;
}

/** The group's counters by the names of its metrics, without their prefix. */
export async function metricsOf(url: string, group: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${url}/v1/groups/${group}/metrics`)).text();
  return new Map(
    [...text.matchAll(/^edge_election_(\w+)\{[^}]*\} (\S+)$/gm)].map(([, name = "", value]) => [name, Number(value)]),
  );
}
