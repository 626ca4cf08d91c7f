/** What a client sends, and what it must not send at that time. */

import { clientMessageParser } from "../../shared/protocol/client-codec.ts";
import { InvalidField } from "../../shared/protocol/fields.ts";
import { METADATA_BYTES } from "../../shared/protocol/limits.ts";
import type {
  ClientMessage,
  Confirm,
  Deregister,
  Hello,
  Register,
  Release,
  Renew,
  Resign,
  Resume,
} from "../../shared/protocol/messages.ts";
import { electionOf } from "../../shared/protocol/names.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { type Connection, PATIENCE_MS, ROUNDING_MS } from "./knowledge.ts";
import type { Scene } from "./scene.ts";
import { judgeHeld, judgeStatement, oweRenewal, take } from "./statements.ts";

export function judgeSent(scene: Scene, connection: Connection, frame: unknown): void {
  const { client } = connection;
  connection.frames += 1;
  connection.isGivenUp = false;
  if (connection.welcome !== null) client.goesOn(connection.welcome);
  if (scene.isExact && client.connection !== connection) {
    scene.find(
      "G10",
      "a frame leaves by a connection that the client has closed or replaced",
      "only the newest one is used",
    );
  }
  if (connection.hasLeft) scene.find("S8", "a frame follows `bye` on its connection", "`bye` is the last frame");
  if (frame === "ping") return judgePing(scene, connection);
  const isTaken = connection.pace(scene.at, JSON.stringify(frame).length);
  if (scene.isExact && !isTaken) {
    scene.find(
      "N8",
      "more frames leave than the group takes",
      "frames wait: a burst of 100, then `limits.messagesPerSecond`",
    );
  }
  const message = messageOf(scene, connection, frame);
  if (message !== null) judgeMessage(scene, connection, message);
  judgeMissed(scene, connection, message);
}

const parse = clientMessageParser({ metadataBytes: METADATA_BYTES });

function messageOf(scene: Scene, connection: Connection, frame: unknown): ClientMessage | null {
  try {
    const message = parse(JSON.stringify(frame));
    const isFirst = connection.frames === 1;
    if (isFirst !== (message.type === "hello")) {
      const problem = isFirst ? `\`${message.type}\` is the first frame of its connection` : "a second `hello`";
      scene.find("E2", problem, "`hello` is the first frame of each connection, and comes once");
    }
    return message;
  } catch (error) {
    if (!(error instanceof InvalidField)) throw error;
    scene.find("E2", `the group closes the socket for this frame: ${error.message}`, "PROTOCOL.md lists the fields");
    return null;
  }
}

function judgeMessage(scene: Scene, connection: Connection, message: ClientMessage): void {
  switch (message.type) {
    case "hello":
      return judgeHello(scene, connection, message);
    case "renew":
      return judgeRenew(scene, connection, message);
    case "register":
      return judgeRegister(scene, connection, message);
    case "deregister":
      return judgeDeregister(scene, connection, message);
    case "confirm":
      return judgeConfirm(scene, connection, message);
    case "resign":
    case "release":
      return judgeReport(scene, connection, message);
    case "bye":
      return judgeBye(scene, connection);
    case "priority":
    case "observe":
    case "unobserve":
      return;
    default:
      return unreachable(message);
  }
}

/** Finds what is overdue while the client sends other things. */
function judgeMissed(scene: Scene, connection: Connection, message: ClientMessage | null): void {
  if (!scene.isExact || message?.type === "bye" || connection.welcome === null || !connection.isCalm) return;
  for (const due of connection.missed(scene.at)) {
    const { what, about, violation } = due;
    // Meanwhile somebody left or came, or the application has changed its mind.
    const term = connection.client.terms.get(about);
    const runs = term !== undefined && !term.reported && term.until > scene.at;
    const holds = connection.client.held(scene.at).some(({ taken }) => taken);
    if ((what === "release" || what === "taking") && !runs) continue;
    if (what === "renewal" && !holds) continue;
    if (due.what === "readiness" && !connection.couldStart(due.about, scene.at)) continue;
    scene.find(violation.rule, violation.problem, violation.right);
  }
}

function judgePing(scene: Scene, connection: Connection): void {
  judgePatience(scene, connection);
  connection.pingAt = Math.min(connection.pingAt, scene.at);
  judgeMissed(scene, connection, null);
}

/** N11: a connection on which an answer does not come in time is dead, whether a lease runs or not. */
function judgePatience(scene: Scene, { askedAt }: Connection): void {
  if (!scene.isExact || scene.at <= askedAt + PATIENCE_MS + ROUNDING_MS) return;
  const waitedMs = Math.round(scene.at - askedAt);
  scene.find(
    "N11",
    `it goes on although nothing was answered for ${waitedMs} ms`,
    "drop the socket, and connect again",
  );
}

function judgeRenew(scene: Scene, connection: Connection, renew: Renew): void {
  judgePatience(scene, connection);
  judgeStatement(scene, connection, renew, judgeHeld(scene, connection, renew.held));
  connection.questions.set(renew.sentAt, { at: scene.at, ids: renew.held });
  connection.settle("answer");
  oweRenewal(scene, connection, renew.held);
}

// The first frame

function judgeHello(scene: Scene, connection: Connection, hello: Hello): void {
  const { client } = connection;
  const { resume, held = [], contenders = [] } = hello;
  if (resume !== undefined) judgeResume(scene, connection, resume);
  else {
    if (held.length > 0) scene.find("S9", "it names leaderships without `resume`", "`held` belongs to `resume`");
    if (client.session !== "none") client.forsake(scene.at, "it has begun a fresh session");
  }
  connection.contends(contenders);
  const terms = judgeHeld(scene, connection, held);
  judgeStatement(scene, connection, hello, terms);
  connection.questions.set(hello.sentAt, { at: scene.at, ids: held });
  // What it does not name ends at once.
  for (const term of client.terms.values()) if (!held.includes(term.id)) client.report(term);
}

