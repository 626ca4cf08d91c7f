/**
 * The trace of all that passes over recorded paths, judged as it passes. Only what any delay allows is judged: tests stop
 * processes and delay frames as they like.
 */
import { TraceJudge } from "../../cli/check/judge.ts";
import type { SeenEntry } from "../../cli/check/trace.ts";
import type { Finding } from "../../cli/check/violations.ts";

/** The name of peers that send what a test tells them to: no client is judged by them. */
export const RAW_PEER = "raw";
/** How many entries of a group are kept: enough to see what has led to a finding. */
const ENTRIES_KEPT = 60;

/** What clients have done wrong since the last look, and how many sessions were welcomed so far. */
export interface Judgement {
  readonly problems: readonly string[];
  readonly sessions: number;
}

export class Trace {
  /** One for all paths: a client may go from one to another. */
  readonly #judge = new TraceJudge("path");
  /** The last entries of each group. */
  readonly #groups = new Map<string, SeenEntry[]>();
  /** Those of its group, by the connection. Raw peers have none. */
  readonly #connections = new Map<string, SeenEntry[]>();
  readonly #problems: string[] = [];
  #sessions = 0;
  #entries = 0;

  /** `path`: its number. Each counts its own connections. */
  see(path: number, told: SeenEntry): void {
    const entry = { ...told, connection: `${path}.${told.connection}` };
    if (entry.kind === "open" && entry.client !== RAW_PEER) {
      const group = `${path} ${entry.group}`;
      const entries = this.#groups.get(group) ?? [];
      this.#groups.set(group, entries);
      this.#connections.set(entry.connection, entries);
    }
    const entries = this.#connections.get(entry.connection);
    if (entries === undefined) return;
    entries.push(entry);
    if (entries.length > ENTRIES_KEPT) entries.shift();
    this.#entries += 1;
    for (const finding of this.#judge.take(entry, this.#entries)) this.#problems.push(textOf(finding, entries));
    if (entry.kind === "down" && isWelcome(entry.frame)) this.#sessions += 1;
    if (entry.kind === "close") this.#connections.delete(entry.connection);
  }

  judge(): Judgement {
    return { problems: this.#problems.splice(0), sessions: this.#sessions };
  }
}

const isWelcome = (frame: unknown): boolean =>
  typeof frame === "object" && frame !== null && "type" in frame && frame.type === "welcome";

const textOf = ({ rule, client, problem, right }: Finding, entries: readonly SeenEntry[]): string =>
  [`[${rule}] ${client}: ${problem}`, `  right: ${right}`, ...entries.map((entry) => JSON.stringify(entry))].join("\n");
