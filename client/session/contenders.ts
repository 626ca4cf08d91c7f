/** Contenders: how one component's wish to lead reaches the group, and what the group makes of it. */
import { backOffMs } from "../../shared/back-off.ts";
import { close, endTerm, enterPhase, grantWaiting, replaceContender, settle } from "../../shared/holder/holder.ts";
import { findTerm, isLive, leaderSessionIdOf } from "../../shared/holder/state.ts";
import type {
  Confirm,
  Deregister,
  Deregistered,
  Grant,
  Priority,
  Refusal,
  Register,
  Registered,
  Tried,
} from "../../shared/protocol/messages.ts";
import { type ElectionName, electionOf } from "../../shared/protocol/names.ts";
import { changeLine, type Draft } from "./draft.ts";
import type { Of } from "./events.ts";
import { publishes, send, sendDeregister } from "./pace.ts";
import {
  type Contender,
  hasStopped,
  isRegistered,
  type Line,
  lineOf,
  type Rejection,
  refusalOf,
  type Standing,
} from "./state.ts";
import { isOld } from "./statements.ts";
import { forgetContender, grant, renewNow } from "./terms.ts";

/** How long a contender that was refused waits before it asks again: 10 to 12 s at first, 5 to 6 minutes at most (E6). */
const ASK_AGAIN = { firstMs: 12_000, longestMs: 360_000, leastShare: 5 / 6 };

const setStanding = (draft: Draft, contender: Contender, standing: Standing): Contender =>
  replaceContender(draft, contender, { ...contender, standing });

export function register(draft: Draft, { contender: id, info, ready = true, tries = false }: Of<"register">): void {
  const election = electionOf(info.component, info.election);
  draft.contenders.push({ id, info, election, phase: { type: "queued" }, standing: { type: "untold" }, ready, tries });
}

export function setReady(draft: Draft, { ready, component }: Of<"ready">): void {
  for (const contender of draft.contenders)
    if (contender.info.component === (component ?? contender.info.component))
      replaceContender(draft, contender, { ...contender, ready });
}

export function deregister(draft: Draft, { contender: id }: Of<"deregister">): void {
  for (const contender of draft.contenders) if (contender.id === id) leave(draft, contender);
}

/** It leaves once it has stopped. */
export function leave(draft: Draft, contender: Contender): void {
  if (contender.phase.type === "queued") draft.effects.push({ type: "left", contender: contender.id });
  close(draft, contender);
}

export function settled(draft: Draft, { contenders }: Of<"settled">): void {
  const all = new Set(contenders);
  for (const contender of draft.contenders) if (all.has(contender.id)) settle(draft, contender);
}

/** Lets everyone take the step that is due: be granted, queue up, leave. */
export function advance(draft: Draft): void {
  grantWaiting(draft);
  // As when terms were finished: one that steps up below keeps no term that was given up there.
  const contended = new Set<ElectionName>();
  for (const one of draft.contenders) if (isLive(one) && !draft.transport.isUncounted(one)) contended.add(one.election);
  const taken = new Set<string>();
  for (const before of draft.contenders) {
    const { component } = before.info;
    const isNext = before.phase.type === "queued" && !taken.has(component);
    const contender = askAgain(
      draft,
      tellStanding(draft, isNext ? enterPhase(draft, before, { type: "waiting" }) : before, contended),
    );
    if (contender.phase.type !== "gone" || isRegistered(contender)) taken.add(component);
  }
  draft.contenders = draft.contenders.filter((one) => one.phase.type !== "gone" || isRegistered(one));
}

function tellStanding(draft: Draft, contender: Contender, contended: ReadonlySet<ElectionName>): Contender {
  // One that leaves counts until its term is over: leaving would give the term up.
  const isInTerm = findTerm(draft.terms, leaderSessionIdOf(contender)) !== undefined;
  const stands = isLive(contender) || isInTerm || (isRegistered(contender) && isKept(draft, contender));
  if (stands === isRegistered(contender)) return contender;
  if (stands && contender.tries && draft.connection.type !== "open") return contender;
  if (!draft.closing && stands) arrive(draft, contender);
  else if (!hasStopped(draft)) depart(draft, contender, contended.has(contender.election));
  if (!stands) draft.effects.push({ type: "left", contender: contender.id });
  return setStanding(draft, contender, stands ? { type: "asked", refusal: null } : { type: "untold" });
}

