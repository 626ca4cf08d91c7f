/** Starts the floor worker on the runtime, once for a run. */
import { type LocalBackend, type LocalBackendOptions, startLocalBackend } from "../cli/backend/local-backend.ts";
import { bundle } from "./bundle.ts";

export interface FloorServer extends AsyncDisposable {
  /** The address of a mode and an object of the floor worker, for sockets. */
  url(mode: "echo" | "relay" | "crowd" | "shout" | "hand-over", name: string): string;
  /** Starts the same worker in a runtime of its own, for rows that measure memory or sockets. */
  another(options?: Options): Promise<FloorServer & Pick<LocalBackend, "pid">>;
}

type Options = Pick<LocalBackendOptions, "v8Flags">;

export async function startFloor(options?: Options): Promise<FloorServer & Pick<LocalBackend, "pid">> {
  await using worker = await bundle("floor-worker");
  const backend = await startLocalBackend({ bindings: {}, workerBundle: worker.file, ...options });
  return {
    url: (mode, name) => `${backend.url.replace("http", "ws")}/${mode}/${name}`,
    pid: backend.pid,
    another: startFloor,
    [Symbol.asyncDispose]: () => backend.kill(),
  };
}
