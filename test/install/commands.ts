/** Commands in a folder that has nothing to do with this repository. */
import { type ChildProcess, spawn } from "node:child_process";
import { delimiter, dirname } from "node:path";

export interface Surroundings {
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const limitMs = 240_000;

/** Resolves to what it wrote. Rejects, with that, when it fails or is not done within four minutes. */
export async function execute(command: string, parameters: readonly string[], place: Surroundings): Promise<string> {
  const { child, written, ended } = begin(command, parameters, place);
  const timer = setTimeout(() => endGroup(child), limitMs);
  const code = await ended;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`${[command, ...parameters].join(" ")} ended with ${code}:\n${written()}`);
  return written();
}

export interface Service extends AsyncDisposable {
  /** What the pattern has found in its output. */
  readonly found: string;
}

/** Starts what goes on until it is disposed of. Resolves when it has written the pattern, with its first group. */
export async function startService(
  command: string,
  parameters: readonly string[],
  place: Surroundings,
  pattern: RegExp,
): Promise<Service> {
  const { child, written, ended, whenWritten } = begin(command, parameters, place);
  const timer = setTimeout(() => endGroup(child), limitMs);
  const stop = async (): Promise<void> => {
    endGroup(child);
    await ended;
  };
  const found = await Promise.race([whenWritten(pattern), ended]);
  clearTimeout(timer);
  if (typeof found !== "string")
    throw new Error(`${command} ended with ${found} and did not write ${pattern}:\n${written()}`);
  return { found, [Symbol.asyncDispose]: stop };
}

function begin(command: string, parameters: readonly string[], { folder, environment }: Surroundings) {
  const child = spawn(command, parameters, {
    cwd: folder,
    env: { ...surroundings(), ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  let notify = (): void => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      notify();
    });
  }
  const ended = new Promise<number>((resolve) => {
    child.once("error", () => resolve(127));
    child.once("close", (code) => resolve(code ?? 1));
  });
  const whenWritten = (pattern: RegExp): Promise<string> =>
    new Promise((resolve) => {
      notify = () => {
        const found = pattern.exec(output)?.[1];
        if (found !== undefined) resolve(found);
      };
      notify();
    });
  return { child, ended, whenWritten, written: () => output };
}

/** The environment of this process, without what npm has set for the scripts of this repository. */
function surroundings(): Record<string, string | undefined> {
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_ENV$|INIT_CWD$)/i.test(name));
  const path = [dirname(process.execPath), ...(process.env["PATH"] ?? "").split(delimiter)];
  return {
    ...Object.fromEntries(own),
    PATH: path.filter((folder) => !folder.includes("node_modules/.bin")).join(delimiter),
    NO_COLOR: "1",
    CI: "true",
    WRANGLER_SEND_METRICS: "false",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    DENO_NO_UPDATE_CHECK: "1",
  };
}

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}
