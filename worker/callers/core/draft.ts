/** The working copy of one transition. Nothing of it outlives the call. */
import type { HolderDraft, HolderEffect, Transport } from "../../../shared/holder/holder.ts";
import type { Effect, Event } from "./events.ts";
import { type Contender, type ContenderState, hasStopped, maxDrainMs, type Term } from "./state.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export interface Draft extends Writable<Omit<ContenderState, "contenders" | "terms">>, HolderDraft<Contender> {
  contenders: Contender[];
  terms: Term[];
  readonly effects: (HolderEffect<string> | OwnEffect)[];
  readonly random: number;
}

/** What the transport itself wants done. */
type OwnEffect = Exclude<Effect, { readonly type: "grant" | "revoke" }>;

const transport: Transport<Contender, Draft> = {
  maxDrainMs,
  isUncounted: ({ refusal }) => refusal !== null,
  isTry: () => false, // it is closed by its shell
  dropped(draft, term) {
    // One that leaves, and has stopped everything, sends a single release for all that it still contends for.
    if (!hasStopped(draft)) draft.farewells = [...draft.farewells, term.farewell];
  },
};

export const draftOf = (state: ContenderState, { now, random }: Pick<Event, "now" | "random">): Draft => ({
  ...state,
  contenders: [...state.contenders],
  terms: [...state.terms],
  effects: [],
  now,
  random,
  transport,
});

export function stateOf(draft: Draft): ContenderState {
  const { effects: _, now: __, random: ___, transport: ____, ...state } = draft;
  return state;
}

/** Every component is granted and revoked by itself: its leadership is made anew after a restart, by its own effect. */
export const effectsOf = ({ effects }: Draft): readonly Effect[] =>
  effects.flatMap((effect): Effect[] => {
    if (effect.type === "ended" || effect.type === "extended") return [];
    if (effect.type === "grant") {
      const { type, contender, ...term } = effect;
      return [{ type, subject: { component: contender, ...term } }];
    }
    if (effect.type !== "revoke") return [effect];
    const { type, contenders, reason, ...term } = effect;
    return contenders.map((component) => ({ type, reason, subject: { component, ...term } }));
  });
