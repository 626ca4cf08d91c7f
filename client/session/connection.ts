/** The connection: opening, greeting, keeping alive, losing, and giving up. */
import { backOffMs, nextAttempt, RETRY } from "../../shared/back-off.ts";
import { endTerms, extendTerms, replaceContender } from "../../shared/holder/holder.ts";
import { PATIENCE_MS } from "../../shared/lease.ts";
import { CLOSE, type CloseAction, closeAction, closeMeaning } from "../../shared/protocol/close-codes.ts";
import type { Next, Renewed, Statement, Welcome } from "../../shared/protocol/messages.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { forgetTries, leave as leaveElection } from "./contenders.ts";
import { answerUntil, countedMs } from "./deadlines.ts";
import { changeLine, type Draft } from "./draft.ts";
import type { Of } from "./events.ts";
import { answered, forgetOvertaken, isOpenAfter } from "./overtaken.ts";
import { BURST, flush, inquiryAt, noteRead, send, sendBye, sendFirst } from "./pace.ts";
import { heldTerms, isNeeded, isRegistered, lineOf, refusalOf } from "./state.ts";
import { forgetOlder, isReadyAgain, isUntoldUnready, makeStatement } from "./statements.ts";
import { forsakeTerms, freezeTerms, renewNow } from "./terms.ts";
import { firstWatched, observeRest } from "./watching.ts";

/** How long a client that closes without a connection tries to tell the group what has ended. */
const CLOSE_PATIENCE_MS = 10_000;
/** A server that asks to be left alone for longer is tried all the same: it may have been mended, or never meant it. */
const LONGEST_RETRY_AFTER_MS = 300_000;

/** Keeps the connection as it should be at this time. Runs after every event. */
export function maintain(draft: Draft): void {
  const needed = draft.watched.length + draft.terms.length > 0 || draft.contenders.some(isNeeded);
  draft.lingerUntil = needed ? Infinity : lingerUntil(draft);
  if (!isPressing(draft, draft.now)) forgetOvertaken(draft);
  if (draft.lingerUntil <= draft.now) leave(draft, draft.closing ? "closed" : "idle");
  else keepConnection(draft, needed);
}

function keepConnection(draft: Draft, needed: boolean): void {
  const { connection, now } = draft;
  switch (connection.type) {
    case "idle":
      if (needed || countedMs(draft, now) > 0) connect(draft);
      return;
    case "waiting":
      if (connection.until <= now) connect(draft);
      return;
    case "opening":
    case "greeting":
      if (Math.min(connection.until, answerUntil(draft)) <= now) overtake(draft);
      return;
    case "open":
      if (answerUntil(draft) <= now) overtake(draft);
      else if (isReadyAgain(draft) || isUntoldUnready(draft) || inquiryAt(draft) <= draft.now) renew(draft);
      else if (connection.until <= now) beat(draft);
      return;
    case "paused":
    case "closed":
      return;
    default:
      return unreachable(connection);
  }
}

/** Nobody needs the session: it ends when it has lingered, and the group knows what has ended, or may not (N10). */
function lingerUntil(draft: Draft): number {
  const { connection, closing, now, settings } = draft;
  const isQuiet = connection.type === "idle" || connection.type === "paused";
  if (connection.type === "closed" || (isQuiet && !closing)) return draft.lingerUntil;
  const isReached = connection.type === "open" || connection.type === "paused";
  const tellMs = isReached ? 0 : countedMs(draft, now);
  const waitMs = closing ? Math.min(tellMs, CLOSE_PATIENCE_MS) : Math.max(tellMs, settings.lingerMs);
  return Math.min(draft.lingerUntil, now + waitMs);
}

/** Whether there is a session to get back to, because the group may count a lease of it at that time. */
const isPressing = (draft: Draft, at: number): boolean => countedMs(draft, at) > 0;

/** Until when connecting, and then the answer to `hello`, may take: shorter where it presses by then. */
function patience(draft: Draft): number {
  const early = draft.now + (draft.session?.answerTimeoutMs ?? PATIENCE_MS);
  return isPressing(draft, early) ? early : draft.now + PATIENCE_MS;
}

function connect(draft: Draft): void {
  draft.connection = { type: "opening", until: patience(draft) };
  draft.effects.push({ type: "connect", connection: draft.attempt });
}

/**
 * Sends `bye`, which gives up what is left, and leaves. A page that is frozen without a connection keeps its session: if it
 * returns in time, it tells the group then.
 */
function leave(draft: Draft, type: "idle" | "paused" | "closed"): void {
  flush(draft);
  const isTold = sendBye(draft);
  forgetOvertaken(draft);
  draft.effects.push({ type: "disconnect", connection: draft.attempt });
  draft.connection = { type };
  nextConnection(draft);
  if (isTold || type !== "paused") draft.session = null;
  draft.lingerUntil = Infinity;
}

/** From here on the frames of the one before are dropped. */
function nextConnection(draft: Draft): void {
  draft.attempts++;
  draft.attempt = draft.attempts;
}

