/**
 * Frames leave no faster than the server takes them, however many components are granted at once: a burst, then a
 * steady rate, both below its limits. Renewals go first, then what ends a term (N8), then the rest in its order. `bye` does
 * not wait at all.
 */
import type { ClientMessage, Deregister, Register } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { Draft } from "./draft.ts";
import type { Contender, SessionState } from "./state.ts";

/** Of the 100 frames that a connection may always send at once. What is left is room for `bye`. */
export const BURST = 80;
/** Of the burst, kept for renewals. */
const RENEWAL_RESERVE = 10;
/** Of the burst, kept for renewals and for what ends a term. */
const RESERVE = 20;
/** Frames a millisecond, before the server has told its limit. */
const SLOWEST = 0.01;
const MARGIN = 0.8 / 1_000;

const rate = ({ session }: SessionState): number => (session ? session.limits.messagesPerSecond * MARGIN : SLOWEST);
const allowance = (draft: Draft): number =>
  Math.min(BURST, draft.allowance + (draft.now - draft.allowanceAt) * rate(draft));
const canSend = ({ connection }: SessionState): boolean => connection === "open" || connection === "greeting";

function leaves(draft: Draft, message: ClientMessage): void {
  draft.allowance = allowance(draft) - 1;
  draft.allowanceAt = draft.now;
  draft.effects.push({ type: "send", message });
}

/** Dropped while there is no session: the next `hello` says all that is to be known. */
export function send(draft: Draft, message: ClientMessage): void {
  if (canSend(draft)) draft.outbox = [...draft.outbox, message];
}

/** For what ends a term or declines an offer: somebody waits for it. It leaves before all that waits, but for renewals (N8). */
export function sendFarewell(draft: Draft, message: ClientMessage): void {
  if (canSend(draft)) draft.farewells = [...draft.farewells, message];
}

/** Sends at once, before all others. `false` when even the reserve is used up: try again at `draft.until`. */
export function sendFirst(draft: Draft, message: () => ClientMessage): boolean {
  const allowed = allowance(draft) >= 1;
  if (allowed) leaves(draft, message());
  else draft.until = draft.now + 1 / rate(draft);
  return allowed;
}

/** Ends the session: all that waits is superseded. `false` where nothing can be sent. */
export function sendBye(draft: Draft): boolean {
  const allowed = canSend(draft);
  if (allowed) leaves(draft, { type: "bye" });
  return allowed;
}

/**
 * Tells that a component has left its election. If its `register` still waits, neither is sent: it is returned. `stays`:
 * another one of the election is left. Otherwise this ends its term, and goes first, with all that have left the election
 * before: a `register` that it would overtake was taken back. Where others stay it keeps its place behind theirs, or the
 * group would see none left.
 */
export function sendDeregister(
  draft: Draft,
  departure: Deregister,
  election: ElectionName,
  stays: boolean,
): Register | undefined {
  const { component } = departure;
  const isOwn = (message: ClientMessage): boolean => "component" in message && message.component === component;
  const arrival = draft.outbox.findLast((message) => message.type === "register" && message.component === component);
  if (arrival) {
    const from = draft.outbox.indexOf(arrival);
    draft.outbox = draft.outbox.filter((message, index) => index < from || !isOwn(message));
  } else if (stays) send(draft, departure);
  // None but those from the process election ever wait among the rest.
  if (!stays && election === "process") hurryDepartures(draft);
  if (!stays && !arrival) {
    draft.outbox = draft.outbox.filter((message) => message.type === "deregister" || !isOwn(message));
    sendFarewell(draft, departure);
  }
  return arrival?.type === "register" ? arrival : undefined;
}

function hurryDepartures(draft: Draft): void {
  const departures = draft.outbox.filter(({ type }) => type === "deregister");
  draft.farewells = [...draft.farewells, ...departures];
  draft.outbox = draft.outbox.filter(({ type }) => type !== "deregister");
}

/** Takes back what was to be published in a term that the contender has left. */
export function withdrawConfirm(draft: Draft, { info: { component }, leaderSessionId }: Contender): void {
  const isStale = (message: ClientMessage): boolean =>
    message.type === "confirm" && message.component === component && message.leaderSessionId === leaderSessionId;
  if (draft.outbox.some(isStale)) draft.outbox = draft.outbox.filter((message) => !isStale(message));
}

/** Lets go what may leave now. */
export function flush(draft: Draft): void {
  while (flushAt(draft) <= draft.now) {
    const lane = draft.farewells.length > 0 ? "farewells" : "outbox";
    const [next, ...rest] = draft[lane];
    draft[lane] = rest;
    if (next) leaves(draft, next);
  }
  // The group has ended what `hello` did not name, and all that has ended since has been told now.
  if (draft.connection === "open" && draft.farewells.length === 0) draft.untold = false;
}

const waits = ({ farewells, outbox }: SessionState): boolean => farewells.length + outbox.length > 0;
const reserve = ({ farewells }: SessionState): number => (farewells.length > 0 ? RENEWAL_RESERVE : RESERVE);

/** When the next frame that waits may leave. */
export const flushAt = (state: SessionState): number =>
  waits(state) ? state.allowanceAt + (reserve(state) - state.allowance) / rate(state) : Infinity;
