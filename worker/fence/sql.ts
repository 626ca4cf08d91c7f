/** A guard for any database with the SQL of SQLite or Postgres, beside its data, through a port of two methods. */
import type { Fence } from "../../shared/fence.ts";
import { assertNames } from "../../shared/options.ts";
import { FenceError, type Highest, StaleLeaderError } from "./errors.ts";
import { checked } from "./rule.ts";
import {
  explained,
  FENCE_TABLE,
  highestOf,
  keyOf,
  type Placeholder,
  QUESTION_MARK,
  selectHighest,
  takeOrNothing,
  valuesOf,
} from "./table.ts";

/** `Transaction` is the object on which your driver runs the statements of a transaction: a client, a connection. */
export interface SqlPort<Transaction> {
  /**
   * Runs the work in its own transaction. When the promise of the work resolves, `transaction` commits and then resolves. When
   * that promise rejects, `transaction` rolls back and rejects with the same error. Two transactions must not share a
   * connection at once.
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** Runs one statement in the transaction and returns its rows, as objects. */
  query(
    transaction: Transaction,
    sql: string,
    values: (string | number)[],
  ): Promise<readonly unknown[]> | readonly unknown[];
}

/** Guards the transactions of an SQL database. */
export interface SqlGuard<Transaction> {
  /** Makes the table, once. Not needed if `FENCE_TABLE` is part of your migrations. */
  setUp(): Promise<void>;
  /**
   * Compares the fence, remembers it and runs the work in one transaction; resolves with what the work returns. If the fence
   * is late, rejects with `StaleLeaderError` before the work runs. If the work throws, everything is rolled back.
   */
  run<T>(fence: Fence, work: (transaction: Transaction) => T | PromiseLike<T>): Promise<T>;
  /** Locks out every earlier leadership. Call it at the start of a term, before the first read. */
  claim(fence: Fence): Promise<void>;
  /** The highest leadership that was seen for a component, or `null`. */
  highest(key: Pick<Fence, "group" | "component">): Promise<Highest | null>;
}

/** Settings for databases that differ from SQLite. */
export interface SqlGuardOptions {
  /** The n-th placeholder, counted from 1. Default `?`; for Postgres `(n) => "$" + n`. */
  readonly placeholder?: Placeholder;
}

/**
 * Makes a guard for databases with `ON CONFLICT` and `RETURNING`. Call `setUp` once, or add `FENCE_TABLE` to your
 * migrations.
 */
export function createSqlGuard<Transaction>(
  port: SqlPort<Transaction>,
  options: SqlGuardOptions = {},
): SqlGuard<Transaction> {
  assertNames(options, ["placeholder"]);
  const { placeholder = QUESTION_MARK } = options;
  const look = async (transaction: Transaction, key: Pick<Fence, "group" | "component">): Promise<Highest | null> => {
    const [row] = await port.query(transaction, selectHighest(placeholder), keyOf(key));
    return highestOf(row);
  };
  const take = async (transaction: Transaction, fence: Fence): Promise<void> => {
    const taken = await port.query(transaction, takeOrNothing(placeholder), valuesOf(fence));
    if (taken.length > 0) return;
    const seen = await look(transaction, fence);
    if (seen === null)
      throw new FenceError("unreadable_fence", "query() must return the rows of RETURNING: change the port");
    throw new StaleLeaderError(fence, seen);
  };
  const transaction = async <T>(work: (transaction: Transaction) => Promise<T>): Promise<T> => {
    try {
      return await port.transaction(work);
    } catch (error) {
      throw explained(error);
    }
  };
  const run: SqlGuard<Transaction>["run"] = async (given, work) => {
    const fence = checked(given);
    return transaction(async (current) => {
      await take(current, fence);
      return work(current);
    });
  };
  return {
    setUp: () => transaction(async (current) => void (await port.query(current, FENCE_TABLE, []))),
    run,
    claim: (fence) => run(fence, () => {}),
    highest: (key) => transaction((current) => look(current, key)),
  };
}
