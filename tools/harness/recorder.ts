/**
 * Records what passes between clients and backends, and judges it by the rules that a client has to keep. What has started a
 * backend gives its clients the recorded path in place of the backend's address. A process has one recorder.
 */
import { Worker } from "node:worker_threads";
import { freePort } from "../../cli/backend/free-port.ts";
import type { LocalBackend, LocalBackendOptions } from "../../cli/backend/local-backend.ts";
import type { NumberedOrder, RecorderAnswer, RecorderOrder } from "./recorder-thread.main.ts";
import type { Judgement } from "./traces.ts";

export interface RecordedPath extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
}

interface Waiting {
  resolve(judgement: Judgement | null): void;
  reject(error: Error): void;
}

class Recorder {
  readonly #thread = new Worker(new URL("./recorder-thread.main.ts", import.meta.url));
  readonly #waiting = new Map<number, Waiting>();
  /** Nobody answers any longer. */
  #failure: Error | null = null;
  #orders = 0;

  constructor() {
    this.#thread.on("error", (error: Error) => {
      this.#failure = error;
      for (const { reject } of this.#waiting.values()) reject(error);
    });
    this.#thread.on("message", ({ id, failure, judgement }: RecorderAnswer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) this.#thread.unref();
      if (failure === null) waiting?.resolve(judgement);
      else waiting?.reject(new Error(`the recorder: ${failure}`));
    });
  }

  readonly ask = async (order: RecorderOrder): Promise<Judgement | null> => {
    if (this.#failure !== null) throw this.#failure;
    this.#orders += 1;
    const id = this.#orders;
    // A program goes on for as long as it waits, and not for the thread's sake.
    this.#thread.ref();
    this.#thread.postMessage({ id, order } satisfies NumberedOrder);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  };
}

let recorder: Recorder | undefined;

/** Before what listens on this port of 127.0.0.1. `port`: where clients find it; without it, a free one that stays free. */
export async function recordedPath(backendPort: number, port?: number): Promise<RecordedPath> {
  recorder ??= new Recorder();
  const { ask } = recorder;
  const own = port ?? (await freePort());
  await ask({ type: "open", port: own, backendPort });
  return {
    port: own,
    url: `http://127.0.0.1:${own}`,
    [Symbol.asyncDispose]: async () => void (await ask({ type: "close", port: own })),
  };
}

/** A backend whose clients are judged when it ends. `port`: where they find it. */
export async function recordedBackend(
  start: (options: LocalBackendOptions) => Promise<LocalBackend>,
  { port, ...options }: LocalBackendOptions,
): Promise<LocalBackend> {
  // By one count of free ports: another one would give it that of a path which is to be opened again.
  const backend = await start({ ...options, port: await freePort() });
  const path = await recordedPath(backend.port, port || undefined).catch(async (error: unknown) => {
    await backend.kill();
    throw error;
  });
  const exited = backend.exited.then(async (exit) => {
    await path[Symbol.asyncDispose]();
    return exit;
  });
  const judged = (end: () => Promise<void>) => async (): Promise<void> => {
    await end();
    await exited;
    await expectRulesKept();
  };
  const [stop, kill] = [judged(backend.stop), judged(backend.kill)];
  return { ...backend, port: path.port, url: path.url, exited, stop, kill, [Symbol.asyncDispose]: stop };
}

export const portOf = (url: string): number => Number(new URL(url).port);

/** Throws for what clients have done wrong since the last look. Returns how many sessions were recorded so far. */
export async function expectRulesKept(): Promise<number> {
  const { problems = [], sessions = 0 } = (await recorder?.ask({ type: "judge" })) ?? {};
  const [first, ...others] = problems;
  if (first !== undefined)
    throw new Error(`a client has broken a rule of the protocol (${others.length} more):\n${first}`);
  return sessions;
}
