/** S14-S16: where client and group disagree about who stands in an election, or about what still runs. */

import { SLOW_DRAIN_MS } from "../../support/app-contender.ts";
import type { Cores } from "../cores.ts";
import type { Process } from "../world/process.ts";
import { contender, leads, ledBy, POLICY, plain, Stage } from "./stage.ts";

const cut = (stage: Stage, process: Process): void => {
  if (process.link !== null) stage.world.network.cut(process.link, { keepUp: 0, keepDown: 0, told: "client" });
};

/** A leads and B waits; a revoke reaches A so late, and A drains slowly. */
function revokedLate(
  cores: Cores,
  lateMs: number,
): { readonly stage: Stage; readonly a: Process; readonly b: Process } {
  const stage = new Stage(cores, { policy: { ...POLICY, drainMs: SLOW_DRAIN_MS } });
  const a = stage.join("A", { contenders: [contender("x", { drain: "slow" })] });
  const b = stage.join("B");
  const { held } = stage.world.network.path(a);
  held.add("down");
  stage.world.operator.revoke("process", null);
  stage.advance(lateMs);
  held.clear();
  stage.until("A stops", () => !leads(a), 100);
  return { stage, a, b };
}

/** V1. A revoke comes late; its holder still stops when the group's drain time is over, and its connection breaks. */
export function resumeWhileDraining(cores: Cores): void {
  const { stage, a, b } = revokedLate(cores, 1_300);
  stage.advance(1_100); // its next renewal is refused
  cut(stage, a);
  stage.advance(300);
  stage.expect("B waits", !leads(b));
  stage.until("B leads", () => leads(b), 500);
  stage.end();
}

/** The same while the group's drain time still runs: what is left of it is not what A was given. */
export function resumeBeforeDrainEnds(cores: Cores): void {
  const { stage, a, b } = revokedLate(cores, 900);
  cut(stage, a);
  stage.advance(SLOW_DRAIN_MS - 100);
  stage.expect("B waits", !leads(b));
  stage.until("B leads", () => leads(b), 500);
  stage.end();
}

/** B1. A component that the group has refused is no sibling: what its process closes last is the last one. */
export function refusedSibling(cores: Cores): void {
  const stage = new Stage(cores);
  stage.join("A", { contenders: [contender("m", { dedicated: true })] });
  const c = stage.join("C", { contenders: [contender("x", { drain: "slow" }), contender("m")] });
  const b = stage.join("B");
  stage.expect("C leads", leads(c));
  c.rejoin("x");
  cut(stage, c);
  stage.advance(SLOW_DRAIN_MS - 100);
  stage.world.network.path(c).held.add("down"); // the new x is named only by what the group has sent before
  stage.until("B leads", () => leads(b), 500);
  stage.expect("C does not", !leads(c));
  stage.end();
}

/** B2. A term is left as soon as it has begun, and widened by a grant that crosses the leaving. */
export function endedAndWidened(cores: Cores): void {
  const stage = new Stage(cores);
  const b = stage.join("B");
  const a = stage.join("A", { lingerMs: 3_000 });
  const c = stage.join("C");
  stage.world.network.path(a).upMs = 100;
  cut(stage, a);
  stage.until("A is away", () => a.state.connection.type !== "open", 100);
  stage.until("A is back", () => a.state.connection.type === "open", 1_000);
  a.contend(contender("y"));
  b.resign("process");
  stage.until("A leads", () => leads(a), 90);
  a.close("x");
  a.rejoin("y");
  stage.advance(105); // the group has read everything, and its answers arrive
  const until = stage.world.now + 250;
  while (stage.world.now < until) stage.advance(1);
  stage.expect("A or C leads", leads(a) !== leads(c));
  stage.end();
}

/** A component comes back while the refusal of its sibling, and an older grant of its own, are under way. */
export function grantOfBefore(cores: Cores): void {
  const stage = new Stage(cores);
  stage.join("A", { contenders: [contender("m", { dedicated: true })] });
  const c = stage.join("C", { contenders: [contender("x")] });
  const b = stage.join("B");
  stage.world.network.path(c).downMs = 200;
  cut(stage, c);
  stage.until("C says hello again", () => c.state.connection.type === "greeting", 1_000);
  c.contend(contender("m"));
  c.rejoin("x");
  stage.until("B leads, or C goes on", () => leads(b) !== leads(c), 1_000);
  stage.advance(2_000);
  stage.end();
}

