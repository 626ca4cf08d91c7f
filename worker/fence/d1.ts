/**
 * A guard for a D1 database, beside its data. A batch is one transaction, but no statement in it can decide by what
 * another one has read. So its first statement violates a constraint if the fence is late, and the batch is rolled back.
 */
import type { Fence } from "../../shared/fence.ts";
import { type Highest, StaleLeaderError } from "./errors.ts";
import { checked } from "./rule.ts";
import {
  explained,
  FENCE_TABLE,
  highestOf,
  keyOf,
  QUESTION_MARK,
  STALE_CONSTRAINT,
  selectHighest,
  takeOrFail,
  valuesOf,
} from "./table.ts";

/** A prepared statement of D1. */
export interface D1StatementPort {
  bind(...values: unknown[]): D1StatementPort;
  first(): Promise<unknown>;
}

/** A D1 database, or a session of one. */
export interface D1Port<Result> {
  prepare(query: string): D1StatementPort;
  batch(statements: D1StatementPort[]): Promise<Result[]>;
}

/** Guards batches of a D1 database. Each batch is one transaction that includes the fence. */
export interface D1Guard<Result> {
  /** Makes the table, once. Not needed if `FENCE_TABLE` is part of your migrations. */
  setUp(): Promise<void>;
  /**
   * Runs the statements as one batch and resolves with their results, in their order. Rejects with `StaleLeaderError` if
   * the fence is late, and with the error of D1 if a statement fails. In both cases nothing was written, not even the epoch.
   */
  batch(fence: Fence, statements: readonly D1StatementPort[]): Promise<Result[]>;
  /** Locks out every earlier leadership. Call it at the start of a term, before the first read. */
  claim(fence: Fence): Promise<void>;
  /** The highest leadership that was seen for a component, or `null`. */
  highest(key: Pick<Fence, "group" | "component">): Promise<Highest | null>;
}

/** Makes a guard for a D1 database. To make its table, call `setUp` once, or add `FENCE_TABLE` to your migrations. */
export function createD1Guard<Result>(database: D1Port<Result>): D1Guard<Result> {
  const highest = async (key: Pick<Fence, "group" | "component">): Promise<Highest | null> => {
    const select = database.prepare(selectHighest(QUESTION_MARK)).bind(...keyOf(key));
    return highestOf(await select.first());
  };
  const batch: D1Guard<Result>["batch"] = async (given, statements) => {
    const fence = checked(given);
    const take = database.prepare(takeOrFail).bind(...valuesOf(fence));
    try {
      const results = await database.batch([take, ...statements]);
      return results.slice(1);
    } catch (error) {
      const seen = isStale(error) ? await highest(fence) : null;
      throw seen === null ? explained(error) : new StaleLeaderError(fence, seen, error);
    }
  };
  return {
    setUp: async () => void (await database.batch([database.prepare(FENCE_TABLE)])),
    batch,
    claim: async (fence) => void (await batch(fence, [])),
    highest,
  };
}

const isStale = (error: unknown): boolean => error instanceof Error && error.message.includes(STALE_CONSTRAINT);
