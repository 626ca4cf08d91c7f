/** S1-S6: who counts how long. */
import { lineOf } from "../../../client/session/state.ts";
import type { Cores } from "../cores.ts";
import { CHECK_EVERY_MS } from "../world/backend.ts";
import { leads, ledBy, POLICY, Stage } from "./stage.ts";

/** H11. The object moves to a host whose clock is a second ahead, and its leader's clock is as slow as is promised. */
export function slowLeaderFastHost(cores: Cores): void {
  const stage = new Stage(cores, { skewMs: -500 });
  const { world } = stage;
  const a = stage.join("A", { rate: 0.800_001 });
  stage.join("B");
  stage.advance(9_700);
  stage.expect("A leads", leads(a));
  world.network.path(a).held.add("up").add("down");
  world.backend.nextSkewMs = 500;
  world.backend.crash(true);
  stage.advance(14_000);
  stage.end();
}

/** Somebody inquires while a renewal is under way: its answer does not count, and the next renewal leaves right after it. */
export function inquiry(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  stage.until("A renews", () => (lineOf(a.state)?.requests ?? []).length > 0, 4_000);
  const { sentAt } = a.state;
  a.inquire();
  stage.until("a later question is answered", () => (a.inquired.at(-1) ?? 0) > sentAt, 60);
  stage.advance(100);
  stage.expect("nobody waits, and nothing more is asked", a.state.inquiredAt === null && a.inquired.length <= 2);
  stage.end();
}

/** The path of a leader carries nothing, and its clock is as slow as is promised. */
export function slowLeader(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A", { rate: 0.800_001 });
  const b = stage.join("B");
  stage.world.network.path(a).held.add("up").add("down");
  stage.until("B leads", () => leads(b), 10_200);
  stage.end();
}

/** S8. A page that is frozen has stopped before, and says so. */
export function frozenPage(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  const b = stage.join("B");
  a.freeze();
  stage.until("B leads", () => leads(b), 50);
  stage.end();
}

/** H16. The answer comes late, on a path that carries nothing up; timers are late as well. */
export function lateAnswer(cores: Cores): void {
  const stage = new Stage(cores);
  const { world } = stage;
  const a = stage.join("A");
  const b = stage.join("B");
  stage.until("A renews", () => (lineOf(a.state)?.requests ?? []).length > 0, 4_000);
  stage.advance(15);
  world.network.path(a).held.add("up").add("down");
  a.timerLagMs = 60_000;
  stage.advance(6_500);
  world.network.path(a).held.delete("down");
  stage.until("B leads", () => leads(b), 4_000);
  stage.end();
}

/** A renewal waits in a queue for longer than its answer may take, and so does all that another connection says. */
export function queuedRenewal(cores: Cores): void {
  const stage = new Stage(cores);
  const { network } = stage.world;
  const a = stage.join("A");
  const b = stage.join("B");
  const { epoch } = ledBy(a);
  stage.until("A renews", () => (lineOf(a.state)?.requests ?? []).length > 0, 4_000);
  a.link?.up.postpone(4_900);
  network.path(a).upMs = 2_000;
  stage.advance(9_000);
  stage.expect("A leads on", leads(a) && !leads(b) && ledBy(a).epoch === epoch);
  stage.expect("it has come back", lineOf(a.state) !== null && a.state.overtaken.length === 0);
  stage.end();
}

/** An answer waits for longer than it may take, and then nothing arrives any more. */
export function queuedAnswer(cores: Cores): void {
  const stage = new Stage(cores);
  const { network } = stage.world;
  const a = stage.join("A");
  const b = stage.join("B");
  stage.until("A renews", () => (lineOf(a.state)?.requests ?? []).length > 0, 4_000);
  stage.advance(12);
  a.link?.down.postpone(4_900);
  network.path(a).held.add("up");
  stage.advance(5_600);
  stage.expect("A leads by the late answer", leads(a));
  stage.until("B leads", () => leads(b), 6_000);
  stage.end();
}

/** The wall clock is set back while the leader is cut off: the monotonic clock still counts. */
export function wallClockSetBack(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  const b = stage.join("B");
  stage.advance(1_000);
  stage.world.network.path(a).held.add("up").add("down");
  a.clock.set(-9_000);
  stage.until("B leads", () => leads(b), 13_000);
  stage.end();
}

