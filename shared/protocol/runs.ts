/**
 * The calls of those who run a job once for each occurrence, and the group's answers: the same by RPC and over HTTP.
 *
 * `run` is a random id that the caller makes for its attempt. It proves whose run it is, and makes each call safe to repeat:
 * a call that arrives late, or twice, changes nothing that its own run has not changed.
 */
import type { LeaseSettings } from "../lease.ts";
import { MAX_LEASE_MS, MIN_LEASE_MS } from "../lease.ts";
import { name } from "./codec.ts";
import {
  boolean,
  type Check,
  InvalidField,
  number,
  object,
  oneOf,
  optional,
  record,
  shown,
  text,
  where,
} from "./fields.ts";
import { OCCURRENCE_LENGTH, OUTCOME_LENGTH, PROCESS_NAME_LENGTH } from "./limits.ts";

/** Which late occurrences are run: see `missed` of `OnceOptions`. */
export type Missed = "run" | "latest" | "skip";

/** Asks to run an occurrence, if it is to be run here and now. */
export interface BeginRun {
  readonly type: "begin";
  readonly job: string;
  readonly occurrence: string;
  /** A random id of this attempt, made by the caller. */
  readonly run: string;
  /** Who asks, for everybody to see. */
  readonly by: string;
  readonly leaseMs: number;
  /** Whether it may be run again if a run of it has failed or died. */
  readonly retry: boolean;
  readonly missed: Missed;
}

/** Extends the lease of a run. */
export interface RenewRun {
  readonly type: "renew";
  readonly job: string;
  /** As in the call that began it. */
  readonly run: string;
}

/** Reports that a run is over. Send it only after the work has stopped. */
export interface EndRun {
  readonly type: "end";
  readonly job: string;
  /** As in the call that began it. */
  readonly run: string;
  readonly end: "completed" | "failed";
  /** JSON of what the run returned, or the message of its error. */
  readonly outcome?: string;
}

/** A call of the runner of a job. */
export type RunCall = BeginRun | RenewRun | EndRun;

/** How an occurrence has ended. `died`: its lease ran out without a word. `skipped`: it met another run of the job. */
export type RunEnd = "completed" | "failed" | "died" | "skipped";

/** An occurrence that is over. */
export interface EndedRun {
  readonly occurrence: string;
  readonly end: RunEnd;
  readonly by: string;
  /** By the clock of the group. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome?: string;
}

/** The answer of the group to a `RunCall`. */
export type RunAnswer =
  /** The caller runs the occurrence. Its lease lasts until `lease.renewDeadlineMs` (R) after the caller sent this call. */
  | {
      readonly type: "yours";
      readonly leaderSessionId: string;
      readonly epoch: number;
      readonly lease: LeaseSettings;
    }
  /** Not now. `occurrence`: the one that is running; absent: the group grants nothing at present. */
  | {
      readonly type: "busy";
      readonly occurrence?: string;
      readonly by?: string;
      readonly remainingMs: number;
    }
  | ({ readonly type: "over" } & EndedRun)
  /** A later one has begun, and this one is not to be run so late. */
  | { readonly type: "missed" }
  /** It comes before what the group still remembers. */
  | { readonly type: "too_old" }
  /** The run is over: another one has begun, or the group has forgotten it. */
  | { readonly type: "lost" };

/** A job as the group knows it. */
export interface JobStatus {
  readonly job: string;
  /** The run that has the lease. */
  readonly run: {
    readonly occurrence: string;
    readonly by: string;
    readonly startedAt: number;
    readonly epoch: number;
    readonly remainingMs: number;
  } | null;
  /** Those that are remembered, the latest first. */
  readonly ended: readonly EndedRun[];
  /** Occurrences up to this one are refused as too old, unless `ended` lists them. */
  readonly forgotten: string | null;
}

/** A job at a glance. */
export interface JobSummary extends Pick<JobStatus, "job" | "run"> {
  /** The latest of the occurrences that are over and remembered. */
  readonly last: Omit<EndedRun, "outcome"> | null;
}

/** What an operator's order to forget a job has done. */
export interface ForgottenJob {
  readonly job: string;
  /** How many occurrences it had remembered. */
  readonly occurrences: number;
  /** All up to this one are refused as too old from now on; null: none has ever begun. */
  readonly forgotten: string | null;
  /** The run that is given up. The job runs nothing until its lease is over. */
  readonly run: JobStatus["run"];
}

/** Visible characters and spaces: it is shown, and written on command lines. */
export const OCCURRENCE_RULE = `1-${OCCURRENCE_LENGTH} visible characters`;
export const isOccurrence = (value: unknown): value is string =>
  typeof value === "string" && value.length <= OCCURRENCE_LENGTH && /^[^\p{C}\s](?:[^\p{C}]*[^\p{C}\s])?$/u.test(value);

const run = where(
  (value): value is string => typeof value === "string" && /^[\w-]{16,64}$/.test(value),
  "16-64 characters out of A-Z a-z 0-9 _ -, chosen at random",
);
const common = { job: name, run } as const;

const begin = object<BeginRun>({
  type: oneOf("begin"),
  ...common,
  occurrence: where(isOccurrence, OCCURRENCE_RULE),
  by: text(PROCESS_NAME_LENGTH, 1),
  leaseMs: number(MIN_LEASE_MS, MAX_LEASE_MS),
  retry: boolean,
  missed: oneOf("run", "latest", "skip"),
});
const renew = object<RenewRun>({ type: oneOf("renew"), ...common });
const end = object<EndRun>({
  type: oneOf("end"),
  ...common,
  end: oneOf("completed", "failed"),
  outcome: optional(text(OUTCOME_LENGTH)),
});
const checks: Readonly<Record<string, Check<RunCall>>> = { begin, renew, end };

export const runCall: Check<RunCall> = (value, field) => {
  const { type } = record(value, field);
  const check = typeof type === "string" && Object.hasOwn(checks, type) ? checks[type] : undefined;
  if (check === undefined)
    throw new InvalidField(field ? `${field}.type` : "type", "one of begin, renew, end", shown(type));
  return check(value, field);
};
