/** The built command line as a real process. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export interface CommandEnding {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<CommandEnding>;
  /** Resolves once standard output and error together match; rejects if the process ends before. */
  whenWritten(pattern: RegExp): Promise<RegExpExecArray>;
  stdout(): string;
  stderr(): string;
}

export interface CommandSetting {
  readonly environment?: Readonly<Record<string, string>>;
  /** Written to its standard input, which is then closed. */
  readonly input?: string;
  /** Another main module than the one of this checkout's build. */
  readonly main?: string;
}

const running = new Set<CommandProcess>();

/** Kills what a test that has failed left behind. */
export async function endCommands(): Promise<void> {
  for (const { child } of running) child.kill("SIGKILL");
  await Promise.all([...running].map(({ ended }) => ended));
}

/** Starts `edge-election` with these words. Nothing of the environment that would steer it is passed on. */
export function startCommand(words: readonly string[], setting: CommandSetting = {}): CommandProcess {
  const { environment = {}, input = "", main = MAIN } = setting;
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(EDGE_ELECTION_|AUTH_|NO_COLOR|FORCE_COLOR)/.test(name),
  );
  const child = spawn(process.execPath, [main, ...words], {
    env: { ...Object.fromEntries(kept), ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => undefined); // it may end without reading
  child.stdin.end(input);
  const written = { stdout: "", stderr: "" };
  const looks = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      written[name] += text;
      for (const look of looks) look();
    });
  }
  const ended = new Promise<CommandEnding>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal, ...written }));
  });
  const whenWritten = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(written.stdout + written.stderr);
        if (match === null) return;
        looks.delete(look);
        resolve(match);
      };
      looks.add(look);
      look();
      void ended.then(({ code }) =>
        reject(new Error(`It ended with ${code}, without ${pattern}:\n${written.stdout}\n${written.stderr}`)),
      );
    });
  const command = { child, ended, whenWritten, stdout: () => written.stdout, stderr: () => written.stderr };
  running.add(command);
  void ended.then(() => running.delete(command));
  return command;
}

export const runCommand = (words: readonly string[], setting?: CommandSetting): Promise<CommandEnding> =>
  startCommand(words, setting).ended;