/** The machine of the leader sleeps for longer than the lease; its monotonic clock stands still meanwhile. */
export function sleepingLeader(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A", { stopsAsleep: true });
  const b = stage.join("B");
  a.sleep(stage.world.now + 20_000);
  stage.until("B leads", () => leads(b), 13_000);
  stage.advance(10_000);
  stage.end();
}

/** The wall clock of the leader is set back, and then its machine sleeps: the wall clock alone shows the sleep. */
export function sleepAfterSetBack(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A", { stopsAsleep: true });
  const b = stage.join("B");
  stage.advance(1_000);
  a.clock.set(-60_000);
  stage.advance(3_000);
  a.sleep(stage.world.now + 20_000);
  stage.until("B leads", () => leads(b), 13_000);
  stage.advance(10_000);
  stage.end();
}

/** H15. A candidate on a replaced object that still answers its pings finds out by its sign of life. */
export function followerOfStaleObject(cores: Cores): void {
  const stage = new Stage(cores);
  const { world } = stage;
  const b = stage.join("B");
  const a = stage.join("A");
  world.backend.replace();
  if (b.link !== null) world.network.cut(b.link, { keepUp: 0, keepDown: 0, told: "client" });
  b.close("x");
  stage.until("A leads", () => leads(a), CHECK_EVERY_MS * 2 + 25_000);
  stage.end();
}

/** An observer of a replaced object that still answers its pings sees a picture that no longer changes, and finds out. */
export function observerOfStaleObject(cores: Cores): void {
  const stage = new Stage(cores);
  const { world } = stage;
  const a = stage.join("A");
  const observer = stage.join("O", { contenders: [], watched: ["x"] });
  stage.until("A is seen", () => observer.view.leaders.has("x"), 1_000);
  world.backend.replace();
  if (a.link !== null) world.network.cut(a.link, { keepUp: 0, keepDown: 0, told: "client" });
  a.close("x");
  stage.until("nobody is seen", () => !observer.view.leaders.has("x"), CHECK_EVERY_MS * 2 + 25_000);
  stage.end();
}

/** H7. A candidate that receives everything and sends nothing costs one time-out, and is not asked again. */
export function muteCandidate(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  const b = stage.join("B");
  const c = stage.join("C");
  b.sleep(Infinity);
  stage.advance(2_400); // what B has stated is no longer fresh
  a.resign("process", b.state.session?.sessionId);
  const { askTimeoutMs } = stage.world.backend.object().state.policy;
  stage.until("C leads", () => leads(c), askTimeoutMs + 200);
  a.close("x");
  c.close("x");
  stage.advance(20_000);
  stage.expect("B was asked once", stage.world.judge.group.asked.get(b.link?.connection ?? "") === 1);
  stage.end();
}

/** A candidate was found silent, and the object leaves memory: nothing is written about it once more. */
export function muteThroughHibernation(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  const b = stage.join("B");
  b.sleep(stage.world.now + 20_000);
  stage.advance(2_700); // what it has stated is no longer fresh
  a.close("x");
  const { askTimeoutMs } = stage.world.backend.object().state.policy;
  stage.advance(askTimeoutMs + 2_500);
  const missed = (): unknown =>
    [...stage.world.backend.load().sessions.values()].flatMap(({ places }) => [...places.values()]);
  const before = JSON.stringify(missed());
  stage.world.backend.hibernate();
  stage.join("O", { contenders: [], watched: ["x"] });
  stage.expect("B has missed one turn", JSON.stringify(missed()) === before);
  stage.until("B leads", () => leads(b), 30_000);
  stage.end();
}

/** H14. The object dies with its sockets, and one process with it, whose end nobody reports to the group. */
export function deathUnheard(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  const b = stage.join("B");
  stage.join("C").close("x");
  stage.world.backend.crash(true);
  stage.world.kill(a, false);
  stage.until("B leads", () => leads(b), 22_000);
  stage.advance(12_000);
  stage.expect("A is forgotten", stage.world.backend.object().state.sessions.size <= 2);
  stage.end();
}

/** S3. The stale incarnation promises a leader that its lease goes on; the new one waits for as long. */
export function leaderOfStaleObject(cores: Cores): void {
  const stage = new Stage(cores);
  const { world } = stage;
  const a = stage.join("A");
  const b = stage.join("B");
  world.backend.replace();
  if (b.link !== null) world.network.cut(b.link, { keepUp: 0, keepDown: 0, told: "client" });
  stage.advance(60_000);
  stage.expect("somebody leads", leads(a) || leads(b));
  stage.end();
}

