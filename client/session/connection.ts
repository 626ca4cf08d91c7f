/** The connection: opening, greeting, keeping alive, losing, and giving up. */
import { backOffMs, nextAttempt } from "../../shared/back-off.ts";
import { CLOSE, closeAction, closeMeaning } from "../../shared/protocol/close-codes.ts";
import type { Renewed, Welcome } from "../../shared/protocol/messages.ts";
import { close } from "./contenders.ts";
import type { Draft } from "./draft.ts";
import { endTerm, endTerms, forsakeTerms } from "./ending.ts";
import type { Of } from "./events.ts";
import { BURST, flush, send, sendBye, sendFirst } from "./pace.ts";
import { answerUntil, type Connection, heldTerms, PATIENCE_MS, untoldMs } from "./state.ts";
import { extendTerms, speakNow } from "./terms.ts";
import { firstWatched, observeRest } from "./watching.ts";

const FIRST_RETRY_MS = 250;
const SLOWEST_RETRY_MS = 10_000;
/** How long a client that closes without a connection tries to tell the group what has ended. */
const CLOSE_PATIENCE_MS = 10_000;

function enter(draft: Draft, connection: Connection, until = Infinity): void {
  draft.connection = connection;
  draft.until = until;
  draft.requests = [];
  if (connection !== "open") draft.farewells = draft.outbox = draft.registrations = [];
}

/** Keeps the connection as it should be at this time. Runs after every event. */
export function maintain(draft: Draft): void {
  const { connection, until, now } = draft;
  const needed = draft.watched.length + draft.terms.length > 0 || draft.contenders.some(({ registered }) => registered);
  if (isOver(draft, needed)) leave(draft, draft.closing ? "closed" : "idle");
  else if (connection === "idle" ? needed || untoldMs(draft, now) > 0 : connection === "waiting" && until <= now)
    connect(draft);
  else if (answerUntil(draft) <= now || (connection !== "open" && until <= now)) drop(draft);
  else if (until <= now) beat(draft);
}

/** Whether nobody has needed the session for as long as it may linger, and the group knows what has ended, or may not (N10). */
function isOver(draft: Draft, needed: boolean): boolean {
  const { connection, closing, until, now, settings } = draft;
  const tellMs = untoldMs(draft, now);
  if (needed) draft.lingerUntil = Infinity;
  else if (closing && connection !== "closed")
    draft.lingerUntil = Math.min(draft.lingerUntil, now + Math.min(tellMs, CLOSE_PATIENCE_MS));
  else if (until < Infinity) draft.lingerUntil = Math.min(draft.lingerUntil, now + Math.max(tellMs, settings.lingerMs));
  return draft.lingerUntil <= now;
}

/** The session to get back to while a lease runs that it holds, or that the group still counts. */
const pressing = (draft: Draft): Welcome | null =>
  heldTerms(draft, draft.now).length > 0 || untoldMs(draft, draft.now) > 0 ? draft.session : null;

/** Until when connecting, and then the answer to `hello`, may take: shorter while a lease runs. */
const patience = (draft: Draft): number => draft.now + (pressing(draft)?.answerTimeoutMs ?? PATIENCE_MS);

function connect(draft: Draft): void {
  enter(draft, "opening", patience(draft));
  draft.effects.push({ type: "connect", connection: draft.attempt });
}

/**
 * Says `bye`, which gives up whatever is left, and leaves. A page that is frozen without a connection keeps its session: if
 * it returns in time, it tells then.
 */
function leave(draft: Draft, connection: Connection): void {
  flush(draft);
  const told = sendBye(draft);
  draft.effects.push({ type: "disconnect" });
  enter(draft, connection);
  draft.attempt++;
  if (told || connection !== "paused") draft.session = null;
  draft.lingerUntil = Infinity;
}

/** Remembers a request until it is answered. */
function ask(draft: Draft): { readonly sentAt: number; readonly held: readonly string[] } {
  const held = heldTerms(draft, draft.now);
  draft.sentAt = Math.max(draft.now, draft.sentAt + 1);
  if (held.length > 0) draft.askedAt = draft.now;
  draft.requests = [...draft.requests, { sentAt: draft.sentAt, at: draft.since, held }];
  return { sentAt: draft.sentAt, held };
}

export function opened(draft: Draft): void {
  const { session, attempt, settings, priority, contenders, now } = draft;
  enter(draft, "greeting", patience(draft));
  for (const contender of contenders) contender.standing = contender.registered ? "greeted" : "asked";
  draft.allowance = BURST;
  draft.allowanceAt = now;
  sendFirst(draft, () => ({
    type: "hello",
    process: settings.process,
    priority,
    contenders: contenders.filter(({ registered }) => registered).map(({ info }) => info),
    observe: firstWatched(draft),
    ...(session && { resume: { sessionId: session.sessionId, secret: session.secret, attempt } }),
    ...ask(draft),
  }));
  observeRest(draft);
}

