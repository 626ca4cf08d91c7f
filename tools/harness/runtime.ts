import { spawn } from "node:child_process";
import { createRequire } from "node:module";

export interface Runtime extends AsyncDisposable {
  readonly url: string;
  /** All that it has written so far, the log of the Workers included. */
  said(): string;
}

/** Serves a configuration on the open-source runtime, as a user of workerd does it. Resolves when it listens. */
export async function serveConfiguration(folder: string, file: string): Promise<Runtime> {
  const { default: binary } = createRequire(import.meta.url)("workerd");
  const child = spawn(binary, ["serve", file, "--control-fd=3"], {
    cwd: folder,
    env: { ...process.env, AUTH_SECRET: "for this test only, and long enough for HS256" },
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  }
  const ended = new Promise<never>((_, reject) => {
    child.once("close", (code) => reject(new Error(`workerd ended with ${code}:\n${said}`)));
  });
  const [, , , control] = child.stdio;
  const listening = new Promise<number>((resolve) => {
    control?.on("data", (text: Buffer) => {
      const port = /"event":"listen".*"port":(\d+)/.exec(String(text))?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  });
  const port = await Promise.race([listening, ended]);
  return {
    url: `http://127.0.0.1:${port}`,
    said: () => said,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended.catch(() => undefined);
    },
  };
}
