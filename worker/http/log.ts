/**
 * One JSON object per line, as log collectors expect. It never contains a token, a secret, an operator's note or a
 * request's text. Invisible characters of names that peers choose are escaped, so that nobody can forge a line, or hide in
 * a terminal.
 */
import { legibleJson } from "../../shared/legible.ts";
import type { Fact } from "../group/facts.ts";
import type { LogLevel } from "../group/policy.ts";
import type { UnreadableRow } from "../group/stored-rows.ts";

const RANK: Readonly<Record<LogLevel, number>> = { silent: 0, error: 1, info: 2, debug: 3 };

/** The level at which each fact is logged: `debug` for routine facts, `info` for changes of who leads or could lead. */
export const FACT_LEVELS: Readonly<Record<Fact["type"], "info" | "debug">> = {
  asked: "debug",
  asked_missed: "info",
  granted: "info",
  grant_refused: "info",
  accepted: "info",
  renewed: "debug",
  revoking: "info",
  ended: "info",
  forgotten: "debug",
  session_joined: "info",
  session_resumed: "info",
  session_lost: "info",
  session_left: "info",
  run_started: "debug",
  run_ended: "info",
  job_forgotten: "info",
  paused: "info",
  resumed: "info",
  cleaned: "info",
  purged: "info",
  refused: "info",
  hung_up: "info",
};

/** Failures outside of the group core. */
export const ERROR_EVENTS = [
  "alarm_failed",
  "start_failed",
  "alarm_not_set",
  "send_failed",
  "socket_unreadable",
  "request_failed",
  "policy_refused",
  "row_unreadable",
  "newer_schema",
  "other_interface",
  "purge_failed",
  "index_failed",
  "keys_unavailable",
  "contender_failed",
  "on_error_failed",
  "closed",
] as const;

export function logError(
  event: (typeof ERROR_EVENTS)[number],
  error: unknown,
  context: { readonly group?: string } = {},
): void {
  const message = error instanceof Error ? error.message : String(error);
  console.error(legibleJson({ level: "error", event, ...context, message }));
}

/** A row that can't be read, and is in quarantine now. The message has nothing of its content. */
export function logUnreadable({ table, key, problem: message }: UnreadableRow, group: string): void {
  console.error(legibleJson({ level: "error", event: "row_unreadable", group, table, key, message }));
}

/** More losses in one turn are one line with their count: a new object may find thousands of sockets gone. */
const LINES_OF_LOSSES = 16;

/** Writes the facts that `level` includes. `at`: when they happened, in milliseconds since 1970. */
export function logFacts(
  facts: readonly Fact[],
  level: LogLevel,
  context: { readonly group: string; readonly at: number },
): void {
  const count = facts.filter(isLoss).length;
  const isCrowd = count > LINES_OF_LOSSES;
  if (isCrowd && RANK.info <= RANK[level]) {
    console.log(legibleJson({ level: "info", event: "session_lost", ...context, count }));
  }
  for (const fact of facts) {
    if (!isLogged(fact, level) || (isCrowd && isLoss(fact))) continue;
    const { type: event, ...rest } = fact;
    console.log(legibleJson({ level: levelOf(fact), event, ...context, ...rest }));
  }
}

/** Whether `level` includes it. */
export const isLogged = (fact: Fact, level: LogLevel): boolean => RANK[levelOf(fact)] <= RANK[level];

const isLoss = ({ type }: Fact): boolean => type === "session_lost";

/** `not_leader` is routine: a message of a former leader arrived late. */
const levelOf = (fact: Fact): "info" | "debug" =>
  fact.type === "refused" && fact.code === "not_leader" ? "debug" : FACT_LEVELS[fact.type];
