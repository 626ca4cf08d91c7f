import { spawn } from "node:child_process";
import { repositoryRoot } from "./paths.ts";

/** Keeps the tools quiet: no calls home, no banner. */
const quietEnvironment = {
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
  NO_UPDATE_NOTIFIER: "1",
};

export interface Finished {
  readonly exitCode: number;
  /** The text of both outputs; empty if they were shown. */
  readonly output: string;
}

/** Runs a command of this project in its root, with `node_modules/.bin` first on PATH. Never rejects. */
export function run(command: string, parameters: readonly string[], output: "keep" | "show"): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(command, parameters, {
      cwd: repositoryRoot,
      env: {
        ...process.env,
        ...quietEnvironment,
        PATH: `${repositoryRoot}node_modules/.bin:${process.env["PATH"] ?? ""}`,
      },
      stdio: output === "show" ? "inherit" : ["ignore", "pipe", "pipe"],
    });
    let kept = "";
    const keep = (text: string) => {
      kept += text;
    };
    child.stdout?.setEncoding("utf8").on("data", keep);
    child.stderr?.setEncoding("utf8").on("data", keep);
    child.once("error", (error) => resolve({ exitCode: 127, output: `${command}: ${error.message}` }));
    child.once("close", (code) => resolve({ exitCode: code ?? 1, output: kept }));
  });
}
