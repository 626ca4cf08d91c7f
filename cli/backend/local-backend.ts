/**
 * Entry of the room `cli/backend`: starts workerd, with the production Worker and a folder for its data. `cli/`,
 * `testing/node`, `tools/harness`, `bench/` and `examples/` may import it. It imports `cli/`, Node, and `tools/` in a
 * checkout. It never leaves a process behind.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { atExit } from "../at-exit.ts";
import { startTap, type Tap, type TapOptions } from "../check/tap.ts";
import type { Entry } from "../check/trace.ts";
import { claimDataDirectory, type DataDirectory } from "./data-directory.ts";
import { freePort } from "./free-port.ts";
import { runtimeSettings, workerAssets, workerBundle } from "./worker-bundle.ts";
import { workerdConfig } from "./workerd-config.ts";

const host = "127.0.0.1";
const startTimeoutMs = 20_000;
const stopTimeoutMs = 1_000;
/** Enough of the runtime's output to explain a failed start. */
const keptOutputCharacters = 8_000;

export interface LocalBackendOptions {
  /** 0, the default, takes a free port that stays free for a restart. */
  readonly port?: number;
  /** Folder for the data. Default: a temporary folder that is removed when the backend ends. */
  readonly dataDir?: string;
  /** The Worker's settings, as text bindings. */
  readonly bindings: Readonly<Record<string, string>>;
  /** Path of a bundled Worker. Default: the production Worker of this project. */
  readonly workerBundle?: string;
  /** Whether there is an index of groups. Default: with the production Worker. */
  readonly index?: boolean;
  /** Flags of V8, such as a limit of the heap. */
  readonly v8Flags?: readonly string[];
  /** Called with all that the runtime writes, the Worker's log included, as it comes. */
  readonly onOutput?: (text: string) => void;
  /** Called with all that passes over the sockets of sessions, before it is passed on: a trace that `edge-election check` judges. */
  readonly onTraffic?: (entry: Entry) => void;
}

export interface BackendExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface LocalBackend {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Process id of the runtime. */
  readonly pid: number;
  readonly dataDir: string;
  /** Asks the runtime to end, and kills it after a second (it waits for open sockets). May be called twice. */
  stop(): Promise<void>;
  /** Ends the runtime at once, as a crash of the host would. */
  kill(): Promise<void>;
  /** Resolves when the runtime has ended, for any reason, and its temporary files are gone. Never rejects. */
  readonly exited: Promise<BackendExit>;
  /** The same as `stop`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts the production Worker on the open-source runtime, on loopback, with its Durable Objects on disk. Resolves when
 * it accepts connections. The runtime never outlives this process, even if this process is killed; its data directory may
 * be used again afterwards.
 */
export async function startLocalBackend(options: LocalBackendOptions): Promise<LocalBackend> {
  const binary = runtimeBinary();
  const bundle = options.workerBundle ?? (await workerBundle());
  const runtime = await runtimeSettings();
  const assetsDirectory = await workerAssets();
  const workDirectory = await mkdtemp(join(tmpdir(), "edge-election-"));
  let data: DataDirectory | undefined;
  const clearUp = async (): Promise<void> => {
    data?.release();
    await rm(workDirectory, { recursive: true, force: true });
  };
  try {
    await copyFile(bundle, join(workDirectory, "worker.js"));
    data = await claimDataDirectory(options.dataDir ?? join(workDirectory, "data"));
    const port = options.port || (await freePort(host));
    const { onTraffic } = options;
    const runtimePort = onTraffic === undefined ? port : await freePort(host);
    const configFile = join(workDirectory, "config.capnp");
    const config = {
      ...runtime,
      host,
      port: runtimePort,
      bundleFile: "worker.js",
      index: options.index ?? options.workerBundle === undefined,
      bindings: options.bindings,
      v8Flags: options.v8Flags ?? [],
    };
    await writeFile(configFile, workerdConfig({ ...config, dataDirectory: data.path, assetsDirectory }));
    const child = spawnRuntime(binary, configFile);
    const guard = guardAgainstOrphans(child, workDirectory);
    const output = collectOutput(child, options.onOutput);
    let tap: Tap | undefined;
    const exited = whenExited(child).then(async (exit) => {
      guard.dismiss();
      await tap?.close();
      await clearUp();
      return exit;
    });
    await whenListening(child, exited, output, runtimePort);
    if (onTraffic !== undefined)
      tap = await tapped(child, exited, { host, port, backendPort: runtimePort, see: onTraffic });
    return backendHandle(child, port, data.path, exited);
  } catch (error) {
    await clearUp();
    throw error;
  }
}

function backendHandle(child: ChildProcess, port: number, dataDir: string, exited: Promise<BackendExit>): LocalBackend {
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
    await exited;
    clearTimeout(timer);
  };
  const stop = () => end("SIGTERM");
  return {
    url: `http://${host}:${port}`,
    port,
    pid: child.pid ?? 0,
    dataDir,
    stop,
    kill: () => end("SIGKILL"),
    exited,
    [Symbol.asyncDispose]: stop,
  };
}

