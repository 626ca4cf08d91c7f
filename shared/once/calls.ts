/** The calls of one `runOnce`: each is repeated until it is answered, refused, or given up. */
import { type BackOff, backOffMs } from "../back-off.ts";
import { ElectionError } from "../errors.ts";
import type { RunAnswer, RunCall } from "../protocol/runs.ts";
import { refusalError } from "../refusals.ts";
import type { RefusedRun } from "../remote/runs.ts";

/** What the platform has. */
export interface OncePorts {
  /** Rejects where there is no answer. `signal` gives the call up. */
  call(call: RunCall, signal: AbortSignal): Promise<RunAnswer | RefusedRun>;
  /** Elapsed milliseconds; never too few. */
  now(): number;
  /** Uniform in 0..1. */
  random(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
  /** A random id of at least 128 bits. */
  freshId(): string;
  /** `null` for what is no time. */
  isoOf(ms: number): string | null;
  /** Who this process is, by default. */
  by(): string;
}

export interface Answered {
  readonly answer: RunAnswer;
  /** By `now`: a lease counts from there. */
  readonly sentAt: number;
}

/** As long as an answer may take. */
export const ANSWER_MS = 10_000;
/** As long as a group may be out of reach. */
const PATIENCE_MS = 60_000;
const RETRY: BackOff = { firstMs: 250, longestMs: 5_000, leastShare: 0.5 };

export class Calls {
  readonly #ports: OncePorts;
  readonly #signal: AbortSignal | undefined;

  constructor(ports: OncePorts, signal?: AbortSignal) {
    this.#ports = ports;
    this.#signal = signal;
  }

  /** Rejects with the error of the last try after a minute without an answer, and at once with a refusal. */
  async ask(call: RunCall, patienceMs = PATIENCE_MS): Promise<Answered> {
    const begunAt = this.#ports.now();
    for (let attempt = 0; ; attempt += 1) {
      let atLeastMs = 0;
      try {
        return await this.once(call, ANSWER_MS);
      } catch (error) {
        if (this.#signal?.aborted) throw this.#signal.reason;
        if (isFinal(error) || this.#ports.now() - begunAt >= patienceMs) throw error;
        atLeastMs = Math.min(retryAfterIn(error), patienceMs);
      }
      await pause(this.#ports, { attempt, backOff: RETRY, atLeastMs, signal: this.#signal });
    }
  }

  /** One try. */
  async once(call: RunCall, withinMs: number): Promise<Answered> {
    this.#signal?.throwIfAborted();
    const given = new AbortController();
    const sentAt = this.#ports.now();
    const { promise: late, reject } = Promise.withResolvers<never>();
    const stop = (): void => reject(this.#signal?.reason);
    const timer = this.#ports.setTimeout(() => reject(unanswered()), withinMs);
    this.#signal?.addEventListener("abort", stop);
    try {
      const answer = await Promise.race([this.#ports.call(call, given.signal), late]);
      if (answer.type === "refused") throw Object.assign(refusalError(answer), { isRefusal: true });
      return { answer, sentAt };
    } finally {
      this.#ports.clearTimeout(timer);
      this.#signal?.removeEventListener("abort", stop);
      given.abort();
    }
  }
}

const unanswered = (): ElectionError =>
  new ElectionError("timeout", `the group did not answer within ${ANSWER_MS} ms: try again`);

/** A refusal, a wrong argument, or what no repetition mends. */
const isFinal = (error: unknown): boolean =>
  error instanceof TypeError ||
  (error as { isRefusal?: unknown } | null)?.isRefusal === true ||
  (error instanceof ElectionError && !error.retryable);

const retryAfterIn = (error: unknown): number => (error instanceof ElectionError && error.retryAfterMs) || 0;

interface Pause {
  readonly attempt: number;
  readonly backOff: BackOff;
  readonly atLeastMs?: number;
  readonly atMostMs?: number;
  readonly signal: AbortSignal | undefined;
}

/** Rejects with the reason of the signal. */
export async function pause(
  ports: OncePorts,
  { attempt, backOff, atLeastMs = 0, atMostMs = Infinity, signal }: Pause,
): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve } = Promise.withResolvers<void>();
  const wantedMs = backOffMs(Math.min(attempt, 32), ports.random(), backOff);
  const ms = Math.max(atLeastMs, Math.min(wantedMs, atMostMs));
  const timer = ports.setTimeout(resolve, Math.ceil(ms));
  const stop = (): void => resolve();
  signal?.addEventListener("abort", stop);
  await promise;
  signal?.removeEventListener("abort", stop);
  ports.clearTimeout(timer);
  signal?.throwIfAborted();
}
