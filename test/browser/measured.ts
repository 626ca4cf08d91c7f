/** How long hand-overs took, for the table of GUARANTEES.md: written down, never asserted. */
import { appendFile, mkdir, readFile, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const FILE = fileURLToPath(new URL("../../reports/browser.jsonl", import.meta.url));

export interface HandOver {
  readonly fault: string;
  readonly browser: string;
  readonly leaseMs: number;
  /** From the fault, as the test caused it, to the acceptance of the next leader, by the server's clock. */
  readonly handOverMs: number;
  /** Nobody led, by the server's account. */
  readonly gapMs: number;
}

export async function record(handOver: HandOver): Promise<void> {
  await mkdir(fileURLToPath(new URL("../../reports/", import.meta.url)), { recursive: true });
  await appendFile(FILE, `${JSON.stringify(handOver)}\n`);
}

export const forget = (): Promise<void> => rm(FILE, { force: true });

/** As lines of text; empty when nothing was measured. */
export async function table(): Promise<string[]> {
  const text = await readFile(FILE, "utf8").catch(() => "");
  const all: HandOver[] = text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
  return all.map(({ fault, leaseMs, handOverMs, gapMs, browser }) => {
    const times = `${String(handOverMs).padStart(6)} ms after the fault, ${String(gapMs).padStart(6)} ms without a leader`;
    return `  ${fault.padEnd(36)} ${times}   (lease ${leaseMs} ms, ${browser})`;
  });
}
