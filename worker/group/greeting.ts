/** The first frame of a connection: what becomes of it, and what is sent for it. */
import { CLOSE } from "../../shared/protocol/close-codes.ts";
import { joinHeld } from "./contenders.ts";
import { spreadOf } from "./crowd.ts";
import type { Greeting } from "./events.ts";
import { sendSnapshot, watch } from "./observers.ts";
import { toldLimits } from "./policy.ts";
import { IN_DEBT, mayReturn } from "./row-debt.ts";
import { type Arrival, begin, comeBack, contendAs, ownsSecret, settleHeld, whyFull } from "./sessions.ts";
import type { Connection } from "./state.ts";
import { recordStatement } from "./statements.ts";
import { sendRevoke } from "./terms.ts";
import type { Turn } from "./turn.ts";

/** Begins a session, or resumes the one whose secret the `hello` presents (S9). Closes the connection where it may not. */
export function greet(turn: Turn, { id: connection, access }: Connection, greeting: Greeting): void {
  const { message, secret, presentedHash } = greeting;
  const { resume, priority = 0, process = {} } = message;
  const known = resume === undefined ? undefined : turn.session(resume.sessionId);
  const arrival: Arrival = { link: { type: "connected", connection }, priority, process };
  if (known !== undefined && resume !== undefined && ownsSecret(known, presentedHash)) {
    if (!mayReturn(turn, known, access)) turn.close(connection, CLOSE.tooMany, IN_DEBT);
    else if (resume.attempt > known.attempt) {
      const { attempt } = resume;
      comeBack(turn, known, arrival, { secretHash: secret.hash, previousSecretHash: presentedHash, attempt });
      welcome(turn, known.id, greeting, true);
    } else turn.close(connection, CLOSE.superseded, "a later attempt of this session was here first");
  } else {
    const full = whyFull(turn, access, message.contenders?.length ?? 0);
    if (full === null) welcome(turn, begin(turn, arrival, secret.hash), greeting, false);
    else turn.close(connection, CLOSE.tooMany, full);
  }
}

/** Makes the session what the `hello` names, and sends the client everything that it has to know. */
function welcome(turn: Turn, id: string, { message, secret, deployment }: Greeting, resumed: boolean): void {
  const { contenders = [], held: named = [], observe = [] } = message;
  const refusals = contendAs(turn, id, contenders);
  const held = settleHeld(turn, id, named);
  recordStatement(turn, id, message); // after what it ends, which voids earlier statements
  const watched = { all: observe === true, names: observe === true ? [] : observe };
  refusals.push(...watch(turn, id, watched));
  const session = turn.session(id);
  if (session === undefined) return;
  const { lease, pingEveryMs, answerTimeoutMs, checkEveryMs, askTimeoutMs, drainMs } = turn.state.policy;
  turn.send(session, {
    type: "welcome",
    version: 1,
    sessionId: id,
    secret: secret.secret,
    resumed,
    held,
    sentAt: message.sentAt,
    lease,
    pingEveryMs,
    answerTimeoutMs,
    checkEveryMs,
    askTimeoutMs,
    drainMs,
    ...spreadOf(turn.state),
    deployment,
    limits: toldLimits(turn.state),
  });
  for (const refusal of refusals) turn.send(session, refusal);
  sendSnapshot(turn, session);
  // A `grant` or a `revoke` may have been lost on the way.
  joinHeld(turn, session);
  for (const leaderSessionId of held) {
    const election = turn.termOf(session, leaderSessionId);
    if (election !== undefined) sendRevoke(turn, election.name);
  }
}
