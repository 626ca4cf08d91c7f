import { callerMutants } from "./caller-mutants.ts";
import { choiceMutants } from "./choice-mutants.ts";
import { groupSessionMutants } from "./group-session-mutants.ts";
import { groupTermMutants } from "./group-term-mutants.ts";
import { expectCaught } from "./hunt.ts";
import { readinessMutants } from "./readiness-mutants.ts";

expectCaught("group", [
  ...groupTermMutants,
  ...readinessMutants,
  ...groupSessionMutants,
  ...callerMutants,
  ...choiceMutants,
]);
