/** Double-entry: the facts of a turn must add up to the difference between the states before and after it. */
import type { Fact } from "../../../worker/group/facts.ts";
import type { ElectionState, GroupState } from "../../../worker/group/state.ts";
import { expectSame } from "./consistency.ts";

const held = (state: ElectionState): boolean => state.type !== "vacant";

export function expectBooked(before: GroupState, after: GroupState, facts: readonly Fact[], ended: number): void {
  const of = (...types: Fact["type"][]): number => facts.filter(({ type }) => types.includes(type)).length;
  const elections = (state: GroupState, test: (state: ElectionState) => boolean): number =>
    [...state.elections.values()].filter((election) => test(election.state)).length;
  const growth = (test: (state: ElectionState) => boolean): number => elections(after, test) - elections(before, test);
  expectSame(of("granted") - of("ended", "grant_refused"), growth(held), "terms that began and ended");
  expectSame(of("session_joined") - of("session_left"), after.sessions.size - before.sessions.size, "sessions");
  expectSame(of("ended"), ended, "ended terms");
  const changing = facts.filter(({ type }) => type !== "refused" && type !== "hung_up" && type !== "cleaned");
  if (after === before) expectSame(changing, [], "facts of a turn that changed nothing");
}
