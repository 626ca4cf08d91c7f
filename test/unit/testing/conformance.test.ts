/** The conformance suite against the test group in memory. */
import { inMemory } from "../../conformance/in-memory.ts";
import { conformance } from "../../conformance/suite.ts";

conformance(inMemory);
