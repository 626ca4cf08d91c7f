/** A peer's own server, from the distribution's package, on a free port of loopback, for the time of one measurement. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { atExit } from "../../cli/at-exit.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { pause } from "../sockets.ts";

const START_PATIENCE_MS = 20_000;
const LOOK_EVERY_MS = 50;

/** Does one hand-over, and resolves with its milliseconds. */
export type HandOver = () => Promise<number>;

/** How a peer's server is started. */
export interface ServerProgram {
  readonly program: string;
  readonly parameters: (folder: string) => readonly string[] | Promise<readonly string[]>;
  readonly port: number;
}

/** Disposing of it ends it by SIGKILL. */
export interface RunningServer extends AsyncDisposable {
  /** Rejects when it has ended. */
  readonly died: Promise<never>;
}

/** Starts the program in a folder of its own, waits until it listens, and ends it after the work. */
export async function withServer<T>(
  program: string,
  parameters: ServerProgram["parameters"],
  port: number,
  work: () => Promise<T>,
): Promise<T> {
  await using folder = await temporaryFolder();
  await using server = await startServer({ program, parameters, port }, folder.path);
  return await Promise.race([work(), server.died]);
}

/** Resolves when it listens. Its data is in the folder, and there when it is started again. */
export async function startServer(
  { program, parameters, port }: ServerProgram,
  folder: string,
): Promise<RunningServer> {
  const child = spawn(program, await parameters(folder), { stdio: "ignore", cwd: folder });
  const ended = new Promise<string>((resolve) => {
    child.once("error", ({ message }) => resolve(message));
    child.once("exit", (code, signal) => resolve(`it ended with ${signal ?? `exit code ${code}`}`));
  });
  const over = new AbortController();
  const died = ended.then((how): never => {
    over.abort();
    throw new Error(`${program} does not serve: ${how}`);
  });
  died.catch(() => undefined); // whoever works with it races it
  const takeBack = atExit(() => child.kill("SIGKILL"));
  const end = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
    takeBack();
  };
  try {
    await Promise.race([listens(program, port, over.signal), died]);
    return { died, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function listens(program: string, port: number, over: AbortSignal): Promise<void> {
  const deadline = performance.now() + START_PATIENCE_MS;
  while (performance.now() < deadline && !over.aborted) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await pause(LOOK_EVERY_MS);
  }
  throw new Error(`${program} does not listen on port ${port}`);
}
