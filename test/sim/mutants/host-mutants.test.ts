import { hostMutants } from "./host-mutants.ts";
import { expectCaught } from "./hunt.ts";

expectCaught("host", hostMutants);
