/**
 * How many dedicated elections each session leads (D4), for groups that spread them. The process election moves as one, and is
 * not counted.
 */
import type { ElectionName } from "../../shared/protocol/names.ts";
import { noNames } from "./indexes.ts";
import type { SortedMap } from "./sorted-map.ts";
import type { Election, Load } from "./state.ts";

export type Loads = SortedMap<string, Load>;

/** What a turn sees to in a group that spreads its elections. */
export class Spreading {
  /** Sessions that lead more or fewer elections than before, and are not yet ranked by it in every queue. */
  readonly reloaded: Set<string> = new Set();
  /** Elections that may move to somebody who leads fewer: they were renewed, or who leads how many or is ready has changed. */
  readonly movable: Set<ElectionName> = new Set();
  /** For each session that could be given an election: the most that anybody leads who would give it one. */
  readonly mostGiven: Map<string, number> = new Map();
  /** From when on a session is given any. */
  readonly takesFrom: Map<string, number> = new Map();
}

const NONE: Load = { led: 0, changing: 0 };

export const loadOf = (loads: Loads, sessionId: string): Load => loads.get(sessionId) ?? NONE;

type Share = readonly [sessionId: string, part: keyof Load];

/** Whose loads an election adds to, and to which part. While it changes hands it adds to those of the named successor, too. */
function sharesOf({ name, state }: Election): readonly Share[] {
  if (name === "process") return [];
  if (state.type === "leading") {
    const led: Share = [state.sessionId, "led"];
    return state.acceptedAt === null ? [led, [state.sessionId, "changing"]] : [led];
  }
  const { successor } = state;
  const stops: readonly Share[] = state.type === "revoking" ? [[state.sessionId, "changing"]] : [];
  return successor === null ? stops : [...stops, [successor, "led"], [successor, "changing"]];
}

/** The loads after the election `before` became `after`, and whose have changed; `undefined`: not there. */
export function recountLoads(
  loads: Loads,
  before: Election | undefined,
  after: Election | undefined,
): { readonly loads: Loads; readonly changed: ReadonlySet<string> } {
  const [old, next] = [before === undefined ? [] : sharesOf(before), after === undefined ? [] : sharesOf(after)];
  const counts = new Map<string, Load>();
  const count = ([id, part]: Share, by: number): void => {
    const load = counts.get(id) ?? loadOf(loads, id);
    counts.set(id, { ...load, [part]: load[part] + by });
  };
  for (const share of old) count(share, -1);
  for (const share of next) count(share, +1);
  const changed = new Set<string>();
  let result = loads;
  for (const [id, load] of counts) {
    const known = loadOf(loads, id);
    if (known.led === load.led && known.changing === load.changing) continue;
    changed.add(id);
    result = load.led + load.changing === 0 ? result.delete(id) : result.set(id, load);
  }
  return { loads: result, changed };
}

/** The loads of all elections, counted anew. */
export function countLoads(elections: Iterable<Election>): Loads {
  let loads: Loads = noNames<Load>();
  for (const election of elections) ({ loads } = recountLoads(loads, undefined, election));
  return loads;
}