/** Remembers a request until it is answered. */
function ask(draft: Draft): Statement & { readonly held: readonly string[] } {
  const held = heldTerms(draft, draft.now);
  const statement = makeStatement(draft);
  if (held.length > 0) draft.askedAt = draft.now;
  changeLine(draft, ({ requests, sent }) => ({
    requests: [...requests, { type: "renewal", sentAt: statement.sentAt, at: draft.since, held, sent: sent + 1 }],
  }));
  return { ...statement, held };
}

export function opened(draft: Draft): void {
  const { session, attempts: attempt, settings, priority, now } = draft;
  draft.connection = {
    type: "greeting",
    until: patience(draft),
    requests: [],
    statements: [],
    busy: [],
    departures: [],
    untaken: [],
    givenBack: [],
    farewells: [],
    outbox: [],
    registrations: [],
    allowance: BURST,
    allowanceAt: now,
    sent: 0,
    read: 0,
  };
  forgetTries(draft);
  const registered = draft.contenders.filter(isRegistered);
  for (const contender of registered) {
    replaceContender(draft, contender, { ...contender, standing: { type: "greeted", refusal: refusalOf(contender) } });
  }
  sendFirst(draft, () => ({
    type: "hello",
    process: settings.process,
    priority,
    contenders: registered.map(({ info }) => info),
    observe: firstWatched(draft),
    ...(session && { resume: { sessionId: session.sessionId, secret: session.secret, attempt } }),
    ...ask(draft),
  }));
  observeRest(draft);
}

export function welcome(draft: Draft, message: Welcome): void {
  const { connection } = draft;
  const [hello] = lineOf(draft)?.requests ?? [];
  if (connection.type !== "greeting" || hello?.type !== "renewal") return;
  const { lease, pingEveryMs, checkEveryMs, held, deployment } = message;
  if (deployment !== undefined) draft.effects.push({ type: "deployment", deployment });
  const until = hello.at + (held.length > 0 ? lease.renewEveryMs : pingEveryMs);
  draft.connection = {
    ...connection,
    type: "open",
    requests: [],
    until,
    checkAt: hello.at + checkEveryMs * draft.random,
  };
  draft.session = message;
  noteRead(draft, hello.sent);
  draft.spreadMs = message.spreadMs ?? 0;
  draft.failures = draft.refusals = 0;
  forgetOvertaken(draft);
  if (message.resumed) extendTerms(draft, hello.held, held, hello.at + lease.renewDeadlineMs);
  else forsakeTerms(draft);
  tellInquirers(draft, hello.sentAt);
  for (const { phase } of draft.contenders) {
    if (phase.type === "granted" && phase.publication) send(draft, phase.publication);
  }
}

export function renewed(draft: Draft, answer: Renewed): void {
  const { sentAt, spreadMs = 0 } = answer;
  draft.spreadMs = spreadMs;
  const request = answered(draft, lineOf(draft)?.requests ?? [], answer);
  if (request === null) return;
  changeLine(draft, ({ requests }) => ({ requests: requests.filter(isOpenAfter(sentAt)) }));
  noteRead(draft, request.sent);
  forgetOlder(draft, sentAt);
  tellInquirers(draft, sentAt);
}

/** Somebody wants to know what the group answers to what is sent from now on. */
export function inquire(draft: Draft): void {
  draft.inquiredAt = draft.sentAt;
}

/** What the answer has ended is over by now: its effects come first. */
function tellInquirers(draft: Draft, sentAt: number): void {
  if (draft.inquiredAt === null) return;
  draft.effects.push({ type: "inquired", sentAt });
  if (draft.inquiredAt < sentAt) draft.inquiredAt = null;
}

export const pong = (draft: Draft): void =>
  changeLine(draft, ({ requests }) => ({ requests: requests.filter(({ type }) => type !== "ping") }));

/** The group asks, for now or for later: the next beat is a `renew`, whatever the session has to say in it. */
export function answer(draft: Draft, { inMs }: Next): void {
  const { connection, session, now } = draft;
  if (connection.type !== "open" || !session) return;
  const at = now + inMs;
  draft.nextUntil = at + session.lease.durationMs;
  draft.connection = {
    ...connection,
    until: Math.min(connection.until, at),
    checkAt: Math.min(connection.checkAt, at),
  };
}

/** Leaders renew. Everybody else shows a sign of life now and then; between those, a ping finds dead paths (S4). */
function beat(draft: Draft): void {
  const { session, now, connection } = draft;
  if (!session || connection.type !== "open") return;
  if (connection.checkAt <= now || heldTerms(draft, now).length > 0) return renew(draft);
  const until = Math.min(now + session.pingEveryMs, connection.checkAt);
  draft.connection = { ...connection, until, requests: [...connection.requests, { type: "ping", at: now }] };
  draft.effects.push({ type: "ping" });
}

