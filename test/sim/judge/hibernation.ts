/** Hibernation is invisible: the group as it would be after leaving memory now equals the group as it is. */

import type { Incarnation } from "../../../testing/group/incarnation.ts";
import { canonicalText } from "../../../testing/group/storage.ts";
import type { Attachment } from "../../../worker/group/events.ts";
import { vanishedAfterMs } from "../../../worker/group/paths.ts";
import type { Election, GroupState } from "../../../worker/group/state.ts";
import { demand } from "../../support/violation.ts";
import type { JudgedWorld } from "./judged-world.ts";

export function judgeHibernation({ backend, cores }: JudgedWorld, current: Incarnation): void {
  if (current.busy || !current.settingsStored || !current.isSettled) return;
  if (current.state.polled.size > 0) return; // calls are remembered in memory alone: their sessions come back by the next
  if (![...current.state.elections.values()].every((election) => isExact(current.state, election))) return;
  const moment = { now: current.now(), nonce: "twin" };
  const awake = cores.group.transition(current.state, { ...moment, type: "tick" });
  if (awake.state !== current.state) return; // something is due just now
  if (isDemotionOpen(current.state)) return; // a load forgives it
  if (isSilenceOpen(current.state, moment.now)) return;
  const attachments = current.attachments();
  if (attachments.some((attachment) => hasVanished(current.state, attachment, moment.now))) return;
  const started = cores.group.transition(backend.load(), { ...moment, type: "start", attachments });
  const woken = cores.group.transition(started.state, { ...moment, type: "tick" });
  const asLoaded = lostAnew(awake.state, moment.now);
  const [expected, found] = [view(cores.group.save, asLoaded), view(cores.group.save, woken.state)];
  demand(expected === found, "N5", () => `hibernation shows: ${difference(expected, found)}`);
  judgeStatements(awake.state, woken.state);
}

/** A loss that was worth no row is found by the new incarnation, and counts from then on (S12). */
function lostAnew(state: GroupState, now: number): GroupState {
  let { sessions, lost } = state;
  for (const session of state.sessions.values()) {
    const { id: name, link } = session;
    if (link.type !== "lost" || link.unwritten === undefined) continue;
    sessions = sessions.set(name, { ...session, link: { type: "lost", at: now } });
    lost = lost.delete({ at: link.at, name }).set({ at: now, name }, name);
  }
  return { ...state, sessions, lost };
}

/** What was taken back does not come back (S7), and nobody is asked twice. A statement may come back as an older one. */
function judgeStatements(awake: GroupState, woken: GroupState): void {
  for (const { id, statement, asked } of awake.connections.values()) {
    const again = woken.connections.get(id);
    const revives = statement === null && again !== undefined && again.statement !== null;
    demand(!revives, "S7", () => `a statement of ${id} comes back by hibernation`);
    const isDueLater = asked !== null && asked.due > asked.at; // it may be asked at once, as by any turn
    const isKept = asked === null || again?.asked?.at === asked.at || (isDueLater && again?.asked !== undefined);
    demand(isKept, "N5", () => `${id} is asked once more by hibernation`);
  }
}

/**
 * Silence, and that somebody is overdue, is noticed in the next turn about the election. By a longer time-out that has
 * come since, it is no silence yet.
 */
const isSilenceOpen = ({ connections, sessions, policy }: GroupState, now: number): boolean =>
  [...connections.values()].some(({ asked, sessionId }) => {
    const session = sessions.get(sessionId ?? "");
    if (session === undefined) return false;
    if (asked !== null && asked.due > asked.at) return asked.due < now;
    return session.mute !== (asked !== null && asked.due + policy.askTimeoutMs <= now);
  });

/** A new incarnation closes it at once; the present one with the next sign of life (N16). */
function hasVanished({ policy }: GroupState, { connectedAt, heardAt = 0, answeredAt = 0 }: Attachment, now: number) {
  return Math.max(connectedAt, heardAt, answeredAt) + vanishedAfterMs(policy) <= now;
}

/** The first renewal of a term has not come, and somebody comes last until then. */
const isDemotionOpen = ({ elections, sessions }: GroupState): boolean =>
  [...elections.values()].some(
    ({ name, state, acceptedEpoch }) =>
      state.type !== "vacant" &&
      state.acceptedAt === null &&
      [...sessions.values()].some(({ places }) => places.get(name)?.demotedAt === acceptedEpoch),
  );

/** Everything but what a sleep may forget: frame rates, and the last place that was given out. */
function view(save: JudgedWorld["cores"]["group"]["save"], state: GroupState): string {
  const elections = [...state.elections.values()].map((election) => {
    const { name, queue, places, watchedComponents, deadline } = election;
    const waiting = [...queue.sessionIds()];
    return [name, waiting, places, watchedComponents, leaseOf(election), deadline];
  });
  const components = [...state.components.entries()].map(([name, { watchers, ...rest }]) => [
    name,
    rest,
    [...watchers.keys()],
  ]);
  const connections = [...state.connections.values()].map(({ id, helloUntil, sessionId }) => [
    id,
    helloUntil,
    sessionId,
  ]);
  const sessions = [...state.sessions.values()].map(
    ({ id, link, mute, busy }) => link.type === "lost" || [id, mute, busy],
  );
  const terms = [...state.terms.entries()];
  const lost = [...state.lost.entries()];
  return JSON.stringify([
    canonicalText(save(state)),
    elections,
    components,
    connections,
    sessions,
    terms,
    lost,
    [...state.silent.keys()],
    [...state.watchersOfAll.keys()],
  ]);
}

const leaseOf = ({ state }: Election): number | null => ("leaseUntil" in state ? state.leaseUntil : null);

/** A live socket carries the exact lease of its session. Without one it grows by a load, to the horizon and the margin. */
function isExact({ sessions }: GroupState, { state }: Election): boolean {
  return !("leaseUntil" in state) || sessions.get(state.sessionId)?.link.type === "connected";
}

/** The first place where two texts part. */
function difference(expected: string, found: string): string {
  let at = 0;
  while (expected[at] === found[at]) at++;
  const around = (text: string) => text.slice(Math.max(0, at - 80), at + 80);
  return `...${around(found)}... instead of ...${around(expected)}...`;
}
