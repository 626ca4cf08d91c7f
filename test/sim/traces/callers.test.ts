import { test } from "vitest";
import { shippedCores } from "../cores.ts";
import { drainThatACallCuts } from "./callers.ts";

test("[S9] a drain inside its lease is not cut by a call that comes after the drain time", () =>
  drainThatACallCuts(shippedCores));
