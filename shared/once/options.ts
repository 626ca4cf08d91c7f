/** The options of `runOnce`, checked before anything is sent, and what a run leaves. */
import { invalidArgument } from "../errors.ts";
import type { PlainLeadership } from "../leadership/leadership.ts";
import { DEFAULT_LEASE_MS } from "../lease.ts";
import { InvalidField, mustBe, shown } from "../protocol/fields.ts";
import { OUTCOME_LENGTH } from "../protocol/limits.ts";
import { isName, NAME_RULE } from "../protocol/names.ts";
import { type BeginRun, isOccurrence, type Missed, OCCURRENCE_RULE, runCall } from "../protocol/runs.ts";
import type { OncePorts } from "./calls.ts";

/** A `Date`. */
export interface Time {
  getTime(): number;
}

/** Which job, which occurrence, and what to do. */
export interface OnceOptions<T> {
  readonly group: string;
  /** The name of the job. Its runs never overlap, whatever their occurrences. Their fences have this name as component. */
  readonly job: string;
  /**
   * The tick: a time (a `Date`, or milliseconds since 1970), or any text that is the same in every process, such as
   * `2026-11-29` or a counter. Occurrences have an order, in which numbers within a text count by their value. Once the
   * group has forgotten an occurrence, it is `too_old`, and so is each earlier one that the group does not remember.
   */
  readonly occurrence: string | number | Time;
  /** Called at most once by each call, and awaited. What it returns has to be JSON of at most 1,024 characters. */
  readonly run: (leadership: PlainLeadership) => T | PromiseLike<T>;
  /** Who runs it, for all to see. */
  readonly by?: string;
  /**
   * How long others wait for a runner that has died. The lease is renewed while the function runs. Default 10,000; least 2,000.
   * The group cuts it to 60,000, or to its own lease if that is longer.
   */
  readonly leaseMs?: number;
  /**
   * Default true: if a run has died or thrown, the next process that asks runs the occurrence again, until one completes (at least once).
   * False: an occurrence that has begun never begins again (at most once).
   */
  readonly retry?: boolean;
  /**
   * Default `run`: an occurrence that is late is run as well. `latest`: it is not run once a later one has begun. `skip`: as
   * `latest`, and it is not run while another run of the job is under way.
   */
  readonly missed?: Missed;
  /**
   * If it aborts while `runOnce` waits, `runOnce` rejects with its reason. If it aborts while `run` runs, the signal of the
   * leadership aborts.
   */
  readonly signal?: AbortSignal;
}

export type Asked = Required<Pick<BeginRun, "job" | "occurrence" | "by" | "leaseMs" | "retry" | "missed">>;

export const ONCE_OPTIONS = [
  "group",
  "job",
  "occurrence",
  "run",
  "by",
  "leaseMs",
  "retry",
  "missed",
  "signal",
] as const;

/** Throws a `TypeError` that names the field and what it takes. */
export function askedOf<T>(options: OnceOptions<T>, ports: Pick<OncePorts, "isoOf" | "by" | "freshId">): Asked {
  const { group, job, run, by = ports.by(), leaseMs = DEFAULT_LEASE_MS, retry = true, missed = "run" } = options;
  if (!isName(group)) throw invalidArgument(mustBe("group", NAME_RULE, shown(group)));
  if (typeof run !== "function") throw invalidArgument(mustBe("run", "a function", shown(run)));
  const asked = { job, occurrence: occurrenceOf(options.occurrence, ports), by, leaseMs, retry, missed };
  try {
    runCall({ type: "begin", ...asked, run: ports.freshId() }, "");
  } catch (error) {
    throw error instanceof InvalidField ? invalidArgument(error.message) : error;
  }
  return asked;
}

function occurrenceOf(given: unknown, { isoOf }: Pick<OncePorts, "isoOf">): string {
  if (isOccurrence(given)) return given;
  const isDate =
    typeof given === "object" && given !== null && "getTime" in given && typeof given.getTime === "function";
  const time: unknown = isDate ? (given as Time).getTime() : given;
  const text = typeof time === "number" ? isoOf(time) : null;
  if (text !== null) return text;
  throw invalidArgument(mustBe("occurrence", `a time, or a text of ${OCCURRENCE_RULE}`, shown(given)));
}

interface OutcomeText {
  readonly text: string | undefined;
  /** Thrown once the end is recorded: the work is done, whatever it returned. */
  readonly problem: TypeError | null;
}

export function outcomeText(value: unknown): OutcomeText {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    return { text: undefined, problem: notKept(`is no JSON (${cause})`) };
  }
  if (text === undefined || text.length <= OUTCOME_LENGTH) return { text, problem: null };
  return { text: undefined, problem: notKept(`is ${text.length} characters of JSON, and ${OUTCOME_LENGTH} are kept`) };
}

const notKept = (why: string): TypeError =>
  invalidArgument(
    `the occurrence is completed, but what run returned ${why}: return less, and store the rest elsewhere`,
  );

/** What was kept, for everybody else. */
export function outcomeValue(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
