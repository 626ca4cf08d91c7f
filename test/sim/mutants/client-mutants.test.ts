import { clientMutants } from "./client-mutants.ts";
import { expectCaught } from "./hunt.ts";

expectCaught("client", clientMutants);
