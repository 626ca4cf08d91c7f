/** A guard beside the data of a Durable Object, in its own SQLite. */
import type { Fence } from "../../shared/fence.ts";
import { FenceError, type Highest } from "./errors.ts";
import { advances, checked } from "./rule.ts";
import { FENCE_TABLE, highestOf, keyOf, QUESTION_MARK, selectHighest, takeOrNothing, valuesOf } from "./table.ts";

/** `ctx.storage` of a Durable Object with SQLite. */
export interface DurableObjectStoragePort {
  readonly sql: { exec(query: string, ...bindings: (string | number)[]): { toArray(): unknown[] } };
  transactionSync<T>(work: () => T): T;
}

/** Guards the SQLite of one Durable Object. Everything is synchronous. */
export interface DurableObjectGuard {
  /**
   * Compares, remembers and works in one transaction, and gives back what the work returns. Whatever the work throws
   * undoes its writes, and the remembered epoch with them. Throws `StaleLeaderError` before the work has begun.
   *
   * The work must be synchronous. An `async` function is refused before it begins. One that gives back a promise in
   * another way is undone, but only as far as it has come: what it writes later, nobody guards.
   */
  run<T>(fence: Fence, work: () => T): T;
  /** Shuts out every leadership before this one. Do it at the start of a term, before the first read. */
  claim(fence: Fence): void;
  /** Of a component: the leadership seen last, or `null`. */
  highest(key: Pick<Fence, "group" | "component">): Highest | null;
}

/** Makes its table where there is none. */
export function createDurableObjectGuard(storage: DurableObjectStoragePort): DurableObjectGuard {
  const { sql } = storage;
  sql.exec(FENCE_TABLE);
  const highest: DurableObjectGuard["highest"] = (key) =>
    highestOf(sql.exec(selectHighest(QUESTION_MARK), ...keyOf(key)).toArray()[0]);
  const run: DurableObjectGuard["run"] = (given, work) => {
    const fence = checked(given);
    if (isAsync(work)) throw asynchronous();
    return storage.transactionSync(() => {
      if (advances(fence, highest(fence))) sql.exec(takeOrNothing(QUESTION_MARK), ...valuesOf(fence)).toArray();
      return synchronous(work());
    });
  };
  return { run, highest, claim: (fence) => run(fence, () => {}) };
}

const isAsync = (work: unknown): boolean => work instanceof (async () => {}).constructor;

/** What happens after an `await` would happen outside of the transaction. */
function synchronous<T>(result: T): T {
  if (typeof result === "object" && result !== null && "then" in result) {
    throw asynchronous();
  }
  return result;
}

const asynchronous = (): FenceError =>
  new FenceError("async_work", "the work of run() must be synchronous: await before run(), write inside of it");
