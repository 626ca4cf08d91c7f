/**
 * Frames leave no faster than the server takes them, however many components are granted at once (N20): a burst, then a
 * steady rate, both below its limits. The path may hold frames back and deliver all at once, so the unread ones are never
 * more than a burst: an answered renewal shows that what was sent before it was read. Renewals go first, then what ends a
 * term (N8), then the rest in its order. `bye` does not wait at all.
 */
import type { Farewell } from "../../shared/holder/state.ts";
import type { ClientMessage, Confirm, Deregister, Register, Release } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import { changeLine, type Draft } from "./draft.ts";
import { type Line, lineOf, type SessionState } from "./state.ts";
import { makeStatement, noteDeparted, noteDeparture } from "./statements.ts";

/** Frames at once, out of the 100 that a connection may always send. The rest is room for `bye`. */
export const BURST = 80;
/** Part of the burst, kept for renewals. */
const RENEWAL_RESERVE = 10;
/** Part of the burst, kept for renewals and for what ends a term. */
const RESERVE = 20;
/** Part of the burst, kept for all others than inquiries: an application may inquire as often as it likes. */
const INQUIRY_RESERVE = 30;
/** Frames that were perhaps not read yet, with what is kept for renewals and for what ends a term. */
const MOST_UNDER_WAY = 100;
/** Frames a millisecond, until the server has sent its limit. */
const SLOWEST = 0.01;
const MARGIN = 0.8 / 1_000;

type Paced = Pick<SessionState, "connection" | "session">;

const rate = ({ session }: Paced): number => (session ? session.limits.messagesPerSecond * MARGIN : SLOWEST);

function allowanceOf(draft: Draft, { allowance, allowanceAt }: Line): number {
  return Math.min(BURST, allowance + (draft.now - allowanceAt) * rate(draft));
}

/** The clock was moved up, and at the group no time has passed: that allows no frames. */
export function jump(draft: Draft, jumped: number): void {
  const byMs = jumped - draft.jumped;
  draft.jumped = jumped;
  if (byMs > 0) changeLine(draft, ({ allowanceAt }) => ({ allowanceAt: allowanceAt + byMs }));
}

/** The group has read so many frames by now, perhaps all of them just now and at once. */
export function noteRead(draft: Draft, read: number): void {
  changeLine(draft, (line) => ({
    read,
    allowance: Math.min(allowanceOf(draft, line), MOST_UNDER_WAY - RENEWAL_RESERVE - (line.sent - line.read)),
    allowanceAt: draft.now,
  }));
}

function leave(draft: Draft, message: ClientMessage): void {
  changeLine(draft, (line) => ({
    allowance: allowanceOf(draft, line) - 1,
    allowanceAt: draft.now,
    sent: line.sent + 1,
  }));
  if (message.type === "deregister") noteDeparted(draft, message);
  draft.effects.push({ type: "send", message });
}

/** Dropped while there is no connection: the next `hello` contains all of it. */
export const send = (draft: Draft, message: ClientMessage): void =>
  changeLine(draft, ({ outbox }) => ({ outbox: [...outbox, message] }));

/** For what ends a term: somebody waits for it. It leaves before all that waits, but for renewals (N8). */
export const sendFarewell = (draft: Draft, message: Deregister | Farewell): void =>
  changeLine(draft, ({ farewells }) => ({ farewells: [...farewells, message] }));

/**
 * Gives back a term that was not taken: somebody waits for it, too. It states nothing: if it did, the group could grant
 * by it what would be given back again.
 */
export const giveBack = (draft: Draft, message: Release): void =>
  changeLine(draft, ({ untaken }) => ({ untaken: [...untaken, message] }));

/** Sends at once, before all others. Returns when to try again if even the reserve is used up, `null` when it was sent. */
export function sendFirst(draft: Draft, message: () => ClientMessage): number | null {
  const line = lineOf(draft);
  if (!line || allowanceOf(draft, line) < 1) return draft.now + 1 / rate(draft);
  if (line.sent - line.read >= MOST_UNDER_WAY) return draft.now + 1 / rate(draft);
  leave(draft, message());
  return null;
}

/** Ends the session: all that waits is superseded. `false` where nothing can be sent. */
export function sendBye(draft: Draft): boolean {
  const canSend = lineOf(draft) !== null;
  if (canSend) leave(draft, { type: "bye" });
  return canSend;
}

/**
 * Tells the group that a component has left its election. If its `register` still waits, that is taken back and returned,
 * and nothing is sent of either. `stays`: another component of the election is left. Then the group must never see nobody
 * left: the frame goes behind the `register`s of the others, also where it has waited since an earlier departure. And the
 * `register` stays if a `deregister` of another component waits behind it: without it, the group might see nobody left when it
 * reads that one. Where nobody stays, the frame ends the term and goes first, with all earlier departures from the election.
 * So at most three frames of a component wait, however often it leaves and comes back.
 */
