import { callerMutants } from "./caller-mutants.ts";
import { groupSessionMutants } from "./group-session-mutants.ts";
import { groupTermMutants } from "./group-term-mutants.ts";
import { expectCaught } from "./hunt.ts";

expectCaught("group", [...groupTermMutants, ...groupSessionMutants, ...callerMutants]);
