/** What still differs from a healthy group: who leads, what applications have said, and what observers see. */
import type { Term } from "../../../client/session/state.ts";
import { type ElectionName, electionOf } from "../../../shared/protocol/names.ts";
import type { CallerTerm } from "../../support/caller-shell.ts";
import type { Caller } from "../world/caller.ts";
import type { Process } from "../world/process.ts";
import { COMPONENTS, type ComponentName } from "../world/setup.ts";
import type { World } from "../world/world.ts";

/** Components in m may be refused for their kind; see D2. */
const ALWAYS_ADMITTED = new Set(["x", "y", "z"]);
const isAlwaysAdmitted = ({ component }: { readonly component: string }): boolean => ALWAYS_ADMITTED.has(component);

/** In words; `null` when all is well. */
export function whatIsMissing(world: World): string | null {
  if (world.operator.restoring) return "a restore is under way";
  const { processes, callers } = world;
  const problems = [...processes.map(missingInProcess), ...callers.map(missingInCaller), whatIsUntold(world)];
  for (const election of ["process", electionOf("z", "dedicated")] as const)
    problems.push(missingInElection(world, election));
  return problems.find((problem) => problem !== null) ?? missingAtObservers(world);
}

function missingInProcess({ name, runs, state, link, contenders }: Process): string | null {
  const { type } = state.connection;
  const connected = type === "idle" || type === "closed" || link?.intact === true;
  if (runs && !connected) return `${name} has no working connection`;
  if (runs && type === "greeting") return `${name} is not welcomed`;
  return runs && contenders.some(isTrying) ? `${name} has no answer to a try` : null;
}

const missingInCaller = ({ name, isTrying: tries }: Caller): string | null =>
  tries ? `${name} has no answer to a try` : null;

function missingInElection(world: World, election: ElectionName): string | null {
  const running = world.processes.filter(({ runs }) => runs);
  const caller = leadingCaller(world, election);
  if (caller !== null) return missingWithCaller(world, election, caller);
  const leaders = running.filter((process) => termOf(process, election) !== undefined);
  const [leader] = leaders;
  const contended = running.some(({ contenders }) => contenders.some((contender) => contender.election === election));
  if (!contended && leader !== undefined) return `${leader.name} leads ${election} for nobody`;
  const called = world.callers.some(
    ({ contenders, waits }) =>
      waits &&
      contenders.some((info) => electionOf(info.component, info.election) === election && isAlwaysAdmitted(info)),
  );
  if (!called && !running.some((process) => wants(process, election))) return null;
  if (leader === undefined || leaders.length > 1) return `${leaders.length} leaders of ${election}`;
  const held = world.backend.current?.state.elections.get(election)?.state;
  const leaderSessionId = termOf(leader, election)?.leaderSessionId;
  if (held?.type !== "leading" || held.leaderSessionId !== leaderSessionId) {
    return `the group sees another leader of ${election}`;
  }
  return missingInTerm(world, leader, election, held.leaderSessionId);
}

/** What an application has said, and the group does not go by. */
function whatIsUntold({ backend, processes }: World): string | null {
  const { state } = backend.object();
  for (const { name, runs, priority, contenders, state: own } of processes) {
    const session = state.sessions.get(own.session?.sessionId ?? "");
    if (!runs || session === undefined || own.connection.type !== "open") continue;
    if (session.priority !== priority) return `${name} has another priority than it was given`;
    const wanted = new Set(contenders.filter(({ closed }) => !closed).map(({ info }) => info.component));
    const left = [...session.contenders.keys()].find((component) => !wanted.has(component as ComponentName));
    if (left !== undefined) return `${left} of ${name} is still counted`;
    const missing = contenders.find(
      ({ info, closed }) => !closed && isAlwaysAdmitted(info) && !session.contenders.has(info.component),
    );
    if (missing !== undefined) return `${missing.info.component} of ${name} is not counted`;
  }
  return null;
}

const leadingCaller = ({ callers }: World, election: ElectionName): CallerTerm | null =>
  callers.flatMap((caller) => caller.holding()).find((term) => term.election === election) ?? null;

function missingWithCaller({ backend }: World, election: ElectionName, { leaderSessionId }: CallerTerm): string | null {
  const state = backend.current?.state.elections.get(election)?.state;
  const led = state?.type === "leading" && state.leaderSessionId === leaderSessionId;
  return led ? null : `the group does not see that a caller leads ${election}`;
}

const isTrying = ({ tries, granted, closed }: Process["contenders"][number]): boolean =>
  tries && granted === null && !closed;

const termOf = ({ state }: Process, election: ElectionName): Term | undefined =>
  state.terms.find((term) => term.election === election && term.stage === "leading");

/** All ready components of the leader are granted, and those that confirm are published. */
function missingInTerm(world: World, leader: Process, election: ElectionName, leaderSessionId: string): string | null {
  for (const { info, closed, granted, setup, ...contender } of leader.contenders) {
    const { component } = info;
    if (contender.election !== election || closed || !isAlwaysAdmitted(info)) continue;
    if (granted?.leaderSessionId !== leaderSessionId) return `${component} of ${leader.name} is not granted`;
    const record = world.backend.current?.state.components.get(component)?.record?.leader;
    const published = setup.onGrant === "nothing" || record?.leaderSessionId === leaderSessionId;
    if (!published) return `${component} of ${leader.name} is not published`;
  }
  return null;
}

const wants = (process: Process, election: ElectionName): boolean =>
  process.contenders.some(
    (contender) => contender.election === election && contender.ready && isAlwaysAdmitted(contender.info),
  );

/** An observer sees what is published, and nothing else; so does whoever reads late. */
function missingAtObservers({ backend, processes }: World): string | null {
  const components = backend.current?.state.components;
  const published = (component: string): string => JSON.stringify(components?.get(component)?.record?.leader ?? null);
  for (const { name, runs, state, view, readers } of processes) {
    if (!runs || state.watched.length === 0) continue;
    if (state.connection.type !== "open") return `${name} watches and is not connected`;
    const isSeen = (component: ComponentName): boolean =>
      !(state.watched.includes(true) || state.watched.includes(component)) ||
      JSON.stringify(view.leaders.get(component) ?? null) === published(component);
    const unseen = COMPONENTS.find((component) => !isSeen(component));
    if (unseen !== undefined) return `${name} sees another leader of ${unseen}`;
    const unread = readers.map((reader) => reader.misses(published)).find((component) => component !== undefined);
    if (unread !== undefined) return `${name} reads of another leader of ${unread}`;
  }
  return null;
}
