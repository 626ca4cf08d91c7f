/**
 * The local backend, as it is built: its Worker and pages are bundled once, where a checkout bundles its own for each start.
 * Where `JUDGE_TRACES` is set, all that passes over its sockets is judged, and whoever ends it is told of what was wrong.
 */
import type { LocalBackend, LocalBackendOptions } from "../../cli/backend/local-backend.ts";
import { importLocalBackend } from "./built.ts";
import { Trace } from "./traces.ts";

export type { LocalBackend };

/** By the port of the backend. */
const traces = new Map<number, Trace>();

export async function startLocalBackend(options: LocalBackendOptions): Promise<LocalBackend> {
  const built = await importLocalBackend();
  if (!process.env["JUDGE_TRACES"] || options.onTraffic !== undefined) return built.startLocalBackend(options);
  // One that is started again on its port goes on with its clients.
  const trace = traces.get(options.port ?? 0) ?? new Trace();
  const backend = await built.startLocalBackend({ ...options, onTraffic: (entry) => trace.see(entry) });
  traces.set(backend.port, trace);
  const judged = (end: () => Promise<void>) => async (): Promise<void> => {
    await end();
    trace.expectGood();
  };
  const stop = judged(() => backend.stop());
  return { ...backend, stop, kill: judged(() => backend.kill()), [Symbol.asyncDispose]: stop };
}