export function welcome(draft: Draft, message: Welcome): void {
  const [hello] = draft.requests;
  if (draft.connection !== "greeting" || !hello) return;
  enter(draft, "open", hello.at + (message.held.length > 0 ? message.lease.renewEveryMs : message.pingEveryMs));
  draft.checkAt = hello.at + message.checkEveryMs * draft.random;
  draft.session = message;
  draft.failures = draft.refusals = 0;
  if (message.resumed) extendTerms(draft, hello.held, message.held, hello.at);
  else forsakeTerms(draft);
  for (const { confirm } of draft.contenders) if (confirm) send(draft, confirm);
}

/** An answer counts only for the request that it names, and no older one can be answered after it. */
export function renewed(draft: Draft, { sentAt, held }: Renewed): void {
  const request = draft.requests.find((entry) => entry.sentAt === sentAt);
  if (!request) return;
  draft.requests = draft.requests.filter((entry) => !entry.sentAt || entry.sentAt > sentAt);
  extendTerms(draft, request.held, held, request.at);
}

export function pong(draft: Draft): void {
  draft.requests = draft.requests.filter(({ sentAt }) => sentAt);
}

/** Leaders renew. Who waits shows a sign of life now and then; between those, and for observers, a ping finds dead paths (S4). */
function beat(draft: Draft): void {
  const { session, now, checkAt, contenders } = draft;
  if (!session) return;
  const leads = heldTerms(draft, now).length > 0;
  draft.until = now + (leads ? session.lease.renewEveryMs : session.pingEveryMs);
  if (!leads && (checkAt > now || contenders.length === 0)) {
    draft.requests = [...draft.requests, { sentAt: 0, at: now, held: [] }];
    draft.effects.push({ type: "ping" });
  } else if (sendFirst(draft, () => ({ type: "renew", ...ask(draft) }))) {
    draft.checkAt = now + session.checkEveryMs * (0.9 + draft.random / 5);
  }
}

function drop(draft: Draft): void {
  draft.effects.push({ type: "disconnect" });
  lose(draft, { type: "lost", code: CLOSE.timeout });
}

/** The socket is gone. What the lease covers goes on; offers are forgotten, and the server makes new ones. */
export function lose(draft: Draft, loss: Of<"lost">): void {
  if (closeMeaning(loss.code).action === "reauthenticate") draft.refusals++;
  const { refusals, settings } = draft;
  const action = closeAction(loss.code, { refusals, asksForToken: settings.asksForToken === true });
  const fatal = action === "fatal";
  draft.attempt++;
  draft.effects.push({ ...loss, fatal });
  for (const term of draft.terms) if (term.stage === "offered") endTerm(draft, term, "lost");
  enter(draft, "waiting", retryAt(draft, action === "slow"));
  if (fatal || action === "fresh") {
    forsakeTerms(draft);
    draft.session = null;
  } else if (draft.settings.onDisconnect === "revoke") {
    endTerms(draft, "disconnected");
  }
  if (fatal) {
    shutdown(draft);
    leave(draft, "closed");
  }
}

/**
 * When to connect again: full jitter below a bound that doubles. While a lease runs the bound stays within R / 8, and patience
 * would cost the term (N9).
 */
function retryAt(draft: Draft, isSlow: boolean): number {
  const { now, random, session } = draft;
  const deadlineMs = session?.lease.renewDeadlineMs ?? Infinity;
  const hurries = pressing(draft) !== null;
  const backOff = {
    firstMs: Math.min(FIRST_RETRY_MS, deadlineMs / 8),
    longestMs: Math.min(SLOWEST_RETRY_MS, hurries ? deadlineMs / 8 : Infinity),
  };
  const waitMs = backOffMs(draft.failures, random, backOff);
  draft.failures = nextAttempt(draft.failures, backOff);
  return now + waitMs + (isSlow && !hurries ? SLOWEST_RETRY_MS : 0);
}

/** Nothing is wanted any more: everything that leads ends, and then the session. */
export function shutdown(draft: Draft): void {
  draft.closing = true;
  draft.watched = [];
  endTerms(draft, "closed");
  for (const contender of draft.contenders) close(draft, contender);
}

/** S8 on the way out. On the way back the deadlines have been looked at first, as before every event. */
export function page(draft: Draft, { event }: Of<"page">): void {
  // An attempt from before there was a network does not notice that there is one: a new one does.
  if (event === "online" && /opening|greeting/.test(draft.connection)) drop(draft);
  const { connection } = draft;
  if (event === "freeze" || event === "pagehide") {
    if (draft.until === Infinity) return;
    endTerms(draft, "frozen", 0);
    leave(draft, "paused");
  } else if (connection === "open") {
    speakNow(draft);
  } else if (connection === "paused" || (connection === "waiting" && event !== "offline")) {
    enter(draft, "idle");
  }
}