/** A new token allows one of two components. The other one still leads when the first one leaves. */
export function forbiddenSibling(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A", { contenders: [contender("x"), contender("y", { drain: "slow" })] });
  const b = stage.join("B");
  const path = stage.world.network.path(a);
  path.allowed = ["x"];
  path.downMs = 500;
  cut(stage, a);
  stage.until("A says hello again", () => a.state.connection.type === "greeting", 1_000);
  a.close("x");
  stage.advance(400);
  stage.expect("B waits for y", leads(a) && !leads(b));
  stage.until("A stops", () => !leads(a), 1_000);
  stage.advance(SLOW_DRAIN_MS - 100);
  stage.expect("B waits while y stops", !leads(b));
  stage.until("B leads", () => leads(b), 500);
  stage.end();
}

/** A policy with a shorter drain time arrives while one is under way. */
export function shorterDrain(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A", { contenders: [contender("x", { drain: "slow" })] });
  const b = stage.join("B");
  a.close("x");
  stage.world.operator.deploy({ ...POLICY, drainMs: 0 });
  stage.world.backend.crash(true);
  stage.advance(SLOW_DRAIN_MS - 100);
  stage.expect("B waits", !leads(b));
  stage.until("B leads", () => leads(b), 1_500);
  stage.end();
}

/** A component still stops when its leadership is lost, under a policy that has a shorter drain time since. */
export function shorterDrainOfAnother(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A", { contenders: [contender("x"), contender("y", { drain: "slow" })] });
  const b = stage.join("B");
  a.close("y");
  stage.world.operator.deploy({ ...POLICY, drainMs: 0 });
  stage.world.backend.crash(true);
  stage.world.operator.revoke("process", null);
  stage.until("A has lost it", () => !leads(a), 1_000);
  stage.advance(500);
  stage.expect("B waits for y", !leads(b));
  stage.until("B leads", () => leads(b), 1_500);
  stage.end();
}

/** B is next once D has left, on a path as slow as a leader can bear: C does not get its turn. */
export function slowNext(cores: Cores): void {
  const stage = new Stage(cores);
  const { answerTimeoutMs } = cores.group.createPolicy(POLICY);
  const a = stage.join("A");
  const b = stage.join("B");
  const d = stage.join("D", { priority: 1 }); // while it is next, nobody asks B
  Object.assign(stage.world.network.path(b), { upMs: answerTimeoutMs / 2, downMs: answerTimeoutMs / 2 - 1 });
  cut(stage, b);
  stage.advance(8_000);
  const c = stage.join("C");
  stage.advance(10_000);
  d.close("x");
  a.resign("process");
  stage.until("B leads", () => leads(b) || leads(c), 6_000);
  stage.expect("it is B", leads(b));
  stage.end();
}

/** B3. Every path is as slow as a leader can bear: the exchange takes just less than the answer time-out. */
export function slowPaths(cores: Cores): void {
  for (const leaseMs of [2_000, 10_000]) {
    const stage = new Stage(cores, { policy: { ...POLICY, leaseMs } });
    const { answerTimeoutMs } = cores.group.createPolicy({ leaseMs });
    const [a, b] = ["A", "B"].map((name) => {
      const process = stage.world.spawn(name, plain);
      Object.assign(stage.world.network.path(process), { upMs: answerTimeoutMs / 2, downMs: answerTimeoutMs / 2 - 1 });
      cut(stage, process);
      return process;
    });
    if (a === undefined || b === undefined) throw new Error("two processes");
    stage.until("one leads", () => leads(a) || leads(b), 30_000);
    const leader = leads(a) ? a : b;
    const { epoch } = ledBy(leader);
    stage.advance(20_000);
    stage.expect("it leads on", leads(leader) && ledBy(leader).epoch === epoch);
    leader.resign("process");
    stage.until("the other one leads", () => leads(leader === a ? b : a), 30_000);
    stage.end();
  }
}