function renew(draft: Draft): void {
  const { connection, session, now } = draft;
  if (!session || connection.type !== "open") return;
  const until = now + (heldTerms(draft, now).length > 0 ? session.lease.renewEveryMs : session.pingEveryMs);
  const laterAt = sendFirst(draft, () => ({ type: "renew", ...ask(draft) }));
  const checkAt = laterAt === null ? now + session.checkEveryMs * (0.9 + draft.random / 5) : connection.checkAt;
  if (draft.connection.type === "open") draft.connection = { ...draft.connection, until: laterAt ?? until, checkAt };
}

/**
 * The socket opens late, or an answer is late: the path is dead, or something waits in a queue, in which another connection
 * would stand behind it. So while a lease runs, or may count in the group, both are tried, and what comes first counts (N19).
 */
function overtake(draft: Draft): void {
  const { attempt } = draft;
  if (isPressing(draft, draft.now)) {
    draft.overtaken = [...draft.overtaken, { attempt, requests: lineOf(draft)?.requests ?? [] }];
  } else draft.effects.push({ type: "disconnect", connection: attempt });
  lose(draft, { type: "lost", code: CLOSE.timeout });
}

/** The socket is gone. What the lease covers goes on; nobody grants any longer by what was stated on this connection. */
export function lose(draft: Draft, loss: Of<"lost">): void {
  if (closeMeaning(loss.code).action === "reauthenticate") draft.refusals++;
  const { refusals, settings } = draft;
  const action = closeAction(loss.code, { refusals, asksForToken: settings.asksForToken === true });
  const fatal = action === "fatal";
  nextConnection(draft);
  draft.effects.push({ ...loss, opened: draft.connection.type !== "opening", fatal });
  draft.connection = { type: "waiting", until: retryAt(draft, action, loss.retryAfterMs) };
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
 * would cost the term (N9). Those whom a server turns away to protect itself wait as long as it says (E9), and come back spread
 * over as long as they have waited.
 */
function retryAt(draft: Draft, action: CloseAction, retryAfterMs = RETRY.longestMs): number {
  const { now, random, session, failures } = draft;
  const deadlineMs = session?.lease.renewDeadlineMs ?? Infinity;
  const hurries = isPressing(draft, now);
  const backOff = {
    firstMs: Math.min(RETRY.firstMs, deadlineMs / 8),
    longestMs: Math.min(RETRY.longestMs, hurries ? deadlineMs / 8 : Infinity),
  };
  draft.failures = nextAttempt(failures, backOff);
  const spreadMs = hurries ? 0 : crowdMs(draft, action);
  const waitMs = Math.max(backOffMs(failures, random, backOff), spreadFor(failures, spreadMs, random));
  if (action !== "slow" || hurries) return now + waitMs;
  const leastMs = Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS);
  return now + Math.max(waitMs, leastMs + Math.max(leastMs, spreadMs) * random);
}

/**
 * Many sessions may have been closed together, so this one waits its share of the spread. It does not wait where the close
 * concerns it alone, nor while it may be the next leader (N15).
 */
function crowdMs({ session, spreadMs, nextUntil, now }: Draft, action: CloseAction): number {
  const isAlone = session === null || action === "reauthenticate" || action === "fresh";
  const isNext = nextUntil !== null && nextUntil > now;
  return isAlone || isNext ? 0 : spreadMs;
}

/** Uniform at first. Later attempts wait at least half of the spread: otherwise they would meet the first attempts of others. */
const spreadFor = (failures: number, spreadMs: number, random: number): number =>
  failures === 0 ? spreadMs * random : (spreadMs * (1 + random)) / 2;

/** The client closes: everything that leads ends, and then the session. */
export function shutdown(draft: Draft): void {
  draft.closing = true;
  draft.watched = [];
  endTerms(draft, "closed");
  for (const contender of draft.contenders) leaveElection(draft, contender);
}

/** S8 on the way out. On the way back the deadlines have been looked at first, as before every event. */
export function page(draft: Draft, { event }: Of<"page">): void {
  const isFreezing = event === "freeze" || event === "pagehide";
  const { connection } = draft;
  switch (connection.type) {
    case "idle":
    case "closed":
      return;
    case "paused":
      if (!isFreezing) draft.connection = { type: "idle" };
      return;
    case "waiting":
      if (isFreezing) freeze(draft);
      else if (event !== "offline") draft.connection = { type: "waiting", until: draft.now };
      return;
    case "opening":
    case "greeting":
      if (isFreezing) freeze(draft);
      else if (event === "online") hurry(draft);
      return;
    case "open":
      if (isFreezing) freeze(draft);
      else renewNow(draft);
      return;
    default:
      return unreachable(connection);
  }
}

function freeze(draft: Draft): void {
  freezeTerms(draft);
  leave(draft, "paused");
}

/** An attempt from before there was a network does not notice that there is one: a new one does. */
function hurry(draft: Draft): void {
  if (draft.lingerUntil <= draft.now) return; // its timer is late: it ends now, by `bye`
  overtake(draft);
  if (draft.connection.type === "waiting") draft.connection = { type: "waiting", until: draft.now };
}
