/** Until when the session waits, and for what. `Infinity`: for nothing that time brings; only the shell is told `null`. */
import { isLive, stayOutUntil, termsUntil } from "../../shared/holder/state.ts";
import { PATIENCE_MS } from "../../shared/lease.ts";
import { flushAt, inquiryAt } from "./pace.ts";
import { lineOf, type SessionState } from "./state.ts";

/** When the oldest question that is still unanswered proves the path dead: early only while a lease runs that would be lost (N11). */
export function answerUntil(state: Pick<SessionState, "connection" | "session" | "terms">): number {
  const oldest = lineOf(state)?.requests[0];
  if (!oldest) return Infinity;
  const early = oldest.at + (state.session?.answerTimeoutMs ?? PATIENCE_MS);
  const isPressing = state.terms.some(({ leaseUntil }) => leaseUntil > early);
  return isPressing ? early : oldest.at + PATIENCE_MS;
}

/** For how long the group may still count a lease of this session. */
export const countedMs = ({ session, askedAt }: Pick<SessionState, "session" | "askedAt">, now: number): number =>
  session === null || askedAt === null ? 0 : Math.max(0, askedAt + session.lease.durationMs - now);

/** When the core has to be called again, whatever happens; `null`: not before the next event. One that has passed is due. */
export function nextDeadline(state: SessionState): number | null {
  const { connection, contenders, terms } = state;
  let deadline = Math.min(answerUntil(state), flushAt(state), inquiryAt(state), state.lingerUntil);
  deadline = Math.min(deadline, termsUntil(terms), stayOutUntil(state));
  if ("until" in connection) deadline = Math.min(deadline, connection.until);
  if (connection.type === "open") {
    for (const contender of contenders) {
      if (isLive(contender) && contender.standing.type === "refused")
        deadline = Math.min(deadline, contender.standing.askAt);
    }
  }
  return deadline < Infinity ? deadline : null;
}
