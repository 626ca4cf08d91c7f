/** What an answer is worth; and connections that are late, while another one is opened beside them (N19). */
import { extendTerms } from "../../shared/holder/holder.ts";
import { findTerm } from "../../shared/holder/state.ts";
import type { Renewed, Welcome } from "../../shared/protocol/messages.ts";
import type { Draft } from "./draft.ts";
import type { Input } from "./events.ts";
import { lineOf, type Request } from "./state.ts";
import { forsakeTerms, revoke } from "./terms.ts";

/**
 * Extends the terms that the answer is about. It counts only for the request that it names, which is returned; `null` where it
 * was not asked for. A late `welcome` may name another R than the session has: the shorter one counts (S1).
 */
export function answered(
  draft: Draft,
  requests: readonly Request[],
  { sentAt, held, lease }: Pick<Renewed, "sentAt" | "held"> & Partial<Pick<Welcome, "lease">>,
): Extract<Request, { readonly type: "renewal" }> | null {
  const request = requests.find((one) => one.type === "renewal" && one.sentAt === sentAt);
  if (request?.type !== "renewal" || !draft.session) return null;
  const { renewDeadlineMs } = draft.session.lease;
  extendTerms(draft, request.held, held, request.at + Math.min(renewDeadlineMs, lease?.renewDeadlineMs ?? Infinity));
  return request;
}

/** What stays unanswered after an answer: no request that is older than the one it names can be answered after it. */
export const isOpenAfter =
  (sentAt: number) =>
  (one: Request): boolean =>
    one.type === "ping" || one.sentAt > sentAt;

/**
 * Takes the input of a connection that was overtaken. If it is the first to open, it becomes the current one, since the newer
 * one still stands in the queue that has made both late; then this returns true, and the input counts as any other. Otherwise
 * only an answer to a renewal counts, and a revoke of a term that runs: the newer connection receives all the rest.
 */
export function overtakenSays(draft: Draft, attempt: number, input: Input): boolean {
  const { overtaken, effects } = draft;
  const one = overtaken.find((other) => other.attempt === attempt);
  if (!one) return false;
  const others = overtaken.filter((other) => other !== one);
  if (input.type === "opened" && !lineOf(draft)) {
    effects.push({ type: "disconnect", connection: draft.attempt }, { type: "connect", connection: attempt });
    draft.overtaken = others;
    draft.attempt = attempt;
    return true;
  }
  if (input.type === "revoke" && findTerm(draft.terms, input.leaderSessionId)) revoke(draft, input);
  if (input.type === "lost") draft.overtaken = others;
  const isAnswer = input.type === "renewed" || input.type === "welcome";
  if (!isAnswer || !answered(draft, one.requests, input)) return false;
  if (input.type === "welcome" && !input.resumed) forsakeTerms(draft);
  const requests = one.requests.filter(isOpenAfter(input.sentAt));
  if (requests.some((request) => request.type === "renewal")) draft.overtaken = [...others, { attempt, requests }];
  else {
    // It has nothing more to say, and while it is open the group would grant by it.
    draft.overtaken = others;
    effects.push({ type: "disconnect", connection: attempt });
  }
  return false;
}

/** Closes all. */
export function forgetOvertaken(draft: Draft): void {
  for (const { attempt: connection } of draft.overtaken) draft.effects.push({ type: "disconnect", connection });
  draft.overtaken = [];
}
