/**
 * Which version of the code may read a group's rows. The first row has the version of the schema; every version keeps the
 * table `stored`, and in it the row `schema` with a number `version`, so that an older one finds out. It refuses
 * rows of a newer version, and never guesses at them: what it does not know may be what keeps a lease (S18).
 */
import { type Check, number, object, where } from "../../shared/protocol/fields.ts";
import { MAX_REACH_MS } from "./row-checks.ts";

/** To be raised when an older version would read rows wrongly. Then `load` has to bring older rows up to it. */
export const SCHEMA_VERSION = 1;

export interface SchemaRow {
  readonly version: number;
  /** The furthest that any horizon of the group was ahead when it was written: how long a damaged group holds off. */
  readonly reachMs: number;
}

export const schemaRow: Check<SchemaRow> = object<SchemaRow>({
  version: where((value): value is number => Number.isInteger(value) && Number(value) >= 1, "a whole number from 1 on"),
  reachMs: number(0, MAX_REACH_MS),
});

/** Begins the message: of what an object throws, its caller gets only that. */
const REFUSED = "newer_schema: ";

/** The rows were written by a newer version of this software. */
export class NewerSchema extends Error {
  override readonly name = "NewerSchema";
  constructor(version: number) {
    super(
      `${REFUSED}a newer version has stored this group (schema ${version}, this version knows ${SCHEMA_VERSION}): deploy that version again`,
    );
  }
}

/** The answer to a request that meets a newer schema; `null` for any other error. */
export function newerSchemaIn({ message }: Error): string | null {
  const at = message.indexOf(REFUSED);
  return at === -1 ? null : message.slice(at + REFUSED.length);
}