/**
 * A contender that has stopped stays registered while a sibling runs that the group may not count: the group gives the term
 * up when the last one leaves that it counts. Whether it counts the sibling is known soon: the errors of a `hello` follow its
 * `welcome`.
 */
const isKept = ({ connection, contenders, terms }: Draft, { id, election }: Contender): boolean =>
  (connection.type === "greeting" || connection.type === "open") &&
  contenders.some(
    (other) =>
      other.id !== id &&
      other.election === election &&
      other.standing.type !== "counted" &&
      findTerm(terms, leaderSessionIdOf(other)) !== undefined,
  );

/** A statement goes before it where the group would ask for one: so it can be granted at once. A try is one itself. */
function arrive(draft: Draft, { info, tries }: Contender): void {
  if (isOld(draft) && !tries) renewNow(draft);
  const message: Register = { type: "register", ...info, ...(tries && { try: true as const }) };
  changeLine(draft, ({ registrations }) => ({ registrations: [...registrations, message] }));
  send(draft, message);
}

function depart(draft: Draft, { info: { component }, election }: Contender, stays: boolean): void {
  const message: Deregister = { type: "deregister", component };
  const takenBack = sendDeregister(draft, message, election, stays);
  changeLine(draft, ({ registrations }) => ({
    registrations: takenBack ? registrations.filter((one) => one !== takenBack) : [...registrations, message],
  }));
}

const registrationsOf = (draft: Draft): Line["registrations"] => lineOf(draft)?.registrations ?? [];

/** Answers the oldest question about the component if it was this one. */
function answer(draft: Draft, type: (Register | Deregister)["type"], component: string): boolean {
  const first = registrationsOf(draft).find((message) => message.component === component);
  if (first?.type !== type) return false;
  changeLine(draft, ({ registrations }) => ({ registrations: registrations.filter((message) => message !== first) }));
  return true;
}

/** The contender of the component that waits for an answer, unless a question about it is still open. */
function findAsked(draft: Draft, component: string): Contender | undefined {
  if (registrationsOf(draft).some((message) => message.component === component)) return undefined;
  return draft.contenders.find(({ info, standing }) => info.component === component && standing.type === "asked");
}

export function deregistered(draft: Draft, { component }: Deregistered): void {
  answer(draft, "deregister", component);
}

export function registered(draft: Draft, { component, try: knowsTries }: Registered): void {
  deregistered(draft, { type: "deregistered", component }); // whatever came before it was answered before it
  answer(draft, "register", component);
  const contender = findAsked(draft, component);
  if (!contender) return;
  if (contender.tries && !knowsTries) refuse(draft, contender, UNKNOWN_TRY);
  else count(draft, contender);
}

/** An older group would let the try wait in its queue. */
const UNKNOWN_TRY = {
  code: "other_interface",
  message: "the group's version is too old for tryElect: update the deployment",
};

export function tried(draft: Draft, { component, leader }: Tried): void {
  answer(draft, "register", component);
  const contender = findAsked(draft, component);
  if (!contender?.tries) return;
  draft.effects.push({ type: "tried", contender: contender.id, leader }, { type: "left", contender: contender.id });
  close(draft, setStanding(draft, contender, { type: "untold" }));
}

/** A try whose grant comes too late to lead by it would wait from here on: it leaves. */
export function granted(draft: Draft, message: Grant): void {
  grant(draft, message);
  for (const contender of draft.contenders) {
    const { id, tries, standing, phase, info } = contender;
    const isNamed = tries && standing.type === "counted" && message.components.includes(info.component);
    if (!isNamed || phase.type !== "waiting") continue;
    if (draft.terms.some((term) => term.stage === "leading" && term.contenders.includes(id))) continue;
    draft.effects.push({ type: "tried", contender: id, leader: null });
    leave(draft, contender);
  }
}

