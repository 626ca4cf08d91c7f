/**
 * Frames leave no faster than the server takes them, however many components are granted at once: a burst, then a
 * steady rate, both below its limits. Renewals go first.
 */
import type { ClientMessage } from "../../shared/messages.ts";
import type { Draft } from "./draft.ts";
import type { SessionState } from "./state.ts";

/** Of the 100 frames that a connection may always send at once. */
export const BURST = 80;
/** What is left of it for renewals. */
const RESERVE = 20;
/** Frames a millisecond, before the server has told its limit. */
const SLOWEST = 0.01;
const MARGIN = 0.8 / 1_000;

const rate = ({ session }: SessionState): number => (session ? session.limits.messagesPerSecond * MARGIN : SLOWEST);
const allowance = (draft: Draft): number =>
  Math.min(BURST, draft.allowance + (draft.now - draft.allowanceAt) * rate(draft));

function leaves(draft: Draft, message: ClientMessage): void {
  draft.allowance = allowance(draft) - 1;
  draft.allowanceAt = draft.now;
  draft.effects.push({ type: "send", message });
}

/** Dropped while there is no session: the next `hello` says all that is to be known. */
export function send(draft: Draft, message: ClientMessage): void {
  const { connection, outbox } = draft;
  if (connection === "open" || connection === "greeting") draft.outbox = [...outbox, message];
}

/** Sends at once, before all others. `false` when even the reserve is used up: try again at `draft.until`. */
export function sendFirst(draft: Draft, message: () => ClientMessage): boolean {
  const allowed = allowance(draft) >= 1;
  if (allowed) leaves(draft, message());
  else draft.until = draft.now + 1 / rate(draft);
  return allowed;
}

/** Lets go what may leave now. */
export function flush(draft: Draft): void {
  while (draft.outbox.length > 0 && allowance(draft) >= RESERVE) {
    const [next, ...rest] = draft.outbox;
    draft.outbox = rest;
    if (next) leaves(draft, next);
  }
}

/** When the next frame of the outbox may leave. */
export const flushAt = (state: SessionState): number =>
  state.outbox.length > 0 ? state.allowanceAt + (RESERVE - state.allowance) / rate(state) : Infinity;