function judgeResume(scene: Scene, { client }: Connection, { secret, attempt }: Resume): void {
  const place = client.secrets.lastIndexOf(secret);
  if (client.session === "none" && scene.isExact) {
    scene.find("S9", "it resumes a session that is over", "begin a fresh one: `hello` without `resume`");
  } else if (
    client.session === "known" &&
    (place < client.presented || (scene.isExact && !client.mayIgnore && place < client.secrets.length - 1))
  ) {
    scene.find(
      "S9",
      place < 0 ? "it presents a secret that it was never sent" : "it presents an old secret",
      "the newest that it has read",
    );
  }
  if (attempt <= client.attempt) {
    scene.find("S9", `\`attempt\` ${attempt} follows ${client.attempt}`, "it grows with every attempt to connect");
  }
  client.attempt = Math.max(client.attempt, attempt);
  client.presented = Math.max(client.presented, place);
}

// Components

function judgeRegister(scene: Scene, connection: Connection, register: Register): void {
  const { component, election, sentAt, busy } = register;
  if (connection.registered.has(component)) {
    scene.find("C9", `\`${component}\` is registered already`, "`deregister` comes before the next `register`");
  }
  const everyMs = connection.welcome?.lease.renewEveryMs ?? Infinity;
  const isOld = sentAt === undefined && scene.at - connection.statedAt > everyMs / 2 + ROUNDING_MS;
  if (scene.isExact && connection.isCalm && isOld) {
    scene.find(
      "S11",
      "its last statement is older than E / 2: the group has to ask",
      "send a `renew` before the `register`",
    );
  }
  connection.registered.set(component, electionOf(component, election));
  connection.settle("busy", electionOf(component, election));
  connection.asked = [...connection.asked, register];
  if (sentAt !== undefined) judgeStatement(scene, connection, { sentAt, ...(busy !== undefined && { busy }) }, null);
}

function judgeDeregister(scene: Scene, connection: Connection, deregister: Deregister): void {
  const { client, registered } = connection;
  const { component } = deregister;
  const election = registered.get(component);
  if (scene.isExact && client.works(component, scene.at) !== undefined) {
    scene.find("S2", `\`${component}\` has not stopped`, "`deregister` follows when it has, or its drain time is over");
  }
  if (client.work.get(component)?.state === "stopped") client.work.delete(component);
  connection.registered.delete(component);
  connection.asked = [...connection.asked, deregister];
  connection.leavings += 1;
  connection.left.set(component, connection.leavings);
  if (election === undefined) return;
  const others = connection.in(election);
  const own = client.held(scene.at).filter((term) => term.election === election);
  const isLeftToRun = others.some((one) => client.works(one, scene.at) !== undefined);
  if (scene.isExact && connection.isGreeting && own.length > 0 && isLeftToRun) {
    scene.find(
      "S15",
      "a component leaves before it is known whether its sibling was refused",
      "wait for the frame that follows the errors of the `hello`",
    );
  }
  if (others.length === 0) for (const term of own) client.report(term);
}

function judgeConfirm(scene: Scene, { client }: Connection, { component, leaderSessionId }: Confirm): void {
  const term = client.terms.get(leaderSessionId);
  if (term === undefined && client.session === "unknown") return;
  const work = client.work.get(component);
  const right = "confirm what the component leads by";
  if (term === undefined) return scene.find("K2", "it confirms a leadership that it was never granted", right);
  take(scene, term);
  if (term.reported) return scene.find("K2", `it confirms ${term.id}, which it has reported as over`, right);
  if (!scene.isExact) return;
  const isRevoked = term.ended !== null || (work !== undefined && work.state !== "leading");
  if (isRevoked) scene.find("K2", `it confirms ${term.id}, which is being revoked or over`, right);
}

// Ends

function judgeReport(scene: Scene, connection: Connection, report: Resign | Release): void {
  const { client } = connection;
  const { leaderSessionId: id, sentAt, busy, type } = report;
  const term = client.terms.get(id);
  if (term === undefined) {
    if (client.session !== "unknown")
      scene.find("S7", `\`${type}\` of a leadership that it was never granted`, "name what it was granted");
    return;
  }
  if (type === "release" && !term.taken && !term.reported && sentAt !== undefined) {
    scene.find(
      "S7",
      `${id} is given back by a statement, by which it can be granted again at once`,
      "give it back without `sentAt`",
    );
  }
  const working = scene.isExact ? client.workOf(id, scene.at) : [];
  if (working.length > 0) {
    scene.find(
      "S2",
      `${working.join(", ")} has not stopped`,
      `\`${type}\` follows when everything has, or its drain time is over`,
    );
  }
  client.report(term);
  if (sentAt !== undefined) {
    judgeStatement(scene, connection, { sentAt, ...(busy !== undefined && { busy }) }, null);
  }
}

function judgeBye(scene: Scene, connection: Connection): void {
  const { client } = connection;
  connection.hasLeft = true;
  const working = [...client.work.keys()].filter((component) => client.works(component, scene.at) !== undefined);
  if (scene.isExact && working.length > 0) {
    scene.find(
      "S8",
      `${working.join(", ")} has not stopped`,
      "`bye` follows when everything has, or its drain time is over",
    );
  }
  for (const term of client.terms.values()) client.report(term);
}
