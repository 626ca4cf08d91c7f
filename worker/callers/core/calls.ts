/** The one call at a time: which is due, and what its end means. */
import { backOffMs, RETRY } from "../../../shared/back-off.ts";
import { isReady, loseTerm, loseTerms, replaceContender } from "../../../shared/holder/holder.ts";
import type { Farewell } from "../../../shared/holder/state.ts";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import { unreachable } from "../../../shared/unreachable.ts";
import type { CampaignAnswer, PolledSession, Refused } from "../service.ts";
import type { Draft } from "./draft.ts";
import type { Of } from "./events.ts";
import type { Request } from "./requests.ts";
import {
  answerTimeoutMs,
  type Call,
  type Contender,
  type ContenderState,
  hasStopped,
  heldIds,
  isDeparting,
  isUrgent,
  wantsPublishing,
} from "./state.ts";
import { extend, leadsBy, setPublication } from "./terms.ts";

/** Attempts that one row makes usable: a restart skips what is left of them. */
const RESERVED_ATTEMPTS = 64;
/** A goodbye that fails this often is given up: the group's own time-outs do the rest. */
const GOODBYES = 5;

/** Makes the call that is due, if none is under way. */
export function speak(draft: Draft): void {
  if (draft.activity === "stopped" || draft.call !== null || draft.quietUntil > draft.now) return;
  const isDue = draft.nextAt <= draft.now;
  if (!isDue && !isUrgent(draft)) return;
  const { session } = draft;
  if (session === null) return begin(draft);
  const [farewell] = draft.farewells;
  if (hasStopped(draft)) return goodbye(draft, session);
  if (farewell !== undefined) return goodbye(draft, session, farewell);
  const publishing = draft.contenders.find(wantsPublishing);
  if (publishing !== undefined && !isDue) return publish(draft, publishing, session);
  return isDeparting(draft) ? renew(draft, session) : campaign(draft);
}

/** Without a session there is nobody to say goodbye to; what is still stopping is waited for. */
function begin(draft: Draft): void {
  if (hasStopped(draft)) leave(draft);
  if (draft.activity === "running") campaign(draft);
}

type Session = Omit<PolledSession, "attempt">;
type Proof = (session: Session) => PolledSession;

function call(draft: Draft, request: (proof: Proof, sentAt: number) => Request): void {
  const attempt = draft.attempt + 1;
  draft.attempt = attempt;
  if (attempt > draft.attemptsReserved) draft.attemptsReserved = attempt + RESERVED_ATTEMPTS - 1;
  draft.sentAt = Math.max(draft.now, draft.sentAt + 1);
  const made = request((session) => ({ ...session, attempt }), draft.sentAt);
  draft.call = {
    attempt,
    sentAt: draft.sentAt,
    at: draft.now,
    answerUntil: draft.now + answerTimeoutMs(draft),
    request: made,
    changes: draft.changes,
  };
  draft.effects.push({ type: "call", attempt, request: made });
}

/**
 * Elections that one of its components could lead: the others are still stopping (S11), or not ready (Q7). None while answers are so late
 * that it could not lead by them: it would take the lead from others, and nobody would lead.
 */
function readyElections(draft: Draft): readonly ElectionName[] {
  const { activity, contenders, isLate } = draft;
  if (activity !== "running" || isLate) return [];
  const able = contenders.filter(({ phase }) => phase.type === "waiting" || phase.type === "granted");
  return [...new Set(able.map(({ election }) => election))].filter((election) => isReady(draft, election));
}

function campaign(draft: Draft): void {
  const { session, settings } = draft;
  const { tries, process, priority, pollEveryMs } = settings;
  const held = heldIds(draft);
  call(draft, (proof, sentAt) => ({
    type: "campaign",
    campaign: {
      ...(session !== null && { session: proof(session) }),
      contenders: draft.contenders.flatMap(({ phase, info: { ready: _, ...info } }) =>
        phase.type === "gone" ? [] : [info],
      ),
      held,
      accept: readyElections(draft),
      ...(tries && { try: true }),
      ...(process !== undefined && { process }),
      ...(priority !== undefined && { priority }),
      ...(pollEveryMs !== undefined && { pollEveryMs }),
      sentAt,
    },
  }));
}

/** Only keeps what is still stopping. */
function renew(draft: Draft, session: Session): void {
  const held = heldIds(draft);
  call(draft, (proof, sentAt) => ({ type: "renew", renewal: { session: proof(session), held, sentAt } }));
}

