import { test } from "vitest";
import { shippedCores } from "../cores.ts";
import { deadTaker, fewestFirst, lesserTaker, newestLeads, oneStays, spreadsOut } from "./choice.ts";

test("[D4] whoever comes is given its share a lease later, one by one, and nothing moves after that", () =>
  spreadsOut(shippedCores));
test("[D4] whoever leads fewest is next", () => fewestFirst(shippedCores));
test("[D4] nothing moves to whoever is worth less", () => lesserTaker(shippedCores));
test("[D4] nothing moves that makes nothing more even", () => oneStays(shippedCores));
test("[D4] [N7] nobody gives up anything for whoever does not answer", () => deadTaker(shippedCores));
test("[Q8] [Q2] of several versions the newest takes the lead over, once", () => newestLeads(shippedCores));
