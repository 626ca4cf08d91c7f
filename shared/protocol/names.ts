/**
 * Names of groups, components and elections.
 *
 * A name is 1-128 characters out of `A-Z a-z 0-9 . _ : - /`, but neither `.` nor `..`: it travels in URL paths
 * (percent-encoded), where those two would be resolved away.
 */

/** The name of an election: `process`, which components share unless they ask for their own, or `component:NAME`. */
export type ElectionName = "process" | `component:${string}`;

/** Which election a component runs in: the one of its process, or one of its own. */
export type ElectionKind = "process" | "dedicated";

const NAME = /^(?!\.{1,2}$)[\w.:/-]{1,128}$/;
const DEDICATED = "component:";

/** What a valid name looks like, for error messages. */
export const NAME_RULE = "1-128 characters out of A-Z a-z 0-9 . _ : - /, and not . or .. alone";

export const isName = (value: unknown): value is string => typeof value === "string" && NAME.test(value);

/** The one component of a dedicated election; `null` for the process election. */
export const componentOf = (election: ElectionName): string | null =>
  election === "process" ? null : election.slice(DEDICATED.length);

/** The election in which a component runs. */
export const electionOf = (component: string, kind: ElectionKind = "process"): ElectionName =>
  kind === "process" ? "process" : `${DEDICATED}${component}`;

/** What the name of an election looks like, for error messages. */
export const ELECTION_RULE = '"process", or "component:" followed by a name';

export const isElectionName = (value: unknown): value is ElectionName =>
  value === "process" ||
  (typeof value === "string" && value.startsWith(DEDICATED) && isName(value.slice(DEDICATED.length)));
