/** Scopes: `elect`, `terms` and `acquire` are three ways to write the work of a term. */

import { deferred } from "../shared/leadership/deferred.ts";
import type { Leadership, ResignOptions } from "../shared/leadership/leadership.ts";
import type { LeaderStatus } from "../shared/protocol/status.ts";
import { assertFunction, assertResignOptions, assertScopeOptions, assertTryOptions } from "./checks.ts";
import { LONGEST_TIMER_MS } from "./clock.ts";
import { type ContendOptions, contend } from "./contend.ts";
import { ElectionError, isLoss } from "./errors.ts";
import { iterate, type Steps } from "./iteration.ts";
import type { Participant } from "./participant.ts";
import { unlessAborted } from "./unless-aborted.ts";

/** Options of the scopes `elect`, `terms` and `acquire`. `tryElect` is a scope, too. */
export interface ScopeOptions extends ContendOptions {
  /**
   * When it aborts, the scope ends its term, waits until it is drained, and rejects with the signal's reason. To limit only
   * the wait, use `waitMs`.
   */
  readonly signal?: AbortSignal;
  /**
   * How long to wait for the first term, in milliseconds. After that the scope leaves the election and rejects with an
   * `ElectionError` with the code `wait_timeout`. It does not end a term that has begun. Default: no limit. A value above
   * 2^31 - 1 (nearly 25 days) means no limit, too.
   */
  readonly waitMs?: number;
  /** `manual`: your code calls `leadership.confirm()`. Default: the address is published at the start of every term. */
  readonly confirm?: "auto" | "manual";
  /** Called with errors of the connection and of the automatic `confirm`, and with those that the work throws after a loss. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Options of `tryElect`, where `waitMs` is 10 s by default. `ready` is absent: a component that is not ready can't try. */
export type TryOptions = Omit<ScopeOptions, "ready">;

/** One term's work. Its promise is the drain. `end` leaves the election; the first outcome counts. */
type Work<T, Component extends string> = (
  leadership: Leadership<Component>,
  end: (outcome: () => T) => void,
) => Promise<void>;

/** What differs between scopes. */
interface Ways<T> {
  /** The work may wait for the `resign` of its own leadership. Default true. */
  readonly resignSkipsOwnDrain?: boolean;
  /** It tries, and this is its outcome if it was not granted. */
  readonly notGranted?: (leader: LeaderStatus | null) => T;
}

interface Campaign<T> {
  /** The number of its contender. */
  readonly contender: number;
  /** Leaves the election. The first outcome counts. */
  readonly end: (outcome: () => T) => void;
  /** Resolves when it has left, drained, with the outcome; rejects where that throws, and when the client was closed. */
  readonly over: Promise<T>;
}

const ignore = (): void => {};
const fails = (reason: unknown) => (): never => {
  throw reason;
};

/** Contends until `end` is called, the signal aborts, the wait is over, or the client is closed. */
function campaign<T, Component extends string>(
  participant: Participant,
  component: Component,
  work: Work<T, Component>,
  options: ScopeOptions = {},
  { resignSkipsOwnDrain = true, notGranted }: Ways<T> = {},
): Campaign<T> {
  assertScopeOptions(options);
  const { signal, confirm, waitMs = Infinity, election, priority, ready } = options;
  signal?.throwIfAborted();
  let running: Promise<void> | undefined;
  let outcome: (() => T) | undefined;
  const end = (wanted: () => T): void => {
    outcome ??= wanted;
    void entry.contender.close().catch(ignore);
  };
  const errors = { ...(options.onError && { onError: (error: unknown) => options.onError?.(error) }) };
  const entry = contend(
    participant,
    component,
    {
      ...errors,
      onGrant(leadership) {
        participant.clock.clearTimeout(waiting);
        if (confirm !== "manual") {
          leadership.confirm().catch((error) => leadership.isLeader() && participant.listeners.fail(error, errors));
        }
        running = work(leadership, end);
        return running;
      },
      onRevoke: () => running?.catch(ignore),
    },
    { ...(election && { election }), ...(priority !== undefined && { priority }), ...(ready === false && { ready }) },
    {
      resignSkipsOwnDrain,
      onRefused: (error) => end(fails(error)),
      onTried: notGranted && ((leader) => end(() => notGranted(leader))),
    },
  );
  const abort = (): void => end(fails(signal?.reason));
  signal?.addEventListener("abort", abort);
  const waiting =
    waitMs <= LONGEST_TIMER_MS
      ? participant.clock.setTimeout(() => end(fails(waitTimeout(component, waitMs))), waitMs)
      : undefined;
  const over = entry.left.catch(ignore).then(async () => {
    signal?.removeEventListener("abort", abort);
    participant.clock.clearTimeout(waiting);
    await running?.catch(ignore);
    if (outcome) return outcome();
    throw participant.closedError();
  });
  return { contender: entry.id, end, over };
}

const waitTimeout = (component: string, waitMs: number): ElectionError =>
  new ElectionError(
    "wait_timeout",
    `${component} was not granted within waitMs (${waitMs} ms): wait longer, or call getStatus() to see who leads`,
  );

/** Runs for every term until it returns, or throws, while leading. Errors after a loss go to `onError`. */
export async function elect<T, Component extends string>(
  participant: Participant,
  component: Component,
  run: (leadership: Leadership<Component>) => T | PromiseLike<T>,
  options?: ScopeOptions,
): Promise<T> {
  assertFunction(run, "the function of elect");
  return campaign(
    participant,
    component,
    workOf(run, (value) => value),
    options,
  ).over;
}

/** The function's value, as `resultOf` says it, or its error ends the campaign, if it still leads by then. */
function workOf<T, Result, Component extends string>(
  run: (leadership: Leadership<Component>) => T | PromiseLike<T>,
  resultOf: (value: T) => Result,
): Work<Result, Component> {
  return async (leadership, end) => {
    try {
      const value = await run(leadership);
      if (leadership.isLeader()) end(() => resultOf(value));
    } catch (error) {
      if (leadership.isLeader()) end(fails(error));
      else if (!isLoss(error)) throw error;
    }
  };
}

/** Whether `tryElect` has run its function; if not, who leads: `null` if nobody does, or it is not known. */
export type TryResult<T> =
  | { readonly ran: true; readonly value: T }
  | { readonly ran: false; readonly leader: LeaderStatus | null };

/** How long a try waits for a connection, and for its answer. */
const TRY_WITHIN_MS = 10_000;

/** As `elect`, for at most one term, and only for one that is free now. */
export async function tryElect<T, Component extends string>(
  participant: Participant,
  component: Component,
  run: (leadership: Leadership<Component>) => T | PromiseLike<T>,
  options: TryOptions = {},
): Promise<TryResult<T>> {
  assertFunction(run, "the function of tryElect");
  assertTryOptions(options);
  const worked = workOf(run, (value): TryResult<T> => ({ ran: true, value }));
  const work: typeof worked = (leadership, end) => {
    const { signal } = leadership;
    // In the call that ends the term: it waits for no other one.
    signal.addEventListener("abort", () => end(fails(signal.reason)));
    return worked(leadership, end);
  };
  const within = { waitMs: TRY_WITHIN_MS, ...options };
  const notGranted = (leader: LeaderStatus | null): TryResult<T> => ({ ran: false, leader });
  return campaign(participant, component, work, within, { notGranted }).over;
}

/** A term that has begun, until `done` is called. */
interface LoopTerm<Component extends string> {
  readonly leadership: Leadership<Component>;
  /** Resolves when the term has ended. */
  readonly over: Promise<void>;
  readonly done: () => void;
}

/**
 * The loop's body is one term, and its drain. A term that ended before its body began is skipped, and a body that ends
 * early goes on leading: the loop waits for the end of its term.
 */
export function terms<Component extends string>(
  participant: Participant,
  component: Component,
  options: ScopeOptions = {},
): AsyncGenerator<Leadership<Component>, void, undefined> {
  return iterate(
    () => loopOf(participant, component, options),
    (outcome) => participant.held(outcome),
  );
}

function loopOf<Component extends string>(
  participant: Participant,
  component: Component,
  options: ScopeOptions,
): Steps<Leadership<Component>> {
  const { inside } = participant;
  const outer = inside.current();
  let newest: LoopTerm<Component> | undefined;
  let last: LoopTerm<Component> | undefined;
  /** Resolves when the next term begins. */
  let begun = deferred();
  const work: Work<void, Component> = (leadership) =>
    new Promise((done) => {
      const { signal } = leadership;
      const over = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      newest = { leadership, over, done };
      begun.resolve();
      begun = deferred();
    });
  const { contender, over, end } = campaign<void, Component>(participant, component, work, options);
  const failed = over.then((): Promise<never> => new Promise(ignore));
  failed.catch(ignore);
  const until = (step: Promise<void>, left: AbortSignal): Promise<void> =>
    unlessAborted(Promise.race([failed, step]), left, options.signal);

  return {
    // Only the body calls it again; the first call may come from anywhere.
    resume: () => last && inside.enter(contender),
    promised: (result) => inside.beginBody(contender, result),
    async next(left) {
      for (;;) {
        const before = last;
        if (before) {
          await until(before.over, left);
          before.done();
        }
        if (newest === before) await until(begun.promise, left);
        last = newest;
        if (last?.leadership.isLeader()) return last.leadership;
      }
    },
    async leave() {
      if (inside.current() === contender) inside.enter(outer);
      newest?.done();
      end(ignore);
      await over.catch(ignore);
    },
  };
}

/** A leadership that ends with its scope: `await using leadership = await client.acquire(...)`. */
export interface Acquired<Component extends string = string> extends Leadership<Component>, AsyncDisposable {
  /**
   * Reports that the work of the term has stopped, and leaves the election. Without this call, after a loss or `close()`
   * of the client, the group waits for as long as a drain may take (`drainMs`).
   */
  close(): Promise<void>;
}

/** Waits for one term. The contender is closed when the scope is, or when the term is lost. */
export function acquire<Component extends string>(
  participant: Participant,
  component: Component,
  options?: ScopeOptions,
): Promise<Acquired<Component>> {
  return new Promise((resolve, reject) => {
    const work: Work<void, Component> = (leadership, end) =>
      new Promise((done) => {
        const { signal, resign } = leadership;
        const close = async (): Promise<void> => {
          done();
          end(ignore);
          await over.catch(ignore);
        };
        const stepDown = async (successor: ResignOptions = {}): Promise<void> => {
          assertResignOptions(successor);
          // Its work has stopped: there is nothing to drain.
          done();
          await resign(successor);
          await close();
        };
        // In the call that ends the term: a new one may begin before the holder sees its signal.
        signal.addEventListener("abort", () => end(ignore));
        resolve(Object.assign(leadership, { close, resign: stepDown, [Symbol.asyncDispose]: close }));
      });
    const { over } = campaign<void, Component>(participant, component, work, options, {
      resignSkipsOwnDrain: false,
    });
    over.catch(reject);
  });
}
