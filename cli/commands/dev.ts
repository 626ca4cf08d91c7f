import type { Command } from "commander";
import type { LocalBackend } from "../backend/local-backend.ts";
import { traceFile } from "../check/trace-file.ts";
import { wholeNumber, withJson } from "../options.ts";
import { serve, welcome } from "../serve.ts";
import type { StartSettings } from "../start-settings.ts";
import { printJson } from "../terminal.ts";

const LARGEST_PORT = 65_535;
const SMALLEST_LEASE_MS = 2_000;
const LONGEST_MS = 86_400_000;

interface DevOptions {
  readonly port?: number;
  readonly dataDir?: string;
  readonly leaseMs?: number;
  readonly drainMs?: number;
  readonly trace?: string;
  readonly json?: boolean;
}

export function addDev(program: Command): void {
  withJson(
    program.command("dev").description("starts a local backend, for this machine only"),
    "one JSON line when the backend is ready",
  )
    .option("-p, --port <port>", "port; 0 takes a free one (or PORT; default 8787)", wholeNumber(0, LARGEST_PORT))
    .option("--data-dir <folder>", "folder for the data (or DATA_DIR; default .data)")
    .option(
      "--lease-ms <ms>",
      "lease of every group (or LEASE_MS; default 10000)",
      wholeNumber(SMALLEST_LEASE_MS, LONGEST_MS),
    )
    .option("--drain-ms <ms>", "drain time of every group (or DRAIN_MS; default 10000)", wholeNumber(0, LONGEST_MS))
    .option("--trace <file>", "file for a trace of all sockets, which `edge-election check` judges")
    .addHelpText(
      "after",
      `
This command needs the package workerd: npm install --save-dev workerd

Examples:
  edge-election dev
  edge-election dev --port 0 --lease-ms 2000 --json`,
    )
    .action(async (options: DevOptions) => {
      const announce = (backend: LocalBackend, settings: StartSettings): void => {
        const { url, port, dataDir, pid } = backend;
        if (options.json) printJson({ url, port, dataDir, runtimePid: pid, settings: settings.summary });
        else process.stdout.write(welcome(backend, settings));
      };
      const onTraffic = options.trace === undefined ? undefined : traceFile(options.trace);
      await serve({ ...process.env, ...environmentOf(options) }, announce, onTraffic);
    });
}

function environmentOf({ port, dataDir, leaseMs, drainMs }: DevOptions): Record<string, string> {
  const given = { PORT: port, DATA_DIR: dataDir, LEASE_MS: leaseMs, DRAIN_MS: drainMs };
  return Object.fromEntries(
    Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  );
}
