/** A guard beside the data of any database that speaks the SQL of SQLite or Postgres, through a port of two methods. */
import type { Fence } from "../../shared/fence.ts";
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

/** `Transaction` is whatever your driver runs statements of a transaction on: a client, a connection. */
export interface SqlPort<Transaction> {
  /**
   * Runs the work in a transaction of its own: commits when its promise resolves, and only then resolves itself; undoes
   * everything when it rejects, and passes the error on. Two transactions must not share a connection at once.
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** Runs one statement in the transaction; the rows that it gives back, as objects. */
  query(
    transaction: Transaction,
    sql: string,
    values: (string | number)[],
  ): Promise<readonly unknown[]> | readonly unknown[];
}

/** Guards the transactions of an SQL database. */
export interface SqlGuard<Transaction> {
  /** Makes the table, once. Not needed where `FENCE_TABLE` is part of your migrations. */
  setUp(): Promise<void>;
  /**
   * Compares, remembers and works in one transaction, and resolves with what the work returns. Rejects with
   * `StaleLeaderError` before the work has begun; whatever the work throws undoes all of it.
   */
  run<T>(fence: Fence, work: (transaction: Transaction) => T | PromiseLike<T>): Promise<T>;
  /** Shuts out every leadership before this one. Do it at the start of a term, before the first read. */
  claim(fence: Fence): Promise<void>;
  /** Of a component: the leadership seen last, or `null`. */
  highest(key: Pick<Fence, "group" | "component">): Promise<Highest | null>;
}

/** How the database differs from SQLite. */
export interface SqlGuardOptions {
  /** How the database writes the n-th placeholder, counted from 1. Default `?`; for Postgres `(n) => "$" + n`. */
  readonly placeholder?: Placeholder;
}

/** For databases that know `ON CONFLICT` and `RETURNING`. `setUp`, or `FENCE_TABLE` in your migrations, makes its table. */
export function createSqlGuard<Transaction>(
  port: SqlPort<Transaction>,
  { placeholder = QUESTION_MARK }: SqlGuardOptions = {},
): SqlGuard<Transaction> {
  const look = async (transaction: Transaction, key: Pick<Fence, "group" | "component">): Promise<Highest | null> => {
    const [row] = await port.query(transaction, selectHighest(placeholder), keyOf(key));
    return highestOf(row);
  };
  const take = async (transaction: Transaction, fence: Fence): Promise<void> => {
    const taken = await port.query(transaction, takeOrNothing(placeholder), valuesOf(fence));
    if (taken.length > 0) return;
    const seen = await look(transaction, fence);
    if (seen === null) throw new FenceError("unreadable_fence", "query() must give back the rows of RETURNING");
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
