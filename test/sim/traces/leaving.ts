/** What a process sends when it stops while frames wait, or while its connection is lost; and how it comes back in time. */
import type { Cores } from "../cores.ts";
import type { Process } from "../world/process.ts";
import type { ContenderSetup } from "../world/setup.ts";
import { contender, leads, ledBy, Stage } from "./stage.ts";

/** More frames than leave at once. */
const talk = (process: Process): void => {
  for (let priority = 1; priority <= 95; priority++) process.prioritize(priority % 2);
};

const cut = (stage: Stage, process: Process): void => {
  if (process.link !== null) stage.world.network.cut(process.link, { keepUp: 0, keepDown: 0, told: "client" });
};

/** Every connection is lost as soon as it is tried. */
const keepAway = (stage: Stage, process: Process, ms: number): void => {
  for (const end = stage.world.now + ms; stage.world.now < end; ) {
    cut(stage, process);
    stage.advance(10);
  }
};

export function resignWhileFramesWait(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  const b = stage.join("B");
  talk(a);
  a.resign("process");
  stage.until("B leads", () => leads(b), 200);
  stage.end();
}

export function shutdownWhileFramesWait(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  const b = stage.join("B");
  talk(a);
  a.shutdown();
  stage.until("B leads", () => leads(b), 200);
  stage.end();
}

/** Components of the leader leave and come back while their frames wait. The group has to count one of them at any time. */
function whileFramesWait(cores: Cores, components: readonly ContenderSetup[], play: (a: Process) => void): void {
  const stage = new Stage(cores);
  const a = stage.join("A", { contenders: components });
  const b = stage.join("B");
  const { epoch } = ledBy(a);
  talk(a);
  play(a);
  stage.advance(2_000);
  stage.expect("A leads on", !leads(b) && ledBy(a).epoch === epoch);
  stage.end();
}

export function leavingByTurns(cores: Cores): void {
  whileFramesWait(cores, [contender("x"), contender("y")], (a) => {
    for (let round = 0; round < 3; round++) for (const component of ["x", "y"]) a.rejoin(component);
  });
}

/** Nobody is left, and one that the group has never heard of has come and gone. It comes back. */
export function unheardAndBack(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A", { lingerMs: 60_000 });
  talk(a);
  a.contend(contender("y"));
  a.rejoin("x");
  for (const component of ["y", "x"]) a.close(component);
  stage.advance(5_000);
  a.contend(contender("y"));
  stage.until("A leads", () => leads(a), 5_000);
  stage.end();
}

/** For as long as the one is away, the group counts the other, which has come and is about to leave. */
export function leavingToWhoLeaves(cores: Cores): void {
  whileFramesWait(cores, [contender("x")], (a) => {
    a.contend(contender("y"));
    a.rejoin("x");
    a.close("y");
  });
}

export function closeWhileAway(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  const b = stage.join("B");
  cut(stage, a);
  stage.advance(50);
  a.close("x");
  keepAway(stage, a, 200);
  stage.until("B leads", () => leads(b), 1_200);
  stage.end();
}

export function longOutage(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  stage.join("B");
  const { epoch } = ledBy(a);
  for (let outage = 0; outage < 10; outage++) {
    keepAway(stage, a, 5_000);
    stage.until("A is back", () => a.state.connection.type === "open", 1_300);
    stage.expect("A leads as before", leads(a) && ledBy(a).epoch === epoch);
  }
  stage.end();
}

export function slowPath(cores: Cores): void {
  const stage = new Stage(cores);
  const { world } = stage;
  const o = stage.join("O", { contenders: [], watched: ["x"] });
  stage.join("A");
  Object.assign(world.network.path(o), { upMs: 1_600, downMs: 1_600 });
  cut(stage, o);
  stage.until("O is back", () => o.state.connection.type === "open", 10_000);
  stage.advance(60_000);
  stage.expect("O has stayed", o.state.connection.type === "open");
  stage.end();
}