/** A renewal reaches a group in which nobody waits, and nothing was looked at since its lease was over. */
export function lateRenewal(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  stage.advance(4_800);
  stage.world.network.path(a).held.add("up");
  stage.advance(9_000);
  stage.world.network.path(a).held.clear();
  stage.advance(200);
  stage.end();
}

/** The deployment shortens the lease while somebody leads by the longer one. */
export function shorterPolicy(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  stage.world.operator.deploy({ ...POLICY, leaseMs: 2_000 });
  stage.join("B");
  stage.advance(6_000);
  stage.expect("A leads on", leads(a));
  stage.end();
}

/** While a group is paused nothing is granted, and who leads goes on. */
export function pausedGroup(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  const b = stage.join("B");
  stage.world.operator.pause(true);
  stage.advance(12_000);
  stage.expect("A leads on", leads(a));
  a.resign("process");
  stage.advance(5_000);
  stage.expect("nobody leads", !leads(a) && !leads(b));
  stage.world.operator.pause(false);
  stage.until("B leads", () => leads(b), 200);
  stage.end();
}

const QUARTER_HOUR_MS = 900_000;

/** The host that takes over is far behind: the leader is gone, and an operator waits neither that long nor too little. */
export function revokedOnHostBehind(cores: Cores): void {
  const stage = new Stage(cores);
  const { world } = stage;
  const a = stage.join("A");
  const b = stage.join("B");
  world.network.path(a).held.add("up").add("down");
  world.backend.nextSkewMs = -QUARTER_HOUR_MS;
  world.backend.crash(true);
  stage.advance(5_000);
  world.operator.revoke("process", null);
  stage.until("B leads", () => leads(b), 21_500);
  stage.end();
}

/**
 * The clock of all hosts is set back while a leader, whose clock is slow, still reaches an object that was replaced: an
 * operator's order at the present one counts on no less than what the other may promise.
 */
export function setBackBesideStaleObject(cores: Cores, backMs: number): void {
  const stage = new Stage(cores);
  const { backend, operator } = stage.world;
  const a = stage.join("A", { rate: 0.8 });
  backend.replace();
  const b = stage.join("B"); // where nobody waits, no alarm shows a replaced object that it can't write
  backend.nextSkewMs = -backMs;
  for (const incarnation of [backend.object(), ...backend.stale]) incarnation.skewMs = -backMs;
  operator.revoke("process", null);
  stage.advance(60_000);
  stage.expect("somebody leads", leads(a) || leads(b));
  stage.end();
}

/** The lease grows after the clock was set back: an operator's order cuts what was promised by then as little as before. */
export function longerLeaseAfterSetBack(cores: Cores): void {
  const stage = new Stage(cores);
  const { backend, network, operator } = stage.world;
  const a = stage.join("A");
  const b = stage.join("B");
  stage.advance(1_000);
  backend.nextSkewMs = -QUARTER_HOUR_MS;
  backend.object().skewMs = -QUARTER_HOUR_MS;
  operator.deploy({ ...POLICY, leaseMs: 40_000 });
  if (a.link !== null) network.cut(a.link, { keepUp: 0, keepDown: 0, told: "client" });
  stage.until("A is back", () => a.link !== null && leads(a), 5_000);
  stage.advance(1_000);
  network.path(a).held.add("up").add("down");
  operator.revoke("process", null);
  stage.advance(120_000);
  stage.expect("B leads", leads(b));
  stage.end();
}

/** The host that takes over is far behind, and everything is cleaned up, twice. */
export function cleanedOnHostBehind(cores: Cores): void {
  const stage = new Stage(cores);
  const { world } = stage;
  const a = stage.join("A");
  world.network.path(a).held.add("up").add("down");
  world.operator.cleanup(true);
  world.backend.nextSkewMs = -QUARTER_HOUR_MS;
  world.backend.crash(true);
  world.operator.cleanup(true);
  const b = stage.join("B");
  stage.until("B leads", () => leads(b), 21_500);
  stage.end();
}

/** An operator who orders twice, or cleans up twice, shortens no lease that runs. */
export function orderedTwice(cores: Cores): void {
  const stage = new Stage(cores);
  const { world } = stage;
  const a = stage.join("A");
  world.network.path(a).held.add("up").add("down");
  world.operator.revoke("process", null);
  world.operator.revoke("process", null);
  world.operator.cleanup(true);
  world.operator.cleanup(true);
  stage.join("B");
  stage.advance(25_000);
  stage.end();
}
