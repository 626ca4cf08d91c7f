/** Statements: what a client says of itself, which leaderships it names, and when the next one is due. */
import type { Statement } from "../../shared/protocol/messages.ts";
import { type Connection, ROUNDING_MS, type Term } from "./knowledge.ts";
import type { Scene } from "./scene.ts";
import { violation } from "./violations.ts";

/** `named`: by the same frame, where it names any. */
export function judgeStatement(
  scene: Scene,
  connection: Connection,
  { sentAt, busy = [] }: Statement,
  named: readonly Term[] | null,
): void {
  const { client } = connection;
  const held = named ?? client.held(scene.at);
  if (sentAt <= client.sentAt) {
    scene.find(
      "S7",
      `\`sentAt\` ${sentAt} follows ${client.sentAt}`,
      "it strictly increases over the client's life, across sockets",
    );
  }
  client.sentAt = Math.max(client.sentAt, sentAt);
  connection.statements.set(sentAt, { at: scene.at, leavings: connection.leavings });
  connection.statedAt = scene.at;
  connection.busy = busy;
  for (const { election } of named ?? []) {
    if (busy.includes(election))
      scene.find("S11", `it is busy in ${election}, which it holds`, "name only elections that it does not hold");
  }
  for (const election of new Set(connection.registered.values())) {
    if (!busy.includes(election)) connection.settle("readiness", election);
    if (busy.includes(election)) connection.settle("busy", election);
    else if (scene.isExact) judgeBusy(scene, connection, election, held);
  }
}

/** S11: nothing could start there, as far as the application has said, unless somebody joins in the same step. */
function judgeBusy(scene: Scene, connection: Connection, election: Term["election"], held: readonly Term[]): void {
  const components = connection.in(election);
  const isStopping = (component: string) => connection.client.work.get(component)?.state === "stopping";
  const isHeld = held.some((term) => term.election === election);
  if (isHeld || !components.every(isStopping)) return;
  const unsaid = violation(
    "S11",
    `everything in ${election} still stopped at a statement that did not say so`,
    `name ${election} in \`busy\``,
  );
  connection.owe({ what: "busy", about: election, by: scene.at, violation: unsaid });
}

/** What a `renew` or `hello` may name, and has to. */
export function judgeHeld(scene: Scene, connection: Connection, held: readonly string[]): readonly Term[] {
  const { client } = connection;
  const terms = held.flatMap((id) => client.terms.get(id) ?? []);
  if (terms.length < held.length && client.session !== "unknown") {
    scene.find("S9", "it names a leadership that it was never granted", "name exactly what it holds");
  }
  for (const term of terms) judgeNamed(scene, term);
  if (!scene.isExact) return terms;
  for (const component of client.work.keys()) {
    const work = client.works(component, scene.at);
    if (work === undefined || held.includes(work.leaderSessionId)) continue;
    const does = work.state === "leading" ? "leads" : "still stops";
    scene.find(
      "S14",
      `\`${component}\` ${does} by ${work.leaderSessionId}, which is not named`,
      "name it until it has stopped or its lease is over",
    );
  }
  return terms;
}

function judgeNamed(scene: Scene, term: Term): void {
  take(scene, term);
  // Its lease runs, so the client has counted what it could have ignored.
  if (term.untilAtLeast <= scene.at) term.untilAtLeast = term.until;
  if (term.reported) {
    scene.find("S7", `it names ${term.id}, which it has reported as over`, "an ended leadership stays ended");
  } else if (scene.isExact && term.until <= scene.at) {
    scene.find(
      "S6",
      `it names ${term.id}, whose lease was over ${Math.round(scene.at - term.until)} ms ago`,
      "look at deadlines before each frame, and do not name what is over",
    );
  } else if (scene.isExact && term.drainUntil + ROUNDING_MS < scene.at) {
    scene.find("S10", `it renews ${term.id} after its drain time`, "send `release` at the latest after `drainMs`");
  }
}

/** It leads by it. */
export function take(scene: Scene, term: Term): void {
  if (!term.taken && term.forbidden !== null)
    scene.find(term.forbidden.rule, term.forbidden.problem, term.forbidden.right);
  term.taken = true;
}

/** The next ones are due later. */
export function oweRenewal(scene: Scene, connection: Connection, held: readonly string[]): void {
  const { welcome } = connection;
  for (const id of held) connection.settle("taking", id);
  connection.settle("renewal");
  if (welcome === null) return;
  const signBy = scene.at + 1.25 * welcome.checkEveryMs;
  connection.owe({ what: "sign", about: "", by: signBy, violation: PINGS_ONLY });
  if (held.length === 0) return;
  const by = scene.at + 1.5 * welcome.lease.renewEveryMs;
  connection.owe({ what: "renewal", about: "", by, violation: NO_RENEWAL });
}

const PINGS_ONLY = {
  rule: "S4",
  problem: "it pings, and has sent no `renew` for longer than `checkEveryMs`",
  right: "send an empty `renew` about every `checkEveryMs`",
};
const NO_RENEWAL = {
  rule: "S1",
  problem: "it holds a lease, and has sent other things than the `renew` that was due",
  right: "renew every `renewEveryMs`, before everything else",
};
