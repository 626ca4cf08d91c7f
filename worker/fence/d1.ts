/**
 * A guard beside the data of a D1 database. A batch is one transaction, and nothing in it can look and decide; so its
 * first statement is one that violates a constraint where the fence is late, and the whole batch is undone.
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

/** Guards batches of a D1 database: one transaction each, the fence included. */
export interface D1Guard<Result> {
  /** Makes the table, once. Not needed where `FENCE_TABLE` is part of your migrations. */
  setUp(): Promise<void>;
  /**
   * Runs the statements as one batch, if the fence is not late; their results, in their order. Rejects with
   * `StaleLeaderError` where it is, and with the error of D1 where a statement fails; then nothing has happened, and the
   * epoch is not remembered either.
   */
  batch(fence: Fence, statements: readonly D1StatementPort[]): Promise<Result[]>;
  /** Shuts out every leadership before this one. Do it at the start of a term, before the first read. */
  claim(fence: Fence): Promise<void>;
  /** Of a component: the leadership seen last, or `null`. */
  highest(key: Pick<Fence, "group" | "component">): Promise<Highest | null>;
}

/** `setUp`, or `FENCE_TABLE` in your migrations, makes its table. */
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