/** Gives up one term, or everything. */
function goodbye(draft: Draft, session: Session, farewell?: Farewell): void {
  const { type: _, ...ended } = farewell ?? {};
  call(draft, (proof) => ({ type: "release", release: { session: proof(session), ...ended } }));
}

function publish(draft: Draft, { info, phase }: Contender, session: Session): void {
  if (phase.type !== "granted" || phase.publication === null) return;
  const { leaderSessionId } = phase;
  const { isPublished: _, ...published } = phase.publication;
  call(draft, (proof) => ({
    type: "confirm",
    confirmation: { session: proof(session), component: info.component, leaderSessionId, ...published },
  }));
}

function leave(draft: Draft): void {
  draft.activity = draft.activity === "returning" ? "running" : "stopped";
  draft.session = null;
  draft.farewells = [];
  draft.failures = draft.nextAt = draft.quietUntil = 0;
  // What is refused when it begins anew is reported again.
  draft.contenders = draft.contenders.map((contender) => ({ ...contender, refusal: null }));
  draft.effects.push({ type: "left" });
}

/** Only the answer to the latest call counts. */
export function answered(draft: Draft, { attempt, answer }: Of<"answered">): void {
  const { call: asked } = draft;
  if (asked?.attempt !== attempt) return;
  draft.call = null;
  switch (answer.type) {
    case "polled":
      return polled(draft, asked, answer);
    case "confirmed":
      return asked.request.type === "confirm" ? confirmed(draft, asked.request) : fail(draft, asked);
    case "released":
      return asked.request.type === "release" ? released(draft, asked.request) : fail(draft, asked);
    case "refused":
      return refused(draft, asked, answer);
    default:
      return unreachable(answer);
  }
}

function succeed(draft: Draft): void {
  draft.failures = 0;
  draft.quietUntil = 0;
}

function polled(draft: Draft, asked: Call, answer: CampaignAnswer): void {
  const { request } = asked;
  if (answer.sentAt !== asked.sentAt || (request.type !== "campaign" && request.type !== "renew")) {
    return fail(draft, asked);
  }
  succeed(draft);
  draft.session = sessionIn(answer);
  draft.lease = answer.lease;
  draft.isLate = draft.now >= asked.at + answer.lease.renewDeadlineMs;
  draft.drainMs = answer.drainMs;
  const held = request.type === "campaign" ? (request.campaign.held ?? []) : request.renewal.held;
  const accepted = acceptedBy(request);
  extend(draft, asked.at, { held: answer.resumed ? held : [], accepted }, answer);
  if (!answer.resumed) loseUnlessNew(draft, answer);
  for (const contender of draft.contenders) reportRefusal(draft, contender, answer);
  tellInquirers(draft, asked);
  if (request.type === "campaign") forget(draft, asked, request);
  tellTried(draft, answer);
  const isHolding = draft.terms.length > 0;
  const { renewEveryMs } = answer.lease;
  draft.nextAt = asked.at + (isHolding ? Math.min(renewEveryMs, answer.pollEveryMs) : answer.pollEveryMs);
  // The components that were stopping when it was sent have stopped by now.
  if (readyElections(draft).some((name) => !accepted.includes(name))) draft.nextAt = draft.now;
}

/** A try that has come to nothing leaves no session. */
const sessionIn = ({ sessionId, secret, leaderships, tried = [] }: CampaignAnswer): ContenderState["session"] =>
  tried.length > 0 && leaderships.length === 0 ? null : { sessionId, secret };

function tellTried(draft: Draft, { tried = [] }: CampaignAnswer): void {
  for (const { component, leader } of tried) draft.effects.push({ type: "tried", component, leader });
}

function tellInquirers(draft: Draft, { sentAt }: Call): void {
  if (draft.inquiredAt === null) return;
  draft.effects.push({ type: "inquired", sentAt });
  if (draft.inquiredAt < sentAt) draft.inquiredAt = null;
}

function acceptedBy(request: Request): readonly ElectionName[] {
  const accept = request.type === "campaign" ? request.campaign.accept : [];
  return typeof accept === "object" ? accept : [];
}

/** The group knows now what this campaign told, and which contenders it did not name. */
function forget(draft: Draft, { changes }: Call, { campaign }: Extract<Request, { type: "campaign" }>): void {
  const named = new Set(campaign.contenders.map(({ component }) => component));
  draft.changesTold = Math.max(draft.changesTold, changes);
  draft.contenders = draft.contenders.filter(({ id, phase }) => phase.type !== "gone" || named.has(id));
}

