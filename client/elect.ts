/** Scopes: `elect`, `terms` and `acquire` are three ways to write down what is done in a term. */
import { fail } from "./callbacks.ts";
import { type ContendOptions, contend } from "./contend.ts";
import { LeadershipLostError } from "./errors.ts";
import type { Leadership, ResignOptions } from "./leadership.ts";
import type { Shell } from "./shell.ts";
import { check } from "./validate.ts";

/** Of `elect`, `terms` and `acquire`. */
export interface ScopeOptions extends ContendOptions {
  /** Ends the term, waits until it is drained, and rejects with its reason. */
  readonly signal?: AbortSignal;
  /** `manual`: the scope publishes its address itself. Otherwise it is published at the start of every term. */
  readonly confirm?: "auto" | "manual";
  /** What is thrown after the term was lost, and errors of the connection. */
  readonly onError?: (error: unknown) => void;
}

/** One term's work. Its promise is the drain. `end` leaves the election; the first outcome counts. */
type Work<T, Component extends string> = (
  leadership: Leadership<Component>,
  end: (outcome: () => T) => void,
) => Promise<void>;

const ignore = (): void => {};

/**
 * Contends until `end` is called, the signal aborts, or the client is closed; then, drained, it has the outcome.
 * `isBody`: the work may wait for its own `resign`.
 */
function campaign<T, Component extends string>(
  shell: Shell,
  component: Component,
  work: Work<T, Component>,
  { signal, confirm, onError, ...options }: ScopeOptions = {},
  isBody = true,
): Promise<T> {
  signal?.throwIfAborted();
  let running: Promise<void> | undefined;
  let outcome: (() => T) | undefined;
  const end = (wanted: () => T): void => {
    outcome ??= wanted;
    void contender.close();
  };
  const onRevoke = (): Promise<void> | undefined => running?.catch(ignore);
  const contender = contend(
    shell,
    component,
    {
      onGrant(leadership) {
        if (confirm !== "manual") {
          leadership.confirm().catch((error) => leadership.isLeader() && fail(shell, error, onError));
        }
        running = work(leadership, end);
        return running;
      },
      onRevoke,
      onError,
    },
    options,
    isBody,
  );
  const abort = (): void =>
    end(() => {
      throw signal?.reason;
    });
  signal?.addEventListener("abort", abort);
  return contender.left.catch(ignore).then(async () => {
    signal?.removeEventListener("abort", abort);
    await onRevoke();
    if (outcome) return outcome();
    throw shell.closedError();
  });
}

/** Runs for every term until it returns, or throws, while leading. Errors after a loss go to `onError`. */
export async function elect<T, Component extends string>(
  shell: Shell,
  component: Component,
  run: (leadership: Leadership<Component>) => T | PromiseLike<T>,
  options?: ScopeOptions,
): Promise<T> {
  return campaign<T, Component>(
    shell,
    component,
    async (leadership, end) => {
      try {
        const result = await run(leadership);
        if (leadership.isLeader()) end(() => result);
      } catch (error) {
        if (leadership.isLeader()) {
          end(() => {
            throw error;
          });
        } else if (!(error instanceof LeadershipLostError) && (error as Error | null)?.name !== "AbortError") {
          throw error;
        }
      }
    },
    options,
  );
}

/** A term that has begun, until `done` is called. */
interface Turn<Component extends string> {
  readonly leadership: Leadership<Component>;
  readonly end: (outcome: () => void) => void;
  readonly done: () => void;
}

/**
 * The loop's body is one term, and its drain. A term that ended before its body began is skipped. Contends from now on,
 * until the generator is left: it has to be run.
 */
export function terms<Component extends string>(
  shell: Shell,
  component: Component,
  options: ScopeOptions = {},
): AsyncGenerator<Leadership<Component>, void, undefined> {
  const { signal } = options;
  let newest: Turn<Component> | undefined;
  const over = campaign<void, Component>(
    shell,
    component,
    (leadership, end) =>
      new Promise((done) => {
        newest = { leadership, end, done };
      }),
    options,
  ).catch(ignore);
  return turns();

  async function* turns(): AsyncGenerator<Leadership<Component>, void, undefined> {
    try {
      for (let turn: Turn<Component> | undefined; ; turn?.done()) {
        const last = turn;
        await shell.until(() => newest !== last, signal);
        turn = newest as Turn<Component>;
        const { leadership } = turn;
        if (leadership.isLeader()) yield leadership;
        await shell.until(() => leadership.signal.aborted, signal);
      }
    } finally {
      newest?.done();
      newest?.end(ignore);
      await over;
    }
  }
}

/** A leadership that its scope ends: `await using leadership = await client.acquire(...)`. */
export interface Acquired<Component extends string = string> extends Leadership<Component>, AsyncDisposable {
  close(): Promise<void>;
}

/** Waits for one term. The contender is closed when the scope is, or when the term is lost. */
export function acquire<Component extends string>(
  shell: Shell,
  component: Component,
  options?: ScopeOptions,
): Promise<Acquired<Component>> {
  return new Promise((resolve, reject) => {
    const over = campaign<void, Component>(
      shell,
      component,
      (leadership, end) =>
        new Promise((done) => {
          const { signal, resign } = leadership;
          const close = async (): Promise<void> => {
            done();
            end(ignore);
            await over.catch(ignore);
          };
          const stepDown = async (successor?: ResignOptions): Promise<void> => {
            check({ ...successor });
            // Who steps down has stopped: there is nothing to drain.
            done();
            await resign(successor);
            await close();
          };
          // One that resigns leaves after its farewell, which may name a successor.
          signal.addEventListener("abort", () => {
            if (signal.reason.reason !== "resigned") end(ignore);
          });
          resolve(Object.assign(leadership, { close, resign: stepDown, [Symbol.asyncDispose]: close }));
        }),
      options,
      false,
    );
    over.catch(reject);
  });
}
