/** The object of a group, at its place. */
import type { ElectionGroup } from "../durable-object/election-group.ts";
import { assertCalls, assertGroups } from "./misconfigured.ts";
import { assertPlace, type Place } from "./place.ts";

/** The object of a group, created there if it is new. Throws `Misconfigured` where the Worker has no groups, or can't call them. */
export function groupAt(
  namespace: DurableObjectNamespace<ElectionGroup>,
  group: string,
  place: Place,
): DurableObjectStub<ElectionGroup> {
  assertPlace(place);
  assertGroups(namespace);
  const { jurisdiction, locationHint } = place;
  const within = jurisdiction === undefined ? namespace : namespace.jurisdiction(jurisdiction);
  const stub = within.get(within.idFromName(group), locationHint === undefined ? {} : { locationHint });
  assertCalls(stub);
  return stub;
}
