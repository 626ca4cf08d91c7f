import { contenderMutants } from "./contender-mutants.ts";
import { expectCaught } from "./hunt.ts";

expectCaught("contender", contenderMutants);
