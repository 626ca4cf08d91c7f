/** The servers of the league, which can crash and start again on their data. */
import { startLocalBackend } from "../../cli/backend/local-backend.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { recordedBackend } from "../../tools/harness/recorder.ts";
import { OPEN_TO_LOOPBACK } from "../backend.ts";
import { bundle } from "../bundle.ts";
import { type ServerProgram, startServer } from "../peers/server.ts";
import type { Setting } from "./stage.ts";

export interface Backend extends AsyncDisposable {
  readonly port: number;
  crash(): Promise<void>;
}

export async function openBackend(server: "ours" | (() => Promise<ServerProgram>), setting: Setting): Promise<Backend> {
  await using owned = new AsyncDisposableStack();
  const folder = owned.use(await temporaryFolder());
  const start =
    server === "ours" ? await ourStart(setting, folder.path, owned) : peerStart(await server(), folder.path);
  let running = await start();
  owned.defer(() => running.kill());
  const kept = owned.move();
  return {
    port: running.port,
    async crash() {
      await running.kill();
      running = await start();
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

interface Running {
  readonly port: number;
  kill(): Promise<void>;
}

async function ourStart(
  { leaseMs, isJudged }: Setting,
  dataDir: string,
  owned: AsyncDisposableStack,
): Promise<() => Promise<Running>> {
  const { file } = owned.use(await bundle("election-worker"));
  const bindings = { ...OPEN_TO_LOOPBACK, LEASE_MS: String(leaseMs), LOG_LEVEL: "error" };
  let port = 0;
  return async () => {
    const options = { bindings, port, dataDir, workerBundle: file };
    const backend = await (isJudged ? recordedBackend(startLocalBackend, options) : startLocalBackend(options));
    ({ port } = backend);
    return backend;
  };
}

const peerStart = (server: ServerProgram, folder: string) => async (): Promise<Running> => {
  const running = await startServer(server, folder);
  return { port: server.port, kill: async () => running[Symbol.asyncDispose]() };
};
