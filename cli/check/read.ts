/** What a client reads, and what follows from it. */
import { InvalidField } from "../../shared/protocol/fields.ts";
import type { Grant, Next, Refusal, Renewed, Revoke, ServerMessage, Welcome } from "../../shared/protocol/messages.ts";
import { parseServerMessage } from "../../shared/protocol/server-codec.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { type Client, type Connection, newTerm, ROUNDING_MS, type Term, type Work } from "./knowledge.ts";
import type { Scene } from "./scene.ts";
import { oweRenewal } from "./statements.ts";
import { type Violation, violation } from "./violations.ts";

/** How long a client that is not overloaded may take for what it is to do at once. */
const AT_ONCE_MS = 2_000;

export function judgeRead(scene: Scene, connection: Connection, frame: unknown): void {
  const { client } = connection;
  if (scene.isExact && client.connection !== connection) return readLate(scene, connection, frame);
  if (frame === "pong") {
    connection.pingAt = Infinity;
    return;
  }
  const message = messageOf(scene, frame);
  if (message === null) return;
  if (message.type !== "welcome" && message.type !== "error") connection.isGreeting = false;
  follow(scene, connection, message);
}

/** What an older connection says is dropped, except an answer or a revoke that comes before a newer one is welcomed (N19). */
function readLate(scene: Scene, connection: Connection, frame: unknown): void {
  const { welcomed: newest, mayIgnore } = connection.client;
  if (newest !== null && newest.number > connection.number && !mayIgnore) return;
  const message = messageOf(scene, frame);
  if (message?.type === "welcome") {
    endByFresh(scene, connection.client, message);
    takeSecret(connection.client, message, true);
  }
  if (message?.type === "renewed" || message?.type === "welcome") answered(scene, connection, message);
  if (message?.type === "revoke") revoked(scene, connection, message);
}

function messageOf(scene: Scene, frame: unknown): ServerMessage | null {
  try {
    return parseServerMessage(JSON.stringify(frame));
  } catch (error) {
    if (!(error instanceof InvalidField)) throw error;
    scene.find("E2", `the group has sent a frame that is no message: ${error.message}`, "PROTOCOL.md lists the fields");
    return null;
  }
}

function follow(scene: Scene, connection: Connection, message: ServerMessage): void {
  switch (message.type) {
    case "welcome":
      return welcomed(scene, connection, message);
    case "renewed":
      connection.isGivenUp ||= isLate(scene, connection, message);
      return answered(scene, connection, message);
    case "grant":
      return granted(scene, connection, message);
    case "revoke":
      return revoked(scene, connection, message);
    case "next":
      return asked(scene, connection, message);
    case "registered":
    case "deregistered":
      return connection.answer(message.component);
    case "tried":
      connection.answer(message.component);
      if (!connection.asked.some(({ component }) => component === message.component))
        connection.registered.delete(message.component);
      return;
    case "error":
      return refused(connection, message);
    case "confirmed":
    case "leaders":
      return; // nothing follows from them
    default:
      return unreachable(message);
  }
}

function welcomed(scene: Scene, connection: Connection, welcome: Welcome): void {
  const { client } = connection;
  const mayIgnore = isLate(scene, connection, welcome);
  connection.isGivenUp = mayIgnore;
  endByFresh(scene, client, welcome);
  // A client that gave up waiting may ignore the fresh session, and present its old one once more (N19).
  if (!welcome.resumed && scene.isExact && !mayIgnore) client.forgetSession();
  client.session = "known";
  takeSecret(client, welcome, mayIgnore);
  client.adopt(welcome);
  connection.welcome = welcome;
  client.welcomed = connection;
  answered(scene, connection, welcome);
  oweRenewal(scene, connection, welcome.held);
}

/** Whether the client may have given up waiting for the answer. */
function isLate({ isExact, at }: Scene, connection: Connection, { sentAt }: Welcome | Renewed): boolean {
  const askedAt = connection.questions.get(sentAt)?.at ?? at;
  return isExact && at >= connection.givesUpAt(askedAt) - ROUNDING_MS;
}

function endByFresh({ isExact, at }: Scene, client: Client, { resumed }: Welcome): void {
  if (!resumed && isExact) client.endTerms(at, "the group has begun a fresh session");
}

/** The `hello` of a client that has not waited so long for the answer presents the same secret again, which the group takes. */
function takeSecret(client: Client, { secret }: Welcome, mayIgnore: boolean): void {
  client.secrets = [...client.secrets, secret];
  client.mayIgnore = mayIgnore;
}

/** S1: a lease runs until R after the question was sent. What comes after its end revives nothing (S6). */
function answered(
  scene: Scene,
  connection: Connection,
  answer: Pick<Welcome, "sentAt" | "held"> & Partial<Pick<Welcome, "lease">>,
): void {
  const { client, questions } = connection;
  const question = questions.get(answer.sentAt);
  for (const sentAt of [...questions.keys()]) if (sentAt <= answer.sentAt) questions.delete(sentAt);
  if (question === undefined) return;
  for (const id of question.ids) {
    const term = client.terms.get(id);
    if (term === undefined) continue;
    if (!answer.held.includes(id)) {
      term.ended ??= violation("S9", `${id} was lost: the group has not renewed it`, "stop at once");
    } else if (term.until > scene.at) {
      const leases = leasesSince(client, question.at, answer.lease?.renewDeadlineMs);
      term.until = Math.max(term.until, leases.until);
      if (term.untilAtLeast > scene.at) term.untilAtLeast = Math.max(term.untilAtLeast, leases.untilAtLeast);
    }
  }
}

