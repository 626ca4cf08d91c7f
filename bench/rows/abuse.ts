/** Hand-overs beside attackers, and without them. */
import { median } from "../../cli/statistics.ts";
import { startPlayground } from "../../tools/harness/abuse.ts";
import { type AttackName, attackNames } from "../../tools/harness/attacks.ts";
import type { Measured, Row } from "../row.ts";

/** SECURITY.md promises this for as much abuse as one thread can bear beside its own work. */
const LARGEST_RATIO = 5;

async function abuse(attack: AttackName): Promise<Measured> {
  await using playground = await startPlayground({ isRecorded: false });
  const before = await playground.quiet();
  const { handOvers, counts } = await playground.suffer(attack, { seed: 1 });
  const after = await playground.quiet();
  const quiet = Math.max(median(before), median(after));
  return { samples: handOvers, reference: { name: "in quiet", value: quiet }, note: JSON.stringify(counts) };
}

export const ABUSE_ROWS: readonly Row[] = attackNames.map((attack) => ({
  id: `abuse-${attack}`,
  name: `hand-over under abuse: ${attack}`,
  unit: "ms",
  bounds: [{ of: "ratio", most: LARGEST_RATIO }],
  measure: () => abuse(attack),
}));
