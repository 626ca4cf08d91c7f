/** All mutants of the simulator, by their names. */
import { callerMutants } from "./caller-mutants.ts";
import { choiceMutants } from "./choice-mutants.ts";
import { clientMutants } from "./client-mutants.ts";
import { contenderMutants } from "./contender-mutants.ts";
import { groupSessionMutants } from "./group-session-mutants.ts";
import { groupTermMutants } from "./group-term-mutants.ts";
import { hostMutants } from "./host-mutants.ts";
import type { Mutant } from "./mutant.ts";
import { readinessMutants } from "./readiness-mutants.ts";
import { tenantMutants } from "./tenant-mutants.ts";

export const allMutants: readonly Mutant[] = [
  ...callerMutants,
  ...choiceMutants,
  ...clientMutants,
  ...contenderMutants,
  ...groupSessionMutants,
  ...groupTermMutants,
  ...hostMutants,
  ...readinessMutants,
  ...tenantMutants,
];

export function mutantNamed(name: string): Mutant {
  const mutant = allMutants.find((one) => one.name === name);
  if (mutant === undefined) throw new Error(`there is no mutant "${name}"`);
  return mutant;
}
