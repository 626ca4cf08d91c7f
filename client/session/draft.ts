/** One transition under way: a private copy of the state, which may be changed, and what is to be done about it. */
import type { Effect } from "./events.ts";
import type { Contender, SessionState, Term } from "./state.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };
export type ContenderDraft = Writable<Contender>;
export type TermDraft = Writable<Term>;

export interface Draft extends Writable<SessionState> {
  contenders: ContenderDraft[];
  terms: TermDraft[];
  readonly now: number;
  readonly since: number;
  readonly random: number;
  readonly effects: Effect[];
}
