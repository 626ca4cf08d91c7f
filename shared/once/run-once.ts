/**
 * Runs a function in one process for each occurrence of a job. The same wherever it is called: only the clock and the way
 * of the calls are the platform's.
 *
 * Entry of the room `shared/once`. Both sides may import it. It imports `shared/`, and never touches a clock, a timer or the
 * network: they are its ports.
 */
import type { PlainLeadership } from "../leadership/leadership.ts";
import { answerTimeoutFor } from "../lease.ts";
import type { EndRun, RunAnswer } from "../protocol/runs.ts";
import { ANSWER_MS, Calls, type OncePorts, pause } from "./calls.ts";
import { LeasedRun } from "./leased-run.ts";
import { type Asked, askedOf, type OnceOptions, outcomeText, outcomeValue } from "./options.ts";

/** The leadership of a run: its component is the job. It is over by the time that another run of the job may begin. */
export type RunLeadership = PlainLeadership;

/**
 * What has become of an occurrence. `by`: who has run it. `at`: when that was over, in milliseconds since 1970, by the clock
 * of the group.
 */
export type OnceResult<T> =
  | { readonly ran: true; readonly by: string; readonly at: number; readonly outcome: T }
  /**
   * Not run by this call. Another run of the occurrence is over: `outcome` is what it returned, or, if it `failed`, the
   * message of its error. Or the occurrence was `skipped`, because it met another run of the job: `by` is who asked for it.
   */
  | {
      readonly ran: false;
      readonly reason: "completed" | "failed" | "died" | "skipped";
      readonly by: string;
      readonly at: number;
      readonly outcome: unknown;
    }
  /** Not run at all. `missed`: a later occurrence has begun. `too_old`: it comes before what the group remembers. */
  | {
      readonly ran: false;
      readonly reason: "missed" | "too_old";
      readonly by: null;
      readonly at: null;
      readonly outcome: undefined;
    };

/** While others run the job, the group is asked at growing intervals. */
const POLL = { firstMs: 100, longestMs: 2_000, leastShare: 0.5 } as const;

/** Waits until the occurrence is over, or runs it. The caller has checked nothing. */
export async function once<T>(options: OnceOptions<T>, ports: OncePorts): Promise<OnceResult<T>> {
  const asked = askedOf(options, ports);
  const calls = new Calls(ports, options.signal);
  let run = ports.freshId();
  let { leaseMs } = asked;
  for (let polls = 0; ; polls += 1) {
    const { answer, sentAt } = await calls.ask({ type: "begin", ...asked, leaseMs, run });
    if (answer.type === "yours") {
      const tookMs = ports.now() - sentAt;
      if (tookMs > answerTimeoutFor(answer.lease)) {
        leaseMs = Math.max(leaseMs, leaseOver(tookMs));
        continue;
      }
      const leased = new LeasedRun(
        ports,
        { group: options.group, job: asked.job, run, signal: options.signal },
        answer,
        sentAt,
      );
      if (leased.leadership.isLeader()) return carryOut(leased, options, asked, { calls, run });
      leased.stop();
    } else if (answer.type === "lost") {
      // This attempt has died before it was told that it had begun. The function was not called.
      run = ports.freshId();
    } else if (answer.type !== "busy") {
      return resultOf(answer);
    }
    await pause(ports, { attempt: polls, backOff: POLL, atMostMs: remainingIn(answer), signal: options.signal });
  }
}

/** A lease that is renewed in time where answers take so long: see `answerTimeoutFor`. None takes longer than `ANSWER_MS`. */
const leaseOver = (tookMs: number): number => Math.ceil(4 * Math.min(tookMs, ANSWER_MS));

const remainingIn = (answer: RunAnswer): number =>
  answer.type === "busy" && answer.remainingMs > 0 ? Math.max(50, answer.remainingMs) : Infinity;

type Settled = Extract<RunAnswer, { readonly type: "over" | "missed" | "too_old" }>;

function resultOf(answer: Settled): Extract<OnceResult<never>, { readonly ran: false }> {
  if (answer.type !== "over") return { ran: false, reason: answer.type, by: null, at: null, outcome: undefined };
  const { end, by, endedAt, outcome } = answer;
  return { ran: false, reason: end, by, at: endedAt, outcome: end === "completed" ? outcomeValue(outcome) : outcome };
}

interface Attempt {
  readonly calls: Calls;
  readonly run: string;
}

async function carryOut<T>(
  leased: LeasedRun,
  { run: work }: OnceOptions<T>,
  asked: Asked,
  { run }: Attempt,
): Promise<OnceResult<T>> {
  const { job, by } = asked;
  let value: T;
  try {
    value = await work(leased.leadership);
  } catch (error) {
    await leased.end({ type: "end", job, run, end: "failed", outcome: messageOf(error) }).catch(() => {});
    throw error;
  }
  const outcome = outcomeText(value);
  const end: EndRun = {
    type: "end",
    job,
    run,
    end: "completed",
    ...(outcome.text !== undefined && { outcome: outcome.text }),
  };
  const ended = await leased.end(end);
  if (outcome.problem !== null) throw outcome.problem;
  return { ran: true, by, at: ended.endedAt, outcome: value };
}

/** So much of a message is kept. */
const MESSAGE_LENGTH = 1_000;
const messageOf = (error: unknown): string =>
  String(error instanceof Error ? error.message : error).slice(0, MESSAGE_LENGTH);
