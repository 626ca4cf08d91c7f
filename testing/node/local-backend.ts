/**
 * The real backend for integration tests: the production Worker, its objects, its storage, as a process of its own.
 *
 * Entry of the room `testing/node`. `testing/` imports it, when a test asks for it. It imports `cli/backend` and Node,
 * and never the sources of the backend.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLocalBackend } from "../../cli/backend/local-backend.ts";
import { bindingsOf, type LocalBackendOptions } from "./settings.ts";

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
