/** Judges what a call has done, once it was received: what its caller does not hold is over (S9), and nothing is granted to it that it does not accept (S11). */
import type { ElectionName } from "../../../shared/protocol/names.ts";
import type { CampaignAction, EventBody, PollCall } from "../../../worker/group/events.ts";
import type { GroupState } from "../../../worker/group/state.ts";
import { demand } from "../../support/violation.ts";

export function judgeCall(before: GroupState, { sessions, elections }: GroupState, body: EventBody): void {
  if (body.type !== "poll") return;
  const { session, action } = body.call;
  if (session === undefined || sessions.get(session.sessionId)?.link.type !== "polled") return;
  if (!isHeard(before, session)) return;
  for (const { name, state } of elections.values()) {
    if (state.type === "vacant" || state.sessionId !== session.sessionId) continue;
    const { epoch, leaderSessionId } = state;
    const known = before.elections.get(name)?.state;
    const goesOn = known !== undefined && known.type !== "vacant" && known.epoch === epoch;
    const accepted = goesOn || (action.type === "campaign" && accepts(action, name));
    demand(accepted, "S11", () => `${name} is granted to a caller that does not accept it`);
    const unnamed = goesOn && action.type === "campaign" && !action.held.includes(leaderSessionId);
    demand(!unnamed, "S9", () => `epoch ${epoch} of ${name} goes on, which its caller did not name`);
  }
}

/** A try by a call leads after the turn that has read it, or nothing of it is left; and nobody has to stop for it (T1, T2). */
export function judgeTriedCall(
  before: GroupState,
  { sessions, elections, connections }: GroupState,
  body: EventBody,
): void {
  if (body.type !== "poll" || body.call.action.type !== "campaign" || body.call.action.try !== true) return;
  const id = connections.get(body.connection)?.sessionId ?? body.call.session?.sessionId;
  const session = sessions.get(id ?? "");
  if (session?.link.type !== "polled" || session.link.connection !== body.connection) return;
  for (const [component, { election }] of session.contenders.entries()) {
    const state = elections.get(election)?.state;
    const leads = state !== undefined && state.type !== "vacant" && state.sessionId === id;
    demand(leads, "T2", () => `${component} waits after its try by a call`);
  }
  for (const { name, state } of elections.values()) {
    const wasLed = before.elections.get(name)?.state.type === "leading";
    const isRevoked = wasLed && state.type === "revoking" && state.successor === id;
    demand(!isRevoked, "T1", () => `${name} is taken back for a try by a call`);
  }
}

const accepts = ({ accept }: CampaignAction, name: ElectionName): boolean =>
  typeof accept === "object" ? accept.includes(name) : accept;

/** Whether it is a call of the session's, and neither late nor repeated. Storage that went back knows an older secret. */
function isHeard({ sessions, connections }: GroupState, call: NonNullable<PollCall["session"]>): boolean {
  const session = sessions.get(call.sessionId);
  if (session === undefined) return false;
  const { link, attempt, secretHash, previousSecretHash } = session;
  if (![secretHash, previousSecretHash].includes(call.presentedHash)) return false;
  const connection = link.type === "polled" ? connections.get(link.connection) : undefined;
  return call.attempt > Math.max(attempt, connection?.polling?.attempt ?? 0);
}
