/**
 * Times of hand-overs that tests have seen, for the fail-over table of GUARANTEES.md: one line of JSON for each, in a
 * folder that git ignores. Tests assert order and never-early; how long it took is measured, not asserted.
 */
import { appendFileSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../reports/", import.meta.url));

/** `ms`: from the fault to the grant of the next leader, or for a crash of the backend to the leader's return. */
export function recordFailover(fault: string, ms: number): void {
  mkdirSync(FOLDER, { recursive: true });
  appendFileSync(`${FOLDER}failover.jsonl`, `${JSON.stringify({ fault, ms: Math.round(ms * 10) / 10 })}\n`);
}
