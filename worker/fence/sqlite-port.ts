/** The port of `createSqlGuard` for one connection of `node:sqlite`, or of another synchronous driver of that shape. */
import type { SqlPort } from "./sql.ts";

/** The methods that the port uses of a `DatabaseSync`. */
export interface SqliteConnection {
  exec(sql: string): unknown;
  prepare(sql: string): { all(...values: (string | number)[]): unknown[] };
}

/**
 * Makes a port of one SQLite connection. Its transactions wait for each other, because they share the connection. So the
 * work of a transaction must not start another one and wait for it. Other statements on the connection become part of
 * the running transaction. A transaction waits for other processes for as long as the connection's own time-out; set one.
 */
export function createSqlitePort<Connection extends SqliteConnection>(connection: Connection): SqlPort<Connection> {
  let last: Promise<unknown> = Promise.resolve();
  return {
    transaction(work) {
      const run = last.then(async () => {
        connection.exec("BEGIN IMMEDIATE");
        try {
          const result = await work(connection);
          connection.exec("COMMIT");
          return result;
        } catch (error) {
          rollBack(connection);
          throw error;
        }
      });
      last = run.catch(() => {});
      return run;
    },
    query: (transaction, sql, values) => transaction.prepare(sql).all(...values),
  };
}

/** Some errors have ended the transaction already. The first error counts. */
function rollBack(connection: SqliteConnection): void {
  try {
    connection.exec("ROLLBACK");
  } catch {
    // The transaction has ended already.
  }
}
