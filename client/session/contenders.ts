/** Contenders: one component's way through terms. Its callbacks alternate: a grant waits for the last revoke to settle (C1). */
import { backOffMs } from "../../shared/back-off.ts";
import type {
  Confirm,
  Deregister,
  Deregistered,
  Priority,
  Refusal,
  Register,
  Registered,
} from "../../shared/protocol/messages.ts";
import { type ElectionName, electionOf } from "../../shared/protocol/names.ts";
import type { ContenderDraft, Draft } from "./draft.ts";
import { endTerm, staysIn, stop } from "./ending.ts";
import type { Of } from "./events.ts";
import { send, sendDeregister } from "./pace.ts";
import { type Contender, findTerm, isLive } from "./state.ts";
import { speakNow } from "./terms.ts";

/** How long a contender that was refused waits before it asks again: 10 to 12 s at first, 5 to 6 minutes at most (E6). */
const ASK_AGAIN = { firstMs: 12_000, longestMs: 360_000, leastShare: 5 / 6 };

export function register(draft: Draft, { contender: id, info }: Of<"register">): void {
  const election = electionOf(info.component, info.election);
  draft.contenders.push({
    id,
    info,
    election,
    phase: "queued",
    registered: false,
    standing: "asked",
    named: "",
    leaderSessionId: "",
    drainUntil: 0,
    confirm: null,
    refusal: null,
  });
}

export function deregister(draft: Draft, { contender: id }: Of<"deregister">): void {
  for (const contender of draft.contenders) if (contender.id === id) close(draft, contender);
}

export function close(draft: Draft, contender: ContenderDraft): void {
  stop(draft, "closed", (other) => other === contender);
  contender.phase = contender.leaderSessionId ? "closing" : "gone";
}

export function settled(draft: Draft, { contenders }: Of<"settled">): void {
  for (const contender of draft.contenders) {
    if (!contenders.includes(contender.id) || !contender.leaderSessionId || contender.phase === "granted") continue;
    contender.leaderSessionId = "";
    contender.phase = contender.phase === "closing" ? "gone" : "waiting";
    if (draft.declined) speakNow(draft);
    draft.declined = false;
  }
}

/** Lets everyone take the step that is due: queue up, be granted, leave. */
export function advance(draft: Draft): void {
  for (const contender of draft.contenders) {
    const { id, info, election, named } = contender;
    const { component } = info;
    const isRival = (other: Contender): boolean =>
      other.info.component === component && (other.phase !== "gone" || other.registered);
    if (contender.phase === "queued" && draft.contenders.find(isRival) === contender) contender.phase = "waiting";
    // One that leaves counts until its term is over: leaving would give the term up.
    const isInTerm = findTerm(draft.terms, contender.leaderSessionId) !== undefined;
    const registered = isLive(contender) || isInTerm || (contender.registered && isKept(draft, contender));
    // A process that leaves says so once, by `bye`.
    if (registered !== contender.registered && !draft.closing) {
      if (registered) arrive(draft, { type: "register", ...info });
      else depart(draft, { type: "deregister", component }, election);
    }
    contender.registered = registered;
    askAgain(draft, contender);
    const term = findTerm(draft.terms, named);
    if (contender.phase === "waiting" && term?.stage === "leading") {
      contender.phase = "granted";
      contender.leaderSessionId = named;
      draft.effects.push({ type: "grant", contender: id, election, leaderSessionId: named, epoch: term.epoch });
    }
  }
  draft.contenders = draft.contenders.filter(({ phase, registered }) => phase !== "gone" || registered);
}

/**
 * One that has stopped stays while a sibling runs that the group may not count: with the last one that it counts, the
 * group gives the term up. It is known soon: the errors of a `hello` follow its `welcome`.
 */
const isKept = ({ connection, contenders, terms }: Draft, { id, election }: Contender): boolean =>
  (connection === "greeting" || connection === "open") &&
  contenders.some(
    (other) =>
      other.id !== id &&
      other.election === election &&
      other.standing !== "counted" &&
      findTerm(terms, other.leaderSessionId) !== undefined,
  );

