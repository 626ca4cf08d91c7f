/** The table that SQL guards keep beside the data, in SQL that SQLite, D1 and Postgres share. */
import type { Fence } from "../../shared/fence.ts";
import { FenceError, type Highest } from "./errors.ts";

/** The constraint that a late batch violates. Its name distinguishes this failure from others. */
export const STALE_CONSTRAINT = "edge_election_stale_leader";

/** For your migrations; `setUp()` of a guard runs the same SQL. One row for each component of a group. */
export const FENCE_TABLE = `CREATE TABLE IF NOT EXISTS edge_election_fence (
  group_name TEXT NOT NULL,
  component TEXT NOT NULL,
  epoch BIGINT NOT NULL CONSTRAINT ${STALE_CONSTRAINT} CHECK (epoch > 0),
  leader_session_id TEXT NOT NULL,
  PRIMARY KEY (group_name, component)
)`;

/** Writes the placeholder at a position, counted from 1. */
export type Placeholder = (position: number) => string;
export const QUESTION_MARK: Placeholder = () => "?";

export const selectHighest = (placeholder: Placeholder): string =>
  `SELECT epoch, leader_session_id FROM edge_election_fence
  WHERE group_name = ${placeholder(1)} AND component = ${placeholder(2)}`;

const insert = (placeholder: Placeholder): string =>
  `INSERT INTO edge_election_fence (group_name, component, epoch, leader_session_id)
  VALUES (${[1, 2, 3, 4].map(placeholder).join(", ")})
  ON CONFLICT (group_name, component) DO UPDATE SET`;

/** Returns a row if the fence is accepted, and none if it is late. Locks the row until the transaction ends. */
export const takeOrNothing = (placeholder: Placeholder): string =>
  `${insert(placeholder)} epoch = excluded.epoch, leader_session_id = excluded.leader_session_id
  WHERE excluded.epoch > edge_election_fence.epoch
    OR (excluded.epoch = edge_election_fence.epoch
      AND excluded.leader_session_id = edge_election_fence.leader_session_id)
  RETURNING epoch`;

/** Violates the constraint if the fence is late, and writes no row if it is known already. */
export const takeOrFail = `${insert(QUESTION_MARK)}
  epoch = CASE WHEN excluded.epoch > edge_election_fence.epoch THEN excluded.epoch ELSE 0 END,
  leader_session_id = excluded.leader_session_id
  WHERE excluded.epoch <> edge_election_fence.epoch
    OR excluded.leader_session_id <> edge_election_fence.leader_session_id`;

/** In the order of the placeholders. */
export const keyOf = ({ group, component }: Pick<Fence, "group" | "component">): [string, string] => [group, component];
export const valuesOf = ({ group, component, epoch, leaderSessionId }: Fence): [string, string, number, string] => [
  group,
  component,
  epoch,
  leaderSessionId,
];

/** The stored leadership, or `null` for no row. Some drivers return a BIGINT as text. */
export function highestOf(row: unknown): Highest | null {
  if (row === null || row === undefined) return null;
  if (typeof row === "object" && "epoch" in row && "leader_session_id" in row) {
    return { epoch: Number(row.epoch), leaderSessionId: String(row.leader_session_id) };
  }
  throw new FenceError("unreadable_fence", "a row of edge_election_fence can't be read: the port must return objects");
}

/** The same error, or, if the table is missing, an error that says how to make it. */
export function explained(error: unknown): unknown {
  const message = error instanceof Error ? error.message : String(error);
  if (!/edge_election_fence/.test(message) || !/no such table|does not exist/.test(message)) return error;
  return new FenceError(
    "no_fence_table",
    "the table edge_election_fence is missing: call setUp() of the guard once, or add FENCE_TABLE to your migrations",
    error,
  );
}
