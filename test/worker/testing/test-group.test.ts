/** The test group in memory inside workerd: the kit is for tests that run there, too. */
import { inMemory } from "../../conformance/in-memory.ts";
import { conformance } from "../../conformance/suite.ts";

conformance(inMemory);