/** A fresh session has nothing of what the one before held. */
function loseUnlessNew(draft: Draft, { leaderships }: CampaignAnswer): void {
  for (const term of draft.terms) {
    const isNew = leaderships.some(({ leaderSessionId }) => leaderSessionId === term.leaderSessionId);
    if (!isNew) loseTerm(draft, term);
  }
}

function reportRefusal(draft: Draft, contender: Contender, { refused: all }: CampaignAnswer): void {
  const refusal = all.find(({ component }) => component === contender.id);
  const code = refusal?.code ?? null;
  if (code === contender.refusal) return;
  if (refusal !== undefined) draft.effects.push({ type: "refused", ...refusal });
  replaceContender(draft, contender, { ...contender, refusal: code });
}

function confirmed(draft: Draft, { confirmation }: Extract<Request, { type: "confirm" }>): void {
  succeed(draft);
  const { component, leaderSessionId, address, metadata } = confirmation;
  for (const contender of draft.contenders) {
    if (contender.id !== component || !leadsBy(contender, leaderSessionId)) continue;
    const { publication } = contender.phase;
    // Another one may be wanted by now.
    if (publication?.address !== address || publication?.metadata !== metadata || publication === null) continue;
    setPublication(draft, contender, { ...publication, isPublished: true });
    draft.effects.push({ type: "confirmed", component });
  }
}

function released(draft: Draft, { release }: Extract<Request, { type: "release" }>): void {
  succeed(draft);
  if (release.leaderSessionId === undefined) leave(draft);
  else dropFarewell(draft, release.leaderSessionId);
}

function dropFarewell(draft: Draft, leaderSessionId: string): void {
  draft.farewells = draft.farewells.filter((farewell) => farewell.leaderSessionId !== leaderSessionId);
}

function refused(draft: Draft, asked: Call, { code, message }: Refused): void {
  const { request } = asked;
  // The session is over, or another incarnation has used higher attempts: either way it is not ours.
  if (code === "unknown_session" || code === "superseded") {
    draft.session = null;
    draft.farewells = [];
    loseTerms(draft);
    draft.nextAt = draft.now;
    return succeed(draft);
  }
  if (request.type === "confirm") {
    succeed(draft);
    unpublish(draft, request.confirmation.component);
    draft.effects.push({ type: "unconfirmed", component: request.confirmation.component, code, message });
    if (code === "not_leader") draft.nextAt = draft.now;
    return;
  }
  if (request.type === "release" && request.release.leaderSessionId !== undefined) {
    return dropFarewell(draft, request.release.leaderSessionId);
  }
  draft.effects.push({ type: "refused", code, message });
  fail(draft, asked);
}

function unpublish(draft: Draft, component: string): void {
  for (const contender of draft.contenders) {
    const { id, phase } = contender;
    if (id !== component || phase.type !== "granted" || !wantsPublishing(contender)) continue;
    replaceContender(draft, contender, { ...contender, phase: { ...phase, publication: null } });
  }
}

export function failed(draft: Draft, { attempt, retryAfterMs }: Of<"failed">): void {
  const { call: asked } = draft;
  if (asked?.attempt !== attempt) return;
  draft.call = null;
  fail(draft, asked, retryAfterMs);
}

/**
 * Whether the call has arrived is unknown. A farewell is not repeated: the next campaign does not name the term, and the goodbye
 * of a contender that leaves ends everything.
 */
export function fail(draft: Draft, { request }: Call, retryAfterMs = 0): void {
  draft.failures += 1;
  pause(draft, Math.min(retryAfterMs, LONGEST_PAUSE_MS));
  if (request.type === "confirm") return;
  draft.nextAt = Math.min(draft.nextAt, draft.now);
  if (request.type !== "release") return;
  if (request.release.leaderSessionId !== undefined) dropFarewell(draft, request.release.leaderSessionId);
  else if (draft.failures >= GOODBYES) leave(draft);
}

/** No pause is longer, whatever something in front of the deployment asks for. */
const LONGEST_PAUSE_MS = 60_000;

/** Waits at least half of the bound, as each call costs a row; but while a term is held no longer than R / 8: patience would cost it. */
function pause(draft: Draft, leastMs: number): void {
  const isHolding = draft.terms.length > 0;
  const longestMs = isHolding && draft.lease !== null ? draft.lease.renewDeadlineMs / 8 : RETRY.longestMs;
  const backOff = { ...RETRY, longestMs, leastShare: 0.5 };
  // Alarms know whole milliseconds only: one that comes a fraction too early would come again at once, and again.
  const waitMs = Math.max(isHolding ? 0 : leastMs, backOffMs(draft.failures - 1, draft.random, backOff));
  draft.quietUntil = draft.now + Math.ceil(waitMs);
}
