/** What runs in the tests: the production Worker, and an object as a user would write it. */
export { default, ElectionGroup, ElectionsEntrypoint, GroupIndex } from "../../worker/index.ts";
export { Contending } from "./callers/contending.ts";
