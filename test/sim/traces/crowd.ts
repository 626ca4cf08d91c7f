/** N15: all sockets of a group end at once. The group takes so few sessions a second that four of them spread over 20 s. */
import type { Cores } from "../cores.ts";
import type { Process } from "../world/process.ts";
import { leads, ledBy, Stage } from "./stage.ts";

const RETURNS_PER_SECOND = 0.2;
const SPREAD_MS = 20_000;
/** The first back-off, and an exchange. */
const AT_ONCE_MS = 400;
/** Each time chance gives everybody another wait. */
const ROUNDS = 6;

interface Crowd {
  readonly stage: Stage;
  readonly a: Process;
  readonly b: Process;
}

/** A leads, B is next, then C and D; all know how large the group is. */
function crowd(cores: Cores): Crowd {
  const stage = new Stage(cores, { returnsPerSecond: RETURNS_PER_SECOND });
  const [a, b] = [stage.join("A"), stage.join("B")];
  stage.join("C");
  stage.join("D");
  allTold(stage);
  return { stage, a, b };
}

/** Whoever waits is told with its next sign of life. */
function allTold(stage: Stage): void {
  const isTold = ({ state }: Process): boolean => state.spreadMs === SPREAD_MS;
  stage.until("all know the spread", () => stage.world.processes.every(isTold), 70_000);
}

const isBack = ({ state }: Process): boolean => state.connection.type === "open";

/** The object is replaced, and every socket closes. */
function replaced({ stage }: Crowd): void {
  stage.world.backend.crash(true);
  stage.advance(20);
}

/** Returns how long it took. */
function allBack({ stage }: Crowd): number {
  return stage.until("all are back", () => stage.world.processes.every(isBack), SPREAD_MS + AT_ONCE_MS);
}

/** The leader comes back at once, and goes on. */
export function leaderFirst(cores: Cores): void {
  const all = crowd(cores);
  const { epoch } = ledBy(all.a);
  for (let round = 0; round < ROUNDS; round++) {
    replaced(all);
    all.stage.until("A is back", () => isBack(all.a), AT_ONCE_MS);
    allBack(all);
    all.stage.expect("A leads on", leads(all.a) && ledBy(all.a).epoch === epoch);
    all.stage.advance(5_000);
  }
  all.stage.end();
}

/** Whoever is next comes back at once, too: the leader dies with the object, and its lease is all that nobody leads for. */
export function nextIsEarly(cores: Cores): void {
  const all = crowd(cores);
  for (let round = 0; round < ROUNDS; round++) {
    replaced(all);
    all.stage.until("B is back", () => isBack(all.b), AT_ONCE_MS);
    allBack(all);
    all.stage.advance(5_000);
  }
  replaced(all);
  all.stage.world.kill(all.a, true);
  all.stage.until("B leads", () => leads(all.b), 10_000 + 10_100 + 1_000 + AT_ONCE_MS);
  all.stage.end();
}

/** Nobody loses its place by waiting for its time, be it longer than a lease. */
export function placesKept(cores: Cores): void {
  const all = crowd(cores);
  const order = (): string =>
    [...(all.stage.world.backend.object().state.elections.get("process")?.queue.sessionIds() ?? [])].join();
  const before = order();
  let longest = 0;
  for (let round = 0; round < ROUNDS; round++) {
    replaced(all);
    longest = Math.max(longest, allBack(all));
    all.stage.expect("all have their places", order() === before);
    all.stage.advance(5_000);
  }
  all.stage.expect("somebody has waited for longer than a lease", longest > 10_000);
  all.stage.end();
}
