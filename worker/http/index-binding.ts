/** The index of groups as the environment of a Worker has it. */
import type { GroupIndex } from "../durable-object/group-index.ts";
import { type PlaceEnv, placeFromEnv } from "./place.ts";

export interface IndexEnv {
  /**
   * The binding of the Durable Object class `GroupIndex`. With it the deployment knows its groups, and shows them at `/`.
   * Without it there is no index, and no cost of one.
   */
  readonly GROUP_INDEX?: DurableObjectNamespace<GroupIndex>;
}

const NAME = "groups";

/** The one object of the index, in the jurisdiction of the env; null without a binding. */
export function indexIn(env: Partial<IndexEnv & PlaceEnv>): DurableObjectStub<GroupIndex> | null {
  const { GROUP_INDEX: namespace } = env;
  if (namespace === undefined) return null;
  const { jurisdiction } = placeFromEnv(NAME, env);
  const within = jurisdiction === undefined ? namespace : namespace.jurisdiction(jurisdiction);
  return within.get(within.idFromName(NAME));
}