function arrive(draft: Draft, message: Register): void {
  draft.registrations = [...draft.registrations, message];
  send(draft, message);
}

function depart(draft: Draft, message: Deregister, election: ElectionName): void {
  const takenBack = sendDeregister(draft, message, election, staysIn(draft, election));
  const { registrations } = draft;
  draft.registrations = takenBack ? registrations.filter((one) => one !== takenBack) : [...registrations, message];
}

/** Answers the oldest question about the component if it was this one. */
function answer(draft: Draft, type: (Register | Deregister)["type"], component: string): boolean {
  const first = draft.registrations.find((message) => message.component === component);
  if (first?.type !== type) return false;
  draft.registrations = draft.registrations.filter((message) => message !== first);
  return true;
}

/** The contender of the component that waits for an answer, unless a question about it is still open. */
function findAsked(draft: Draft, component: string): ContenderDraft | undefined {
  if (draft.registrations.some((message) => message.component === component)) return undefined;
  return draft.contenders.find(
    ({ info, registered: told, standing }) => info.component === component && told && standing === "asked",
  );
}

export function deregistered(draft: Draft, { component }: Deregistered): void {
  answer(draft, "deregister", component);
}

export function registered(draft: Draft, { component }: Registered): void {
  deregistered(draft, { type: "deregistered", component }); // whatever came before it was answered before it
  answer(draft, "register", component);
  const contender = findAsked(draft, component);
  if (contender) count(contender);
}

/**
 * Confirms are refused by their id, and observers without a component: the rest is about contenders, who may have left
 * meanwhile. Returns whether all is said by it.
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
function findGreeted(draft: Draft, component: string): ContenderDraft | undefined {
  return draft.contenders.find(({ info, standing }) => info.component === component && standing === "greeted");
}

/** If it leads, its term ends as a whole: it could not be granted the same one again (G2). */
function refuse(draft: Draft, contender: ContenderDraft | undefined, { code, message }: Refusal): void {
  if (!contender) return;
  const times = (contender.refusal?.times ?? 0) + 1;
  const askAt = draft.now + backOffMs(times - 1, draft.random, ASK_AGAIN);
  contender.refusal = { code, message, times, askAt };
  draft.effects.push({ type: "refused", contender: contender.id, code, message });
  contender.standing = "refused";
  contender.named = "";
  const term = contender.phase === "granted" && findTerm(draft.terms, contender.leaderSessionId);
  if (term) endTerm(draft, term, "lost");
}

/** What has refused it may be gone: whoever still wants to stand asks again (E6). A new connection asks by its `hello`. */
function askAgain(draft: Draft, contender: ContenderDraft): void {
  const { info, standing, refusal } = contender;
  if (draft.connection !== "open" || draft.closing || standing !== "refused" || !isLive(contender)) return;
  if (!refusal || refusal.askAt > draft.now) return;
  contender.standing = "asked";
  arrive(draft, { type: "register", ...info });
}

function count(contender: ContenderDraft): void {
  contender.standing = "counted";
  contender.refusal = null;
}

/** The errors of a `hello` directly follow its `welcome`: any other frame shows that there are no more. */
export function countGreeted(draft: Draft): void {
  for (const contender of draft.contenders) if (contender.standing === "greeted") count(contender);
}

export function confirm(draft: Draft, message: Confirm): void {
  for (const contender of draft.contenders) {
    const { phase, info, leaderSessionId } = contender;
    if (phase === "granted" && info.component === message.component && leaderSessionId === message.leaderSessionId) {
      contender.confirm = message;
      send(draft, message);
    }
  }
}

export function prioritize(draft: Draft, message: Priority): void {
  const { priority, component } = message;
  if (component === undefined) draft.priority = priority;
  for (const contender of draft.contenders) {
    if (contender.info.component === component) contender.info = { ...contender.info, priority };
  }
  send(draft, message);
}
