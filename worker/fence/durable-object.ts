/** A guard for the SQLite of a Durable Object, beside its data. */
import type { Fence } from "../../shared/fence.ts";
import type { Highest } from "./errors.ts";
import { advances, checked } from "./rule.ts";
import { assertSynchronous, synchronous } from "./synchronous.ts";
import { FENCE_TABLE, highestOf, keyOf, QUESTION_MARK, selectHighest, takeOrNothing, valuesOf } from "./table.ts";

/** `ctx.storage` of a Durable Object with SQLite. */
export interface DurableObjectStoragePort {
  readonly sql: { exec(query: string, ...bindings: (string | number)[]): { toArray(): unknown[] } };
  transactionSync<T>(work: () => T): T;
}

/** Guards the SQLite of one Durable Object. Everything is synchronous. */
export interface DurableObjectGuard {
  /**
   * Compares the fence, remembers it and runs the work in one transaction; returns what the work returns. If the fence is late,
   * throws `StaleLeaderError` before the work runs. If the work throws, its writes and the remembered epoch are rolled back.
   *
   * The work must be synchronous. An `async` function is refused before it runs. If any other function returns a promise, its
   * writes so far are rolled back, but its later writes are not guarded.
   */
  run<T>(fence: Fence, work: () => T): T;
  /** Locks out every earlier leadership. Call it at the start of a term, before the first read. */
  claim(fence: Fence): void;
  /** The highest leadership that was seen for a component, or `null`. */
  highest(key: Pick<Fence, "group" | "component">): Highest | null;
}

/** Makes a guard, and its table if there is none. */
export function createDurableObjectGuard(storage: DurableObjectStoragePort): DurableObjectGuard {
  const { sql } = storage;
  sql.exec(FENCE_TABLE);
  const highest: DurableObjectGuard["highest"] = (key) =>
    highestOf(sql.exec(selectHighest(QUESTION_MARK), ...keyOf(key)).toArray()[0]);
  const run: DurableObjectGuard["run"] = (given, work) => {
    const fence = checked(given);
    assertSynchronous(work, AWAIT_BEFORE);
    return storage.transactionSync(() => {
      if (advances(fence, highest(fence))) sql.exec(takeOrNothing(QUESTION_MARK), ...valuesOf(fence)).toArray();
      return synchronous(work(), AWAIT_BEFORE);
    });
  };
  return { run, highest, claim: (fence) => run(fence, () => {}) };
}

/** Code after an `await` would run outside of the transaction. */
const AWAIT_BEFORE = "the work of run() must be synchronous: await before run(), write inside of it";