function runtimeBinary(): string {
  try {
    const runtime: unknown = createRequire(import.meta.url)("workerd");
    if (
      typeof runtime === "object" &&
      runtime !== null &&
      "default" in runtime &&
      typeof runtime.default === "string"
    ) {
      return runtime.default;
    }
    throw new TypeError("The package workerd does not export the path of its binary.");
  } catch (cause) {
    throw new Error("The local runtime is missing: install it with `npm install --save-dev workerd`.", { cause });
  }
}

/** The runtime has a process group of its own: Ctrl-C in a terminal reaches this process alone, which then stops it. */
function spawnRuntime(binary: string, configFile: string): ChildProcess {
  return spawn(binary, ["serve", configFile, "--control-fd=3"], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    detached: process.platform !== "win32",
  });
}

/**
 * A small shell that waits for the end of its standard input, which is the end of this process, and then kills the runtime
 * and removes its temporary files. Signal handlers could not do it: nothing runs after SIGKILL.
 */
function guardAgainstOrphans(child: ChildProcess, workDirectory: string): { dismiss(): void } {
  const takeBack = atExit(() => child.kill("SIGKILL"));
  if (process.platform === "win32" || child.pid === undefined) return { dismiss: takeBack };
  const script = 'read -r line; kill -9 "$1"; rm -rf -- "$2"';
  const watcher = spawn("sh", ["-c", script, "sh", String(child.pid), workDirectory], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  watcher.on("error", () => {});
  watcher.unref();
  return {
    dismiss() {
      takeBack();
      watcher.kill("SIGKILL");
      watcher.stdin?.destroy();
    },
  };
}

/** What the runtime writes when it can open no file, or take no socket. The Worker's own lines have names in them that peers choose. */
const NO_FILE = /^(?!\{).*(?:SQLITE_CANTOPEN|too many open files)/im;
const NO_FILE_REMEDY =
  "The local runtime could not open a file: each group takes three descriptors while it is in use, and each socket two. " +
  "If that is more than `ulimit -n` allows, start it after `ulimit -n 65536`; otherwise see whether its data folder can be written.\n";

function collectOutput(child: ChildProcess, onOutput: LocalBackendOptions["onOutput"]): () => string {
  let kept = "";
  let isTold = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      kept = (kept + text).slice(-keptOutputCharacters);
      onOutput?.(text);
      if (isTold || !NO_FILE.test(kept)) return;
      isTold = true;
      process.stderr.write(NO_FILE_REMEDY);
    });
  }
  return () => kept.trim();
}

function whenExited(child: ChildProcess): Promise<BackendExit> {
  return new Promise((resolve) => {
    child.on("error", () => child.pid === undefined && resolve({ code: null, signal: null }));
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
}

async function whenListening(
  child: ChildProcess,
  exited: Promise<BackendExit>,
  output: () => string,
  port: number,
): Promise<number> {
  const control = child.stdio[3] as Readable;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(startError(`did not start within ${startTimeoutMs} ms`, output(), port)),
      startTimeoutMs,
    );
  });
  const failed = exited.then((exit) => {
    throw startError(`ended with ${exit.signal ?? `exit code ${exit.code}`} before it could serve`, output(), port);
  });
  try {
    return await Promise.race([listeningPort(control), failed, timeout]);
  } catch (error) {
    child.kill("SIGKILL");
    await exited;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** The runtime ends where the tap can't begin. */
async function tapped(child: ChildProcess, exited: Promise<BackendExit>, options: TapOptions): Promise<Tap> {
  try {
    return await startTap(options);
  } catch (error) {
    child.kill("SIGKILL");
    await exited;
    throw startError("can't be reached", String(error), options.port);
  }
}

/** Resolves with the port, which the runtime writes to its control channel: one JSON object a line. */
function listeningPort(control: Readable): Promise<number> {
  return new Promise((resolve) => {
    let pending = "";
    control.setEncoding("utf8").on("data", (text: string) => {
      const lines = (pending + text).split("\n");
      pending = lines.pop() ?? "";
      for (const line of lines) {
        const event: unknown = JSON.parse(line);
        if (isListenEvent(event)) resolve(event.port);
      }
    });
  });
}

function isListenEvent(event: unknown): event is { event: "listen"; port: number } {
  if (typeof event !== "object" || event === null || !("event" in event) || !("port" in event)) return false;
  return event.event === "listen" && typeof event.port === "number";
}

function startError(what: string, output: string, port: number): Error {
  if (/address already in use/i.test(output)) {
    return new Error(
      `Port ${port} on ${host} is in use: stop what uses it, or choose another port (0 takes a free one).`,
    );
  }
  return new Error(`The local runtime ${what}.${output === "" ? "" : ` Its output:\n${output}`}`);
}
