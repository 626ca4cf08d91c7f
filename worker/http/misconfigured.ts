/** What is wrong with the Worker's own configuration, in a sentence that fits into the reason of a close: no retry helps. */

/** Begins the message: of what an object throws, its caller gets only that. */
const MARK = "misconfigured: ";

class Misconfigured extends Error {
  override readonly name = "Misconfigured";
  constructor(message: string) {
    super(MARK + message);
  }
}

/** What has to be changed; `null` for any other error. */
export function misconfiguredIn(error: unknown): string | null {
  const message = error instanceof Error ? error.message : "";
  const at = message.indexOf(MARK);
  return at === -1 ? null : message.slice(at + MARK.length);
}

const answersTo = (thing: unknown, method: string): boolean =>
  (typeof thing === "object" || typeof thing === "function") &&
  thing !== null &&
  typeof Reflect.get(thing, method) === "function";

/** Throws for a binding that is missing, or of another kind. */
export function assertGroups(namespace: unknown): void {
  if (answersTo(namespace, "idFromName")) return;
  throw new Misconfigured(
    "this Worker has no binding of its groups by the name ELECTIONS: bind the class ElectionGroup by this name",
  );
}

/** Throws if the Worker is too old for calls. */
export function assertCalls(group: unknown): void {
  if (answersTo(group, "status")) return;
  throw new Misconfigured(
    "this Worker can't call its objects: set compatibility_date to 2026-08-04 or later, or to 2024-04-03 and nodejs_compat",
  );
}

/** The platform's own words name one tool. */
const NO_SQL = "SQL is not enabled";

/** What stands for this error of the storage. */
export const inWords = (error: unknown): unknown =>
  error instanceof Error && error.message.includes(NO_SQL)
    ? new Misconfigured(
        "ElectionGroup needs SQLite: new_sqlite_classes in wrangler's migrations, useSQLite or storage: sqlite for Miniflare",
      )
    : error;
