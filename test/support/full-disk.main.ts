/**
 * A local backend on a small disk of its own: `node full-disk.main.ts CONFIG`. Writes its port. A line "fill" on
 * standard input takes all that is left of the disk, and "free" gives it back; each is answered. Ends with its input.
 */
import { appendFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { startLocalBackend } from "../../cli/backend/local-backend.ts";
import { configuration } from "../../tools/harness/configuration.ts";
import { hasCode } from "./error-code.ts";

export interface FullDiskConfig {
  readonly disk: string;
}

const PAGE = Buffer.alloc(4_096);

const { disk } = configuration<FullDiskConfig>();
const ballast = join(disk, "ballast");

async function fill(): Promise<void> {
  try {
    for (;;) await appendFile(ballast, PAGE);
  } catch (error) {
    if (!hasCode(error, "ENOSPC")) throw error;
  }
}

await using backend = await startLocalBackend({
  bindings: { OPEN_MODE: "loopback" },
  dataDir: join(disk, "data"),
  onOutput: (line) => process.stdout.write(`runtime: ${line}`),
});
process.stdout.write(`serves ${backend.port}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  await (line === "fill" ? fill() : rm(ballast));
  process.stdout.write(`did ${line}\n`);
}
