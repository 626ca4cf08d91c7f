/** The real backend for integration tests: the production Worker, its objects, its storage, as a process of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLocalBackend } from "../../cli/local-backend.ts";

export interface LocalBackendOptions {
  /** D: at least 2,000. Default 10,000. */
  readonly leaseMs?: number;
  /** Default 10,000. */
  readonly drainMs?: number;
  /** A strictly higher priority takes over, at most once in this time. Default: never. */
  readonly preemptCooldownMs?: number;
  /** More settings of the Worker, by the names of its environment variables. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface LocalBackend {
  /** `http://127.0.0.1:PORT`, without a slash at the end. The same after a restart. */
  readonly url: string;
  /** Ends the backend as a crash of its host would, and starts it anew from what it has stored. */
  restart(): Promise<void>;
  /** Ends it as a crash of its host would. What it has stored stays for `restart`. */
  kill(): Promise<void>;
  /** Ends it, and removes what it has stored. May be called twice. */
  stop(): Promise<void>;
  /** The same as `stop`. */
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startBackend(options: LocalBackendOptions): Promise<LocalBackend> {
  const folder = await mkdtemp(join(tmpdir(), "edge-election-testing-"));
  const bindings = bindingsOf(options);
  const start = (port: number) => startLocalBackend({ port, bindings, dataDir: join(folder, "data") });
  let backend = await start(0).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const { url, port } = backend;
  const stop = async (): Promise<void> => {
    await backend.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return {
    url,
    async restart() {
      await backend.kill();
      backend = await start(port);
    },
    kill: () => backend.kill(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function bindingsOf({ leaseMs, drainMs, preemptCooldownMs, settings }: LocalBackendOptions): Record<string, string> {
  const given = { LEASE_MS: leaseMs, DRAIN_MS: drainMs, PREEMPT_COOLDOWN_MS: preemptCooldownMs };
  const numbers = Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return { OPEN_MODE: "loopback", ...Object.fromEntries(numbers), ...settings };
}