/** `told`: the R of a `welcome`. One that comes late may name another than the client has: the shorter one counts (N19). */
const leasesSince = ({ atLeast, atMost }: Client, at: number, told = Infinity) => ({
  until: at + Math.min(atMost.renewDeadlineMs, told),
  untilAtLeast: at + Math.min(atLeast.renewDeadlineMs, told),
});

function granted(scene: Scene, connection: Connection, grant: Grant): void {
  const { client } = connection;
  const { leaderSessionId: id } = grant;
  if (grant.joined || client.terms.has(id)) return;
  const statement = connection.statements.get(grant.sentAt);
  const leases = leasesSince(client, statement?.at ?? -Infinity);
  client.terms.set(id, newTerm(grant, leases, whyNot(scene, connection, grant)));
  const unanswered = violation(
    "S16",
    `${id} was granted, and is neither taken nor given back`,
    "renew it in the same step, or send `release` without `sentAt`",
  );
  connection.owe({ what: "taking", about: id, by: scene.at + AT_ONCE_MS, violation: unanswered });
}

/** Why the client may not lead by it; `null`: it may. */
function whyNot(scene: Scene, connection: Connection, grant: Grant & { readonly joined: false }): Violation | null {
  const { client } = connection;
  const { leaderSessionId: id, election, epoch, sentAt } = grant;
  const right = "send `release` without `sentAt`";
  const statement = connection.statements.get(sentAt);
  if (statement === undefined)
    return violation("S1", `it takes ${id}, granted by no statement of this connection`, right);
  const lateMs = scene.at - statement.at - client.atMost.renewDeadlineMs;
  if (lateMs >= 0)
    return violation("S1", `it takes ${id}, whose lease was over ${Math.round(lateMs)} ms before`, right);
  if (epoch <= client.highestEnded)
    return violation("S7", `it takes epoch ${epoch} after ${client.highestEnded} has ended`, right);
  const present = grant.components.filter((one) => connection.counts(one) && connection.in(election).includes(one));
  if (present.length === 0) return violation("S15", `it takes ${id}, which names nobody that the group counts`, right);
  const stays = present.filter((one) => (connection.left.get(one) ?? 0) <= statement.leavings);
  if (stays.length === 0)
    return violation("S7", `it takes ${id} by a statement that is older than the component's leaving`, right);
  const isStopping = (component: string): boolean => client.work.get(component)?.state === "stopping";
  return stays.every(isStopping) ? violation("S11", `it takes ${id} while all that it names still stop`, right) : null;
}

function revoked(scene: Scene, connection: Connection, { leaderSessionId: id, drainMs }: Revoke): void {
  const { client } = connection;
  const term = client.terms.get(id);
  if (term === undefined || term.ended !== null || term.reported) return;
  term.ended = violation("C6", `${id} was revoked`, "stop being leader at once");
  const works = client.worksBy(id);
  const isLed = works.length === 0 || works.some(({ state }) => state === "leading");
  // One that was stopping before keeps the time that it was given.
  oweRelease(connection, term, isLed ? scene.at + drainMs : Math.max(scene.at, term.stopsBy));
}

/** When all of them have stopped, at the latest. */
export const stopsBy = (works: readonly Work[]): number => Math.max(...works.map(({ stopsByAtMost }) => stopsByAtMost));

/** Nobody leads by the term any longer, and its drain time is over by then at the latest. */
export function oweRelease(connection: Connection, term: Term, drainUntil: number): void {
  term.drainUntil = Math.min(term.drainUntil, drainUntil);
  const late = violation(
    "S10",
    `${term.id} is over, and so is its drain time`,
    "send `release` at the latest after `drainMs`",
  );
  connection.owe({ what: "release", about: term.id, by: term.drainUntil + AT_ONCE_MS, violation: late });
}

function asked(scene: Scene, connection: Connection, { inMs }: Next): void {
  const silent = violation(
    "N3",
    "it was asked by `next`, and has sent other things since",
    "send a `renew` after `inMs`",
  );
  connection.owe({ what: "answer", about: "", by: scene.at + inMs, violation: silent });
}

/** A refused component counts for nothing; what was sent about it since then is another matter. */
function refused(connection: Connection, { code, component, id }: Refusal): void {
  if (component === undefined || id !== undefined) return;
  const first = connection.asked.find((one) => one.component === component);
  if (code === "unknown_component") {
    if (first?.type === "deregister") connection.answer(component);
    return;
  }
  if (first?.type === "register") connection.answer(component);
  if (!connection.asked.some((one) => one.component === component)) connection.registered.delete(component);
}