/** What was asked over a connection that is gone is asked anew: the group drops what it has granted by it. */
export function forgetTries(draft: Draft): void {
  for (const contender of draft.contenders) {
    if (contender.tries && isLive(contender) && !findTerm(draft.terms, leaderSessionIdOf(contender)))
      setStanding(draft, contender, { type: "untold" });
  }
}

/**
 * Confirms are refused by their id, and observers without a component: the rest is about contenders, who may have left
 * meanwhile. Returns whether nothing is left to report.
 */
export function refused(draft: Draft, message: Refusal): boolean {
  const { code, component, id } = message;
  if (component === undefined || id !== undefined) return false;
  if (code === "unknown_component") {
    answer(draft, "deregister", component);
    return true;
  }
  const wasAsked = answer(draft, "register", component);
  // A duplicate is counted, but nobody knows as which contender: none of them leads by it.
  if (wasAsked && code === "duplicate_component") return false;
  refuse(draft, wasAsked ? findAsked(draft, component) : findGreeted(draft, component), message);
  return true;
}

/** A question that is open was asked after the `hello`: so this is about a contender that the `hello` has named. */
function findGreeted(draft: Draft, component: string): Contender | undefined {
  return draft.contenders.find(({ info, standing }) => info.component === component && standing.type === "greeted");
}

/** If it leads, its term ends as a whole: it could not be granted the same one again (G2). */
function refuse(draft: Draft, contender: Contender | undefined, { code, message }: Omit<Rejection, "times">): void {
  if (!contender) return;
  const { id, phase } = contender;
  const times = (refusalOf(contender)?.times ?? 0) + 1;
  const askAt = draft.now + backOffMs(times - 1, draft.random, ASK_AGAIN);
  const next = setStanding(draft, contender, { type: "refused", refusal: { code, message, times }, askAt });
  draft.effects.push({ type: "refused", contender: id, code, message });
  forgetContender(draft, id);
  if (contender.tries && phase.type === "waiting") leave(draft, next);
  const term = phase.type === "granted" && findTerm(draft.terms, phase.leaderSessionId);
  if (term) endTerm(draft, term, "lost");
}

/** What has refused it may be gone: it asks again while it still wants to stand (E6). A new connection asks by its `hello`. */
function askAgain(draft: Draft, contender: Contender): Contender {
  const { standing } = contender;
  if (standing.type !== "refused" || standing.askAt > draft.now || !isLive(contender)) return contender;
  if (draft.connection.type !== "open" || draft.closing) return contender;
  arrive(draft, contender);
  return setStanding(draft, contender, { type: "asked", refusal: standing.refusal });
}

const count = (draft: Draft, contender: Contender): Contender => setStanding(draft, contender, { type: "counted" });

/** The errors of a `hello` directly follow its `welcome`: any other frame shows that none is left. */
export function countGreeted(draft: Draft): void {
  for (const contender of draft.contenders) if (contender.standing.type === "greeted") count(draft, contender);
}

export function confirm(draft: Draft, message: Confirm): void {
  for (const contender of draft.contenders) {
    if (!publishes(contender, message)) continue;
    publish(draft, contender, message);
    send(draft, message);
  }
}

/** The group has refused to publish it. */
export function withdrawConfirm(draft: Draft, id: string): void {
  for (const contender of draft.contenders) {
    const { phase } = contender;
    if (phase.type === "granted" && phase.publication?.id === id) publish(draft, contender, null);
  }
}

function publish(draft: Draft, contender: Contender, publication: Confirm | null): void {
  const { phase } = contender;
  if (phase.type !== "granted") return;
  replaceContender(draft, contender, { ...contender, phase: { ...phase, publication } });
}

export function prioritize(draft: Draft, message: Priority): void {
  const { priority, component } = message;
  if (component === undefined) draft.priority = priority;
  for (const contender of draft.contenders) {
    if (contender.info.component !== component) continue;
    replaceContender(draft, contender, { ...contender, info: { ...contender.info, priority } });
  }
  send(draft, message);
}