export function sendDeregister(
  draft: Draft,
  departure: Deregister,
  election: ElectionName,
  stays: boolean,
): Register | undefined {
  const { component } = departure;
  const isOwn = (message: ClientMessage): boolean => "component" in message && message.component === component;
  const isArrival = (message: ClientMessage): message is Register => message.type === "register" && isOwn(message);
  const waiting = lineOf(draft)?.outbox ?? [];
  const last = waiting.findLast(isArrival);
  const from = last ? waiting.indexOf(last) : 0;
  const earlier = waiting.filter((message) => message.type === "deregister" && isOwn(message));
  const isNeeded = stays && waiting.slice(from).some(({ type }) => type === "deregister");
  const arrival = isNeeded && earlier.length === 0 ? undefined : last;
  if (arrival) {
    const others = waiting.filter((message, index) => !isOwn(message) || (index < from && !earlier.includes(message)));
    changeLine(draft, () => ({ outbox: [...others, ...earlier] }));
  } else {
    noteDeparture(draft, departure, election);
    if (stays) send(draft, departure);
  }
  // Only departures from the process election ever wait in the outbox.
  if (!stays && election === "process") hurryDepartures(draft);
  if (!stays && !arrival) {
    const isKept = (message: ClientMessage): boolean => message.type === "deregister" || !isOwn(message);
    changeLine(draft, ({ outbox }) => ({ outbox: outbox.filter(isKept) }));
    sendFarewell(draft, departure);
  }
  return arrival;
}

/**
 * What has come and gone while both frames waited is not told at all: its departure would overtake its arrival, and the group
 * would count it for ever.
 */
function hurryDepartures(draft: Draft): void {
  const arrivals = new Map<string, Register>();
  const untold = new Set<ClientMessage>();
  const departures: Deregister[] = [];
  for (const message of lineOf(draft)?.outbox ?? []) {
    if (message.type === "register") arrivals.set(message.component, message);
    if (message.type !== "deregister") continue;
    const arrival = arrivals.get(message.component);
    arrivals.delete(message.component);
    if (arrival === undefined) departures.push(message);
    else untold.add(arrival).add(message);
  }
  const isTold = (message: ClientMessage): boolean => !untold.has(message);
  changeLine(draft, ({ farewells, outbox, registrations }) => ({
    farewells: [...farewells, ...departures],
    outbox: outbox.filter((message) => message.type !== "deregister" && isTold(message)),
    registrations: registrations.filter(isTold),
  }));
  for (const message of untold) if (message.type === "deregister") noteDeparted(draft, message);
}

/** Sends what may leave now. */
export function flush(draft: Draft): void {
  for (let line = lineOf(draft); line && flushAt(draft) <= draft.now; line = lineOf(draft)) {
    const lane = nextLane(line);
    const [next, ...rest] = line[lane];
    draft.connection = { ...line, [lane]: rest };
    if (!next || isStale(draft, next)) continue;
    const isEnd = lane === "farewells" && next.type !== "deregister";
    const isTry = next.type === "register" && next.try;
    leave(draft, isEnd || isTry ? { ...next, ...makeStatement(draft) } : next);
  }
  // The group has ended what `hello` did not name, and was told by now of all that has ended since.
  const isTold = draft.connection.type === "open" && nextLane(draft.connection) === "outbox";
  if (isTold && draft.terms.length === 0) draft.askedAt = null;
}

function nextLane({ untaken, farewells }: Line): "untaken" | "farewells" | "outbox" {
  if (untaken.length > 0) return "untaken";
  return farewells.length > 0 ? "farewells" : "outbox";
}

/** What was to be published in a term that the contender has left. */
const isStale = (draft: Draft, message: ClientMessage): boolean =>
  message.type === "confirm" && !draft.contenders.some((contender) => publishes(contender, message));

/** Whether the contender leads by the term that a confirm is about. */
export const publishes = (
  { info, phase }: Draft["contenders"][number],
  { component, leaderSessionId }: Confirm,
): boolean => phase.type === "granted" && info.component === component && phase.leaderSessionId === leaderSessionId;

/** When the next frame that waits may leave. */
export function flushAt(state: Paced): number {
  const line = lineOf(state);
  if (!line || line[nextLane(line)].length === 0 || isFull(line)) return Infinity;
  return leftAt(state, line, reserveOf(line));
}

const reserveOf = (line: Line): number => (nextLane(line) === "outbox" ? RESERVE : RENEWAL_RESERVE);

/** Whether so much is under way that the next frame waits for an answer. */
const isFull = (line: Line): boolean => line.sent - line.read >= MOST_UNDER_WAY - reserveOf(line);

/**
 * When a renewal is due because somebody inquires, or because frames wait for its answer: one at a time, and where somebody
 * inquires, after all that waits.
 */
export function inquiryAt(state: Paced & Pick<SessionState, "inquiredAt">): number {
  const { connection, inquiredAt } = state;
  if (connection.type !== "open") return Infinity;
  const isAwaited = connection[nextLane(connection)].length > 0 && isFull(connection);
  const isAsked = connection.requests.some(({ type }) => type === "renewal");
  if (isAsked || (inquiredAt === null && !isAwaited)) return Infinity;
  return leftAt(state, connection, isAwaited ? RENEWAL_RESERVE : INQUIRY_RESERVE);
}

/** When so much of the burst is left. */
const leftAt = (state: Paced, { allowance, allowanceAt }: Line, reserve: number): number =>
  allowanceAt + (reserve - allowance) / rate(state);
