import { test } from "vitest";
import { shippedCores } from "../cores.ts";
import { leaderFirst, nextIsEarly, placesKept } from "./crowd.ts";

test("[N15] [N9] when all sockets of a group end at once its leader is back before the others, and goes on", () =>
  leaderFirst(shippedCores));
test("[N15] whoever is next is back at once, too", () => nextIsEarly(shippedCores));
test("[N15] [Q1] nobody loses its place by waiting for its time", () => placesKept(shippedCores));
