/**
 * The real backend for integration tests: the production Worker, its objects, its storage, as a process of its own.
 *
 * Entry of the room `testing/node`. `testing/` imports it, when a test asks for it. It imports `cli/backend` and Node,
 * and never the sources of the backend.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openUnlessTokens } from "../../cli/backend/access.ts";
import { startLocalBackend } from "../../cli/backend/local-backend.ts";

/** Settings of the backend, for all its groups. */
export interface LocalBackendOptions {
  /** The lease D: at least 2,000. Default 10,000. */
  readonly leaseMs?: number;
  /** How long a revoked leader may renew while it stops. Default 10,000. */
  readonly drainMs?: number;
  /** A strictly higher priority takes over once a leadership is this old. Default: only at the next hand-over. */
  readonly preemptCooldownMs?: number;
  /** More settings of the Worker, by the names of its environment variables. With `AUTH_SECRET` it requires tokens. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The real backend, on a free port of this machine. Ends with its scope. */
export interface LocalBackend {
  /** `http://127.0.0.1:PORT`, without a slash at the end. The same after a restart. */
  readonly url: string;
  /** Ends the backend as a crash of its machine would, and starts it anew from what it has stored. */
  restart(): Promise<void>;
  /** Ends it as a crash of its machine would. What it has stored stays for `restart`. */
  kill(): Promise<void>;
  /** Ends it, and removes what it has stored. May be called twice. */
  stop(): Promise<void>;
  /** The same as `stop`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** `options`: checked. */
export async function startBackend(options: LocalBackendOptions): Promise<LocalBackend> {
  const bindings = bindingsOf(options);
  const folder = await mkdtemp(join(tmpdir(), "edge-election-testing-"));
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

function bindingsOf({
  leaseMs,
  drainMs,
  preemptCooldownMs,
  settings,
}: LocalBackendOptions): Readonly<Record<string, string>> {
  return openUnlessTokens({
    ...(leaseMs !== undefined && { LEASE_MS: String(leaseMs) }),
    ...(drainMs !== undefined && { DRAIN_MS: String(drainMs) }),
    ...(preemptCooldownMs !== undefined && { PREEMPT_COOLDOWN_MS: String(preemptCooldownMs) }),
    ...settings,
  });
}
