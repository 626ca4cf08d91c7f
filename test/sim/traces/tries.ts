/** T1-T4: a try is decided by the turn that reads it, and nothing of it stays. C14: a process that stands by itself. */
import type { ElectionName } from "../../../shared/protocol/names.ts";
import type { Cores } from "../cores.ts";
import type { Process } from "../world/process.ts";
import { contender, leads, ledBy, POLICY, Stage } from "./stage.ts";

const Z: ElectionName = "component:z";
const ANSWER_MS = 500;

const isAnswered = (process: Process): boolean => process.contenders.length === 0;
const isWanted = ({ world }: Stage, election: ElectionName): boolean =>
  (world.backend.object().state.elections.get(election)?.places ?? 0) > 0;

const lose = (stage: Stage, process: Process): void => {
  if (process.link !== null) stage.world.network.cut(process.link, { keepUp: 0, keepDown: 0, told: "both" });
};

/** A leads, and B would come first: it is told that A leads, and A goes on. */
export function tryInVain(cores: Cores): void {
  const stage = new Stage(cores, { policy: { ...POLICY, preempt: { cooldownMs: 0 } } });
  const a = stage.join("A", { contenders: [contender("z")] });
  const b = stage.join("B", { contenders: [] });
  const { leaderSessionId } = ledBy(a, Z);
  b.try(contender("z", { priority: 2 }));
  stage.until("B has its answer", () => isAnswered(b), ANSWER_MS);
  stage.expect("A leads as before", ledBy(a, Z).leaderSessionId === leaderSessionId && leads(a, Z));
  a.close("z");
  stage.until("nobody wants it", () => !isWanted(stage, Z), ANSWER_MS);
  stage.end();
}

/** Nobody leads, and the group waits for the answer of B: C does not come first. */
export function tryBehind(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A", { contenders: [contender("z")] });
  const b = stage.join("B", { contenders: [contender("z")] });
  const c = stage.join("C", { contenders: [] });
  stage.world.network.path(b).held.add("up");
  stage.advance(2_600); // what it has stated is too old
  a.close("z");
  stage.advance(100);
  c.try(contender("z"));
  stage.until("C has its answer", () => isAnswered(c), ANSWER_MS);
  stage.world.network.path(b).held.clear();
  stage.until("B leads", () => leads(b, Z), 2 * ANSWER_MS);
  stage.end();
}

/** The try of B is lost on its way, and C leads meanwhile: B asks again, and does not wait. */
export function tryAgain(cores: Cores): void {
  const stage = new Stage(cores);
  const b = stage.join("B", { contenders: [contender("x")] });
  b.try(contender("z"));
  lose(stage, b);
  const c = stage.join("C", { contenders: [contender("z")] });
  stage.expect("C leads", leads(c, Z));
  stage.until("B has its answer", () => b.contenders.length === 1, 2_000);
  stage.expect("B leads as before", leads(b));
  stage.end();
}

/** The group grants the try of B, and the answer is lost: B leads by the answer to its next try. */
export function tryUnheard(cores: Cores): void {
  const stage = new Stage(cores);
  const b = stage.join("B", { contenders: [contender("x")] });
  stage.world.network.path(b).held.add("down");
  b.try(contender("z"));
  stage.advance(ANSWER_MS);
  lose(stage, b);
  stage.world.network.path(b).held.clear();
  stage.until("B leads", () => leads(b, Z), 2_000);
  stage.end();
}

/** The grant comes when B can't lead by it any longer: it leaves. */
export function tryLate(cores: Cores): void {
  const stage = new Stage(cores);
  const b = stage.join("B", { contenders: [], watched: ["z"] });
  stage.world.network.path(b).held.add("down");
  b.try(contender("z"));
  stage.advance(8_100);
  stage.world.network.path(b).held.clear();
  stage.until("B has its answer", () => isAnswered(b), ANSWER_MS);
  stage.expect("B leads nothing", !leads(b, Z));
  stage.until("nobody wants it", () => !isWanted(stage, Z), ANSWER_MS);
  stage.end();
}

/** B leads by its try until an operator takes the term back: then it has left. */
export function tryOnce(cores: Cores): void {
  const stage = new Stage(cores);
  const b = stage.join("B", { contenders: [], watched: ["z"] });
  b.try(contender("z", { drain: "slow" }));
  stage.until("B leads", () => leads(b, Z), ANSWER_MS);
  stage.world.operator.revoke(Z, null);
  stage.until("B has stopped, and left", () => isAnswered(b) && !isWanted(stage, Z), 3_000);
  stage.end();
}

/** A process that stands by itself keeps its term while components come and go, over a blip and a crash. */
export function standing(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A", { contenders: [] });
  a.stand();
  stage.until("A leads", () => leads(a), ANSWER_MS);
  const { leaderSessionId } = ledBy(a);
  const b = stage.join("B");
  a.contend(contender("x"));
  stage.advance(100);
  a.close("x");
  stage.advance(100);
  lose(stage, a);
  stage.advance(2_000);
  stage.world.backend.crash(true);
  stage.advance(4_000);
  a.rejoin("x");
  a.contend(contender("x"));
  stage.advance(100);
  a.close("x");
  stage.advance(4_000);
  stage.expect("A leads as before", leads(a) && ledBy(a).leaderSessionId === leaderSessionId && !leads(b));
  a.shutdown();
  stage.until("B leads", () => leads(b), 2 * ANSWER_MS);
  stage.end();
}

/** The last component that the group counts leaves while a try is yet to ask: the term goes with it, and the try is granted one. */
export function tryAfterTheLast(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  a.try(contender("y"));
  lose(stage, a);
  stage.until("A greets", () => a.state.connection.type === "greeting", 1_000);
  a.close("x");
  stage.until("A leads by y", () => leads(a) && a.contenders.some(({ granted }) => granted !== null), ANSWER_MS);
  stage.advance(1_000);
  stage.end();
}
