/** One transition under way: a working copy of the state, which may be changed, and what is to be done about it. */
import type { HolderDraft } from "../../shared/holder/holder.ts";
import type { Effect } from "./events.ts";
import { type Contender, type Line, lineOf, type SessionState, type Term } from "./state.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export interface Draft extends Writable<Omit<SessionState, "contenders" | "terms">>, HolderDraft<Contender> {
  contenders: Contender[];
  terms: Term[];
  /** The earlier hand of the clock: leases begin by it. */
  readonly since: number;
  readonly random: number;
  readonly effects: Effect[];
}

/** Changes what belongs to the connection. Does nothing without one. */
export function changeLine(draft: Draft, change: (line: Line) => Partial<Omit<Line, "type">>): void {
  const line = lineOf(draft);
  if (line) draft.connection = { ...line, ...change(line) };
}
