/** Contenders: which components of a session run in which election. */
import type { ContenderInfo, Refusal } from "../../shared/protocol/messages.ts";
import { type ElectionName, electionOf } from "../../shared/protocol/names.ts";
import { componentsIn, contendsIn, isHeldBy } from "./election.ts";
import { refuse } from "./refusal.ts";
import { IN_DEBT, isInDebt } from "./row-debt.ts";
import type { Session } from "./state.ts";
import { voidStatement } from "./statements.ts";
import { endTerm, keptConfirmations, sendJoined, withdrawRecord } from "./terms.ts";
import type { Turn } from "./turn.ts";

/**
 * Adds a contender. If the session has it already, `new` refuses it as a duplicate, and `known` updates its priority.
 * Returns why it was refused; then nothing has changed.
 */
export function addContender(turn: Turn, id: string, info: ContenderInfo, expected: "new" | "known"): Refusal | null {
  const { component, priority } = info;
  const session = turn.session(id);
  if (session === undefined) return null;
  const election = electionOf(component, info.election);
  const contender = { election, ...(priority !== undefined && election !== "process" && { priority }) };
  const contenders = session.contenders.set(component, contender);
  const present = session.contenders.get(component);
  if (present !== undefined) {
    if (expected === "new" || present.election !== election)
      return refuse("duplicate_component", `this session contends for ${component} already: close the first one`, {
        component,
      });
    if (present.priority !== contender.priority) turn.patchSession(id, { contenders }, [election]);
    return null;
  }
  const refusal = admission(turn, session, component, election);
  if (refusal !== null) return refusal;
  turn.createElection(election);
  const known = turn.component(component);
  turn.patchComponent(component, { election, contenders: known.contenders + 1 });
  const place = session.places.get(election);
  if (place === undefined) turn.patchElection(election, { places: (turn.election(election)?.places ?? 0) + 1 });
  const places = session.places.set(election, place ?? turn.newPlace());
  turn.patchSession(id, { contenders, places }, [election]);
  return null;
}

/** Whether the access of the session's present connection allows to contend for it. */
export function mayContend(turn: Turn, session: Session, component: string): boolean {
  const connection = turn.connectionOf(session);
  if (connection === undefined || connection.access.role === "observe") return false;
  return connection.access.components?.includes(component) ?? true;
}

function admission(turn: Turn, session: Session, component: string, election: ElectionName): Refusal | null {
  const { limits } = turn.state.policy;
  if (isInDebt(turn, turn.connectionOf(session)?.access)) return refuse("limit_exceeded", IN_DEBT, { component });
  if (!mayContend(turn, session, component)) {
    return refuse(
      "forbidden",
      `these credentials may not contend for ${component}: use a token with the role contend, for this component`,
      { component },
    );
  }
  if (component.length > limits.nameLength) {
    return refuse(
      "limit_exceeded",
      `a name has at most ${limits.nameLength} characters: shorten it, or raise limits.nameLength of the group`,
      { component },
    );
  }
  if (session.contenders.size >= limits.contenders) {
    return refuse(
      "limit_exceeded",
      `a session has at most ${limits.contenders} contenders: close one, or raise limits.contenders of the group`,
      { component },
    );
  }
  const present = turn.component(component).election;
  if (present !== null && present !== election) {
    return refuse("election_mismatch", `${component} runs in ${present}: use the same kind of election everywhere`, {
      component,
    });
  }
  if (turn.election(election) === undefined && turn.state.elections.size >= limits.elections) {
    return refuse(
      "limit_exceeded",
      `a group has at most ${limits.elections} elections: use another group, or raise limits.elections`,
      { component },
    );
  }
  return null;
}

/** Sends a newly registered component the leadership that its session has (C3, G4). */
export function joinPresent(turn: Turn, session: Session, component: string): void {
  const name = session.contenders.get(component)?.election;
  const election = name === undefined ? undefined : turn.election(name);
  if (isHeldBy(session.id, election) && election.state.type === "leading")
    sendJoined(turn, session, election, [component]);
}

/** Repeats after a resume, for every component, what the session leads: a `grant` may have been lost on the way. */
export function joinHeld(turn: Turn, session: Session): void {
  for (const election of turn.termsOf(session)) {
    const components = componentsIn(session, election.name);
    if (election.state.type === "leading" && components.length > 0) sendJoined(turn, session, election, components);
  }
}

/**
 * Removes a contender and what it has published. With the last one of an election the session loses its place there.
 * `last` decides about a leadership: `end` it at once (a client sends its last `deregister` after it has stopped), or
 * `keep` it, and the place with it, until the holder releases it or the lease ends. False for an unknown component.
 */
export function removeContender(turn: Turn, id: string, component: string, last: "end" | "keep"): boolean {
  const session = turn.session(id);
  const name = session?.contenders.get(component)?.election;
  if (session === undefined || name === undefined) return false;
  keepConfirmation(turn, session, name, component);
  const known = turn.component(component);
  const contenders = known.contenders - 1;
  turn.patchComponent(component, { contenders, election: contenders === 0 ? null : name });
  const rest = { ...session, contenders: session.contenders.delete(component) };
  turn.putSession(rest, [name]);
  if (contendsIn(rest, name)) return true;
  voidStatement(turn, id); // it was made while this contender stood (S7)
  const election = turn.election(name);
  const isHolder = isHeldBy(id, election);
  if (isHolder && last === "keep") return true;
  turn.removePlace(turn.session(id) ?? rest, name);
  if (isHolder) endTerm(turn, election, "closed");
  return true;
}

/** Removes the record of a component, and keeps for the history when it was confirmed. */
function keepConfirmation(turn: Turn, session: Session, name: ElectionName, component: string): void {
  const election = turn.election(name);
  if (!isHeldBy(session.id, election)) return;
  const confirmation = withdrawRecord(turn, component, election.state.leaderSessionId);
  if (confirmation === null) return;
  const others = election.state.confirmed.filter((earlier) => earlier.component !== component);
  turn.putState(name, { ...election.state, confirmed: keptConfirmations([...others, confirmation]) });
}
