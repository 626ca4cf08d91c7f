import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface NodeProcess {
  readonly child: ChildProcess;
  /** Everything written so far, to either output. */
  output(): string;
  /** Resolves once the pattern has been written; rejects if the process ends before. */
  whenWritten(pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<Ending>;
}

/** Runs a TypeScript file of the repository, named relative to its root, on this Node. */
export function runNode(
  file: string,
  parameters: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): NodeProcess {
  return runProgram(process.execPath, [fileURLToPath(new URL(file, repository)), ...parameters], environment);
}

const repository = new URL("../../", import.meta.url);

/** Runs a program in the root of the repository. It has ended when every process that holds its outputs has ended. */
export function runProgram(
  program: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): NodeProcess {
  const child = spawn(program, parameters, {
    cwd: repository,
    env: { ...process.env, ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let written = "";
  let notify = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      written += text;
      notify();
    });
  }
  const ended = new Promise<Ending>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  const whenWritten = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      notify = () => {
        const match = pattern.exec(written);
        if (match !== null) resolve(match);
      };
      notify();
      void ended.then(() => reject(new Error(`The process ended without writing ${pattern}. It wrote:\n${written}`)));
    });
  return { child, output: () => written, whenWritten, ended };
}
