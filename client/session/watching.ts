/** What is watched: the server is told of each component, or of all of them, once, however many observe it. */
import { DEFAULT_LIMITS } from "../../shared/protocol/limits.ts";
import type { Refusal, Watch } from "../../shared/protocol/messages.ts";
import type { Draft } from "./draft.ts";
import type { Of } from "./events.ts";
import { send } from "./pace.ts";

/** As many as a server lets a session watch by default, and few enough for a frame. */
const NAMES_IN_A_FRAME = DEFAULT_LIMITS.observed;

const watchesAll = ({ watched }: Draft): boolean => watched.includes(true);
const namesOf = ({ watched }: Draft): string[] => watched.filter((component) => component !== true);

export function observe(draft: Draft, { component }: Of<"observe">): void {
  if (draft.watched.includes(component)) return;
  const isCovered = watchesAll(draft);
  draft.watched = [...draft.watched, component];
  if (!isCovered) send(draft, { type: "observe", components: component === true || [component] });
}

export function unobserve(draft: Draft, { component }: Of<"unobserve">): void {
  if (!draft.watched.includes(component)) return;
  forget(draft, [component]);
  send(draft, { type: "unobserve", components: component === true || [component] });
  if (component === true) sendNames(draft, namesOf(draft));
}

/** What a `hello` contains of it. The names that it has no room for follow it: see `observeRest`. */
export const firstWatched = (draft: Draft): Watch => watchesAll(draft) || namesOf(draft).slice(0, NAMES_IN_A_FRAME);

export function observeRest(draft: Draft): void {
  if (!watchesAll(draft)) sendNames(draft, namesOf(draft).slice(NAMES_IN_A_FRAME));
}

function sendNames(draft: Draft, names: readonly string[]): void {
  for (let from = 0; from < names.length; from += NAMES_IN_A_FRAME) {
    send(draft, { type: "observe", components: names.slice(from, from + NAMES_IN_A_FRAME) });
  }
}

/** O5: what is refused is not asked for again. A session that watches all needs no place for a name. */
export function refuseWatch(draft: Draft, message: Refusal & { readonly observed: Watch }): void {
  const { observed } = message;
  if (observed !== true && watchesAll(draft)) return;
  forget(draft, observed === true ? [observed] : observed);
  draft.effects.push(message);
  if (observed === true) sendNames(draft, namesOf(draft));
}

function forget(draft: Draft, components: readonly (string | true)[]): void {
  const gone = new Set(components);
  draft.watched = draft.watched.filter((component) => !gone.has(component));
}
