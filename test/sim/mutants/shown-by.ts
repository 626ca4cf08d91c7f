/**
 * The world as it is, part by part: what makes it happen, and a mutant that random runs find with it and not without it. And
 * faults that the product once had, which scripts pin, with the runs that find each without one. `npm run soak -- --moves` searches for all of
 * them; CONTRIBUTING.md has the tables.
 */
import { lacks } from "../lacks.ts";
import { type Kind, noTally, search } from "../run.ts";
import { loadCores } from "./mutant.ts";
import { mutantNamed } from "./named.ts";

const SEED = 20_261_122;
/** No longer than that is searched. */
export const AT_MOST = 500;

interface Part {
  readonly what: string;
  /** The moves, or what a world is set up with. */
  readonly by: string;
  readonly lack: keyof typeof lacks;
  readonly mutant: string;
  readonly kind: Kind;
  /** After so many runs it is found. */
  readonly runs: number;
}

export const parts: readonly Part[] = [
  {
    what: "an alarm that is lost",
    by: "`lose-alarms`",
    lack: "lostAlarms",
    mutant: "an overdue alarm is waited for",
    kind: "faults",
    runs: 3,
  },
  {
    what: "a commit that fails",
    by: "`storage-fault`",
    lack: "storageFaults",
    mutant: "a write that fails is passed over",
    kind: "faults",
    runs: 5,
  },
  {
    what: "a `setAlarm` that fails",
    by: "`storage-fault`",
    lack: "storageFaults",
    mutant: "an alarm that could not be set counts as set",
    kind: "faults",
    runs: 3,
  },
  {
    what: "a listing of sockets that fails",
    by: "`storage-fault`",
    lack: "storageFaults",
    mutant: "a listing that fails counts as one",
    kind: "faults",
    runs: 3,
  },
  {
    what: "more frames than the pacer lets go",
    by: "`flood`",
    lack: "floods",
    mutant: "bye keeps to the pace",
    kind: "tenants",
    runs: 71,
  },
  {
    what: "slow consumers of observers",
    by: "`join-reader`, `read`",
    lack: "slowReaders",
    mutant: "who reads late gets the oldest that it has missed",
    kind: "tenants",
    runs: 10,
  },
  {
    what: "callbacks that are late, or hang",
    by: "`drain`, `settle`; setups",
    lack: "lateCallbacks",
    mutant: "a grant does not wait until the last revoke has settled",
    kind: "plain",
    runs: 115,
  },
  {
    what: "callbacks that call back",
    by: "setups: `onGrant`",
    lack: "callingBack",
    mutant: "records outlive their leadership",
    kind: "plain",
    runs: 3,
  },
  {
    what: "rejoin",
    by: "`rejoin`",
    lack: "rejoins",
    mutant: "who has left and come back leads by what was stated before",
    kind: "plain",
    runs: 6,
  },
  {
    what: "refusals",
    by: "`token`; components in either kind of election",
    lack: "refusals",
    mutant: "a refusal is not heard",
    kind: "plain",
    runs: 7,
  },
  {
    what: "tokens that end",
    by: "setups: `tokenMs`",
    lack: "endingTokens",
    mutant: "a token counts for ever",
    kind: "plain",
    runs: 1,
  },
  {
    what: "clocks of Workers",
    by: "`compute`, `caller-compute`, `check`; setups: `inWorker`",
    lack: "standingClocks",
    mutant: "a check is answered at once while the clock shows a lease",
    kind: "tenants",
    runs: 415,
  },
  {
    what: "two clients in a process",
    by: "setups: `twin`",
    lack: "twins",
    mutant: "a second client of a process takes the place of the first",
    kind: "tenants",
    runs: 3,
  },
  {
    what: "tries by calls",
    by: "`caller-contend`; setups: `tries`",
    lack: "triesByCallers",
    mutant: "a try by a call that was in vain waits",
    kind: "tenants",
    runs: 9,
  },
  {
    what: "a judge that goes by what applications were told",
    by: "the judge",
    lack: "strictJudge",
    mutant: "an application is told for longer than its lease that it leads",
    kind: "plain",
    runs: 7,
  },
];

interface PastFault {
  readonly what: string;
  readonly mutant: string;
  readonly kind: Kind;
  /** `null`: not in `AT_MOST`. */
  readonly runs: number | null;
}

export const pastFaults: readonly PastFault[] = [
  {
    what: "two leaders by a list",
    mutant: "what was refused is named no more, though it drains",
    kind: "plain",
    runs: null,
  },
  {
    what: "a swallowed alarm",
    mutant: "an alarm that lay in the past when the object woke is waited for",
    kind: "faults",
    runs: 3,
  },
  { what: "a lost `bye`", mutant: "bye keeps to the pace", kind: "tenants", runs: 71 },
  { what: "a deaf observer", mutant: "who only observes shows no sign of life", kind: "faults", runs: 46 },
  {
    what: "a flapping rival",
    mutant: "who did not take what it has preempted preempts again",
    kind: "choice",
    runs: 314,
  },
  { what: "a lower attempt", mutant: "a connection that opens late names its own attempt", kind: "plain", runs: null },
  {
    what: "a drain that outlasts its time",
    mutant: "what has had its drain time is named until the timer fires",
    kind: "plain",
    runs: null,
  },
  {
    what: "a try that keeps a term",
    mutant: "a try that is yet to ask keeps the term of the last that is counted",
    kind: "plain",
    runs: null,
  },
  {
    what: "a shorter lease",
    mutant: "a late welcome of a shorter lease extends by the one before",
    kind: "plain",
    runs: null,
  },
];

/** After how many runs the mutant is found; `null`: not in so many. */
export async function runsUntilFound(
  { mutant, kind }: Pick<Part, "mutant" | "kind">,
  numRuns: number,
  lack?: keyof typeof lacks,
): Promise<number | null> {
  const cores = await loadCores(mutantNamed(mutant).edits);
  const left = lack === undefined ? {} : { lacks: lacks[lack] };
  return search(cores, { seed: SEED, numRuns, shrink: false, kind, ...left }, noTally())?.runs ?? null;
}

/** As CONTRIBUTING.md has them, without the white space that aligns them. */
export const partRow = ({ what, by, mutant, kind, runs }: Part): string =>
  `| ${what} | ${by} | ${mutant} | ${runs} \`${kind}\` |`;

export function faultRow({ what, mutant, kind, runs }: PastFault): string {
  const { rule, trace } = mutantNamed(mutant);
  return `| ${what} | ${rule} | \`${trace?.name}\` | ${runs ?? `not in ${AT_MOST}`} \`${kind}\` |`;
}
