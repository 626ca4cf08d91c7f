/** A connection whose answers are late, while another one is opened beside it: what it still says (N19). */
import { extendTerms } from "../../shared/holder/holder.ts";
import { findTerm } from "../../shared/holder/state.ts";
import type { Draft } from "./draft.ts";
import type { Input } from "./events.ts";
import { revoke } from "./terms.ts";

/** Only what answers a renewal counts, and a revoke of what runs: all else, the new connection hears. */
export function overtakenSays(draft: Draft, input: Input): void {
  const { overtaken, session } = draft;
  if (input.type === "lost") draft.overtaken = null;
  if (input.type === "revoke" && findTerm(draft.terms, input.leaderSessionId)) revoke(draft, input);
  if (input.type !== "renewed" || overtaken === null || session === null) return;
  const request = overtaken.requests.find((one) => one.type === "renewal" && one.sentAt === input.sentAt);
  if (request?.type !== "renewal") return;
  draft.overtaken = { ...overtaken, requests: overtaken.requests.slice(overtaken.requests.indexOf(request) + 1) };
  extendTerms(draft, request.held, input.held, request.at + session.lease.renewDeadlineMs);
  // It has nothing more to say, and while it is open the group would grant by it.
  if (!draft.overtaken.requests.some(({ type }) => type === "renewal")) forgetOvertaken(draft);
}

export function forgetOvertaken(draft: Draft): void {
  if (draft.overtaken === null) return;
  draft.effects.push({ type: "disconnect", connection: draft.overtaken.attempt });
  draft.overtaken = null;
}
