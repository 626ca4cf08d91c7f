/** S2, S10, S11, C1: stopping first, saying so afterwards. */

import { SLOW_DRAIN_MS } from "../../support/app-contender.ts";
import type { Cores } from "../cores.ts";
import { contender, leads, ledBy, POLICY, Stage } from "./stage.ts";

/** H19. A resign leaves only after everything has stopped. */
export function resignWhileDraining(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A", { contenders: [contender("x", { drain: "slow" })] });
  const b = stage.join("B");
  a.resign("process");
  stage.advance(SLOW_DRAIN_MS - 50);
  stage.expect("B waits", !leads(b));
  stage.until("B leads", () => leads(b), 200);
  stage.end();
}

/** X6. So does the last word of a process that closes. */
export function closeWhileDraining(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A", { contenders: [contender("x", { drain: "slow" })] });
  const b = stage.join("B");
  a.shutdown();
  stage.advance(SLOW_DRAIN_MS - 50);
  stage.expect("B waits", !leads(b));
  stage.until("B leads", () => leads(b), 200);
  stage.end();
}

/** X3. So does the last contender of an election. */
export function lastCloseWhileDraining(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A", { contenders: [contender("x", { drain: "slow" })] });
  const b = stage.join("B");
  a.close("x");
  stage.advance(SLOW_DRAIN_MS - 50);
  stage.expect("B waits", !leads(b));
  stage.until("B leads", () => leads(b), 200);
  stage.end();
}

/** H10. A revoked holder that can't be reached keeps its lease after the drain time. */
export function unreachableHolder(cores: Cores): void {
  const stage = new Stage(cores, { policy: { ...POLICY, drainMs: 1_000 } });
  const a = stage.join("A");
  const b = stage.join("B");
  stage.world.network.path(a).held.add("up").add("down");
  stage.world.operator.revoke("process", null);
  const tookMs = stage.until("B leads", () => leads(b), 11_000);
  stage.expect("not before the lease is over", tookMs > 7_000);
  stage.end();
}

/** The socket of a process opens when its drain time is over, and its timer has not fired yet. */
export function backAfterItsDrain(cores: Cores): void {
  const stage = new Stage(cores, { policy: { ...POLICY, drainMs: 1_000 } });
  const a = stage.join("A", { contenders: [contender("x", { drain: "hung" })] });
  const b = stage.join("B");
  stage.world.operator.revoke("process", null);
  stage.until("A stops", () => !leads(a), 100);
  const stoppedAt = stage.world.now;
  if (a.link !== null) stage.world.network.cut(a.link, { keepUp: 0, keepDown: 0, told: "both" });
  stage.until("A comes back", () => a.state.connection.type === "opening", 900);
  a.link?.up.postpone(stoppedAt + 1_050 - stage.world.now);
  a.timerLagMs = 200;
  stage.until("B leads", () => leads(b), 1_500);
  stage.end();
}

/** A callback that hangs is waited for no longer than the drain time, by either side. */
export function hungCallback(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A", { contenders: [contender("x", { drain: "hung" })] });
  const b = stage.join("B");
  a.resign("process");
  stage.until("B leads", () => leads(b), 4_200);
  stage.end();
}

/** A callback outlasts the drain time, and a sibling wins the next term: the component that hangs is not granted. */
export function hungSibling(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A", { contenders: [contender("x", { drain: "hung" })] });
  a.resign("process");
  stage.advance(5_000);
  a.contend(contender("y"));
  stage.until("A leads by y", () => leads(a), 300);
  stage.end();
}

/** H17. A process whose every component still drains is passed over, and reports when one is ready. */
export function readyWhenStopped(cores: Cores): void {
  const stage = new Stage(cores, { policy: { ...POLICY, drainMs: 500 } });
  const a = stage.join("A", { contenders: [contender("x", { drain: "hung" })] });
  const b = stage.join("B");
  a.resign("process");
  stage.until("B leads", () => leads(b), 1_000);
  b.close("x");
  stage.advance(1_000);
  stage.expect("A leads not yet", !leads(a));
  a.settleAll();
  stage.until("A leads", () => leads(a), 300);
  stage.end();
}

/** Nothing preempts an equal, or within the cool-down; a higher priority does afterwards. */
export function preemptionInTime(cores: Cores): void {
  const stage = new Stage(cores, { policy: { ...POLICY, preempt: { cooldownMs: 5_000 } } });
  const a = stage.join("A");
  const b = stage.join("B");
  stage.advance(6_000);
  stage.expect("equals wait", leads(a) && !leads(b));
  b.prioritize(1);
  stage.until("B leads", () => leads(b), 300);
  a.prioritize(2);
  stage.advance(4_500);
  stage.expect("the cool-down holds", leads(b));
  stage.until("A leads", () => leads(a), 1_000);
  stage.end();
}

/** The lead is taken from B for A, which is gone by then: not again a moment later, and a new object knows it too. */
export function preemptedForNobody(cores: Cores): void {
  const stage = new Stage(cores, { policy: { ...POLICY, preempt: { cooldownMs: 5_000 } } });
  const { network, backend } = stage.world;
  const b = stage.join("B", { contenders: [contender("x", { drain: "slow" })] });
  const a = stage.join("A", { priority: 1 });
  stage.until("B stops", () => !leads(b), 5_500);
  if (a.link !== null) network.cut(a.link, { keepUp: 0, keepDown: 0, told: "both" });
  stage.advance(20);
  network.path(a).held.add("up");
  stage.until("B leads again", () => leads(b), SLOW_DRAIN_MS + 100);
  network.path(a).held.clear();
  stage.advance(5_500);
  const since = ledBy(b).leaderSessionId;
  backend.crash(true);
  stage.advance(40_000);
  stage.expect("B leads on", leads(b) && ledBy(b).leaderSessionId === since);
  stage.until("A leads", () => leads(a), 30_000);
  stage.end();
}

/** The lead is taken from B for A, whose grant comes too late; until then the object sleeps. Not again a moment later. */
export function preemptedForLateGrant(cores: Cores): void {
  const stage = new Stage(cores, { policy: { ...POLICY, leaseMs: 2_000, preempt: { cooldownMs: 5_000 } } });
  const { network, backend } = stage.world;
  const b = stage.join("B");
  const a = stage.join("A", { priority: 1 });
  stage.until("B stops", () => !leads(b), 5_500);
  const { held } = network.path(a);
  held.add("down");
  stage.advance(50);
  stage.expect("it is A's", backend.object().state.terms.size === 1);
  backend.hibernate();
  stage.until("B leads again", () => leads(b), 2_200);
  held.clear();
  const since = ledBy(b).leaderSessionId;
  stage.advance(50_000);
  stage.expect("B leads on", leads(b) && ledBy(b).leaderSessionId === since);
  stage.until("A leads", () => leads(a), 20_000);
  stage.end();
}

/** A holder that receives no revoke is ordered twice to stop: it may renew for one drain time. */
export function revokedTwice(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  const b = stage.join("B");
  stage.world.network.path(a).held.add("down");
  stage.world.operator.revoke("process", null);
  stage.advance(3_900);
  stage.world.operator.revoke("process", null);
  stage.until("B leads", () => leads(b), 10_200);
  stage.end();
}
