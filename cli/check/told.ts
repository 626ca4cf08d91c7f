/** What the application of a client is told, and does. */
import { unreachable } from "../../shared/unreachable.ts";
import { type Client, ROUNDING_MS } from "./knowledge.ts";
import { oweRelease, stopsBy } from "./read.ts";
import type { Scene } from "./scene.ts";
import { take } from "./statements.ts";
import type { Told } from "./trace.ts";
import { violation } from "./violations.ts";

/** How long a client that is not overloaded may take for what it is to do at once. */
const AT_ONCE_MS = 1_000;

export function judgeTold(scene: Scene, client: Client, told: Told): void {
  const { what, component = "", leaderSessionId = "" } = told;
  switch (what) {
    case "leading":
      return leading(scene, client, component, leaderSessionId);
    case "revoked":
      return revoked(scene, client, told);
    case "stopped":
      return stopped(scene, client, component);
    case "frozen":
      return frozen(scene, client);
    case "woken":
      client.isFrozen = false;
      client.last = null;
      return;
    case "left":
      return left(scene, client);
    case "unready": {
      const election = client.electionOf(component);
      if (told.forMs === undefined) client.unready.add(component);
      else if (election !== undefined) client.outUntil.set(election, scene.at + told.forMs);
      if (election !== undefined) client.connection?.settle("readiness", election);
      return;
    }
    case "ready":
      client.unready.delete(component);
      return oweReadiness(scene, client, component);
    default:
      return unreachable(what);
  }
}

function leading(scene: Scene, client: Client, component: string, id: string): void {
  judgeAlternation(scene, client, component, id);
  client.work.set(component, { leaderSessionId: id, state: "leading", stopsBy: Infinity, stopsByAtMost: Infinity });
  const term = client.terms.get(id);
  if (term === undefined) {
    if (client.session !== "unknown")
      scene.find("S1", `\`${component}\` leads by ${id}, which was never granted`, "lead by a `grant` alone");
    return;
  }
  take(scene, term);
  client.connection?.settle("taking", id);
  const lateMs = scene.at - term.until;
  if (term.reported)
    scene.find("S7", `\`${component}\` leads by ${id}, which was reported as over`, "an ended leadership stays ended");
  else if (scene.isExact && term.ended !== null)
    scene.find(term.ended.rule, `\`${component}\` leads: ${term.ended.problem}`, term.ended.right);
  else if (lateMs > ROUNDING_MS) {
    scene.find(
      "S1",
      `\`${component}\` leads ${Math.round(lateMs)} ms after its lease`,
      "until R after the statement was sent that was granted by or answered last",
    );
  }
}

/** C1: a grant, a revoke that has settled, the next grant. */
function judgeAlternation(scene: Scene, client: Client, component: string, id: string): void {
  const work = client.work.get(component);
  if (work === undefined || (work.state === "leading" && work.leaderSessionId === id)) return;
  if (work.state === "leading")
    scene.find("C1", `\`${component}\` is granted ${id} within ${work.leaderSessionId}`, "revoke the one before first");
  else if (work.state === "stopping")
    scene.find("C1", `\`${component}\` is granted ${id} while it still stops`, "wait until it has stopped");
}

function revoked(
  scene: Scene,
  client: Client,
  { component = "", leaderSessionId = "", drainMs = Infinity }: Told,
): void {
  const work = client.work.get(component);
  const isOwn = work?.state === "leading" && work.leaderSessionId === leaderSessionId;
  if (!isOwn) scene.find("C1", `\`${component}\` is revoked without a grant`, "grants and revokes alternate");
  const by = (mostMs: number): number => (client.isFrozen ? scene.at : scene.at + Math.min(drainMs, mostMs));
  client.work.set(component, {
    leaderSessionId,
    state: "stopping",
    stopsBy: by(client.atLeast.drainMs),
    stopsByAtMost: by(client.atMost.drainMs),
  });
  const { connection } = client;
  const term = client.terms.get(leaderSessionId);
  if (term !== undefined) term.stopsBy = Math.max(term.stopsBy, by(client.atMost.drainMs));
  // Where frames wait, one of them may be the `register` of another component.
  if (term !== undefined && connection?.isCalm && connection.onlyDrains(term))
    oweRelease(connection, term, stopsBy(client.worksBy(leaderSessionId)));
}

function stopped(scene: Scene, client: Client, component: string): void {
  const work = client.work.get(component);
  if (work !== undefined) client.work.set(component, { ...work, state: "stopped" });
  oweReadiness(scene, client, component);
}

function oweReadiness(scene: Scene, { connection }: Client, component: string): void {
  const election = connection?.registered.get(component);
  if (connection === null || election === undefined || !connection.busy.includes(election)) return;
  if (!connection.couldStart(election, scene.at)) return;
  const unsaid = violation(
    "S11",
    `\`${component}\` can start again in ${election}, and the group still takes it for busy`,
    "send a `renew` as soon as something can start",
  );
  connection.owe({ what: "readiness", about: election, by: scene.at + AT_ONCE_MS, violation: unsaid });
}

/** Nothing runs from here on: what has not stopped is as good as stopped. */
function frozen({ at }: Scene, client: Client): void {
  client.isFrozen = true;
  for (const [component, work] of client.work)
    if (work.state === "stopping") client.work.set(component, { ...work, stopsBy: at, stopsByAtMost: at });
}

/** S8: a client that closes in order sends `bye` first. */
function left(scene: Scene, client: Client): void {
  const { last } = client;
  if (!scene.isExact || last === null || !last.gone || last.at < scene.at) return;
  const { connection } = last;
  const { hasLeft, frames, askedAt, isGivenUp } = connection;
  if (isGivenUp || scene.at >= connection.givesUpAt(askedAt) - ROUNDING_MS) return; // the path was dead, or slow
  if (frames > 0 && !hasLeft)
    scene.find("S8", "the client has left without `bye`", "send `bye` when everything has stopped");
}
