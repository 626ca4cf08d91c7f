/**
 * Traces of all that passes over the sockets of a backend that a test has started, judged as it passes. Only what any delay
 * allows is judged: these tests stop processes and delay frames as they like.
 */
import { TraceJudge } from "../../cli/check/judge.ts";
import type { Entry } from "../../cli/check/trace.ts";
import type { Finding } from "../../cli/check/violations.ts";

/** The name of peers that send what a test tells them to: no client is judged by them. */
export const RAW_PEER = "raw";
/** Enough to see what has led to a finding. */
const KEPT = 200;

export class Trace {
  readonly #judge = new TraceJudge("path");
  readonly #raw = new Set<string>();
  readonly #lately: string[] = [];
  readonly #problems: string[] = [];
  #lines = 0;

  see(entry: Entry): void {
    if (entry.kind === "open" && entry.client === RAW_PEER) this.#raw.add(entry.connection);
    if ("connection" in entry && this.#raw.has(entry.connection)) return;
    this.#lines += 1;
    this.#lately.push(JSON.stringify(entry));
    if (this.#lately.length > KEPT) this.#lately.shift();
    for (const finding of this.#judge.take(entry, this.#lines)) this.#problems.push(this.#text(finding));
  }

  #text({ rule, client, problem }: Finding): string {
    const connection = this.#lately.at(-1) ?? "";
    return `[${rule}] ${client}: ${problem}\n  ${connection}\n${this.#lately.join("\n")}`;
  }

  /** Throws for the first finding since the last look. */
  expectGood(): void {
    const [first, ...others] = this.#problems.splice(0);
    if (first !== undefined)
      throw new Error(`a client has broken a rule of the protocol (${others.length} more):\n${first}`);
  }
}
