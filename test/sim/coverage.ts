/** Which moves random runs have made, and which one after which other. */
import { MOVE_TYPES } from "./moves.ts";

export interface Coverage {
  /** How often each was made. */
  readonly moves: Map<string, number>;
  /** How often one has followed another within its run. */
  readonly pairs: Map<string, number>;
}

export const noCoverage = (): Coverage => ({ moves: new Map(), pairs: new Map() });

const count = (counts: Map<string, number>, name: string, by = 1): void =>
  void counts.set(name, (counts.get(name) ?? 0) + by);

/** `before`: the move before it in its run; `null` for the first one. */
export function cover({ moves, pairs }: Coverage, before: string | null, move: string): void {
  count(moves, move);
  if (before !== null) count(pairs, `${before}, ${move}`);
}

export function addCoverage(total: Coverage, { moves, pairs }: Coverage): void {
  for (const [name, times] of moves) count(total.moves, name, times);
  for (const [name, times] of pairs) count(total.pairs, name, times);
}

/** How often each move was made, and which pairs of moves were not. */
export function coverageText({ moves, pairs }: Coverage): string {
  const known = MOVE_TYPES.map((type) => `${type} ${moves.get(type) ?? 0}`);
  const all = MOVE_TYPES.flatMap((before) => MOVE_TYPES.map((after) => `${before}, ${after}`));
  const missing = all.filter((pair) => !pairs.has(pair));
  const gaps = missing.length === 0 ? "" : `; not one after the other: ${missing.join("; ")}`;
  return `moves: ${known.join(", ")}\npairs of moves: ${all.length - missing.length} of ${all.length}${gaps}`;
}
