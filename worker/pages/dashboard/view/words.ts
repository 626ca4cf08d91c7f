/** Texts of the dashboard: names that may be hostile, durations, elections. */
import { legible } from "../../../../shared/legible.ts";
import type { ElectionName } from "../../../../shared/protocol/names.ts";

const SHORT_ID = 8;
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** For use in a sentence: right-to-left text does not affect the words around it. */
export function quoted(text: string): string {
  const shown = legible(text);
  return /^[\x20-\x7e]*$/.test(shown) ? shown : `\u2068${shown}\u2069`;
}

export const shortId = (sessionId: string): string =>
  sessionId.length > SHORT_ID + 2 ? `${sessionId.slice(0, SHORT_ID)}…` : sessionId;

/** The name of a process, also of an unnamed one. */
export const processName = (process: string | null, sessionId: string): string =>
  process === null || process.trim() === "" ? `unnamed ${shortId(sessionId)}` : legible(process);

export const electionTitle = (election: ElectionName): string =>
  election === "process" ? "Process election" : election.slice("component:".length);

/** For use in a sentence. */
export const electionPhrase = (election: ElectionName): string =>
  election === "process" ? "the process election" : `the election of ${electionTitle(election)}`;

/** At most two units, each on one line with its number: `45 ms`, `7.4 s`, `3 min 20 s`, `2 h 5 min`, `4 d 1 h`. */
export function duration(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  if (whole < SECOND_MS) return `${whole}\u00a0ms`;
  if (whole < MINUTE_MS) return `${(Math.floor(whole / 100) / 10).toFixed(1)}\u00a0s`;
  if (whole < HOUR_MS) return both(whole, MINUTE_MS, "min", SECOND_MS, "s");
  if (whole < DAY_MS) return both(whole, HOUR_MS, "h", MINUTE_MS, "min");
  return both(whole, DAY_MS, "d", HOUR_MS, "h");
}

function both(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)}\u00a0${largeName}${rest === 0 ? "" : ` ${rest}\u00a0${smallName}`}`;
}

export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
