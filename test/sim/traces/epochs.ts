/** S5: epochs and leases across cleanup and restore. */
import type { Cores } from "../cores.ts";
import { leads, Stage } from "./stage.ts";

/** H2. Storage knows of no leader at the time it goes back to, while one leads. */
export function restoreWhileLeading(cores: Cores): void {
  const stage = new Stage(cores);
  const { world } = stage;
  world.backend.object();
  world.backend.takeSnapshot();
  const a = stage.join("A");
  const b = stage.join("B");
  stage.expect("A leads", leads(a));
  world.network.path(a).held.add("up").add("down");
  const snapshot = world.backend.snapshots[0];
  if (snapshot !== undefined) world.operator.restore(snapshot, 0);
  stage.until("storage has gone back, and B leads", () => leads(b), 40_000);
  stage.end();
}

/** The host that takes over has a slower clock, and storage forgets the epochs of the faster one. Nobody leads then. */
export function restoreOnSlowerHost(cores: Cores): void {
  const stage = new Stage(cores, { skewMs: 500 });
  const { world } = stage;
  world.backend.object();
  world.backend.takeSnapshot();
  const a = stage.join("A");
  stage.expect("A leads", leads(a));
  a.close("x");
  stage.advance(50);
  const snapshot = world.backend.snapshots[0];
  world.backend.nextSkewMs = -500;
  if (snapshot !== undefined) world.operator.restore(snapshot, 0);
  const b = stage.join("B");
  stage.until("B leads", () => leads(b), 5_000);
  stage.end();
}

/** H9. Storage goes back to a published leader whose leadership nobody holds. */
export function restoreOldRecord(cores: Cores): void {
  const stage = new Stage(cores);
  const { world } = stage;
  const a = stage.join("A");
  const observer = stage.join("O", { contenders: [], watched: ["x"] });
  world.backend.takeSnapshot();
  a.close("x");
  stage.advance(100);
  const b = stage.join("B");
  stage.until("B is seen", () => observer.view.leaders.get("x")?.address === "http://B", 1_000);
  b.close("x");
  stage.advance(100);
  world.network.path(a).held.add("up");
  const snapshot = world.backend.snapshots[0];
  if (snapshot !== undefined) world.operator.restore(snapshot, 0);
  stage.until("storage has gone back", () => !world.operator.restoring, 5_000);
  stage.until("O is back", () => observer.state.connection.type === "open", 5_000);
  stage.advance(100);
  stage.expect("nobody is seen", !observer.view.leaders.has("x"));
  stage.end();
}

/** Storage goes back, the group goes on, and only then the second step is taken. */
export function finishRestoreLate(cores: Cores): void {
  const stage = new Stage(cores);
  const { world } = stage;
  const a = stage.join("A");
  world.backend.takeSnapshot();
  const snapshot = world.backend.snapshots[0];
  if (snapshot !== undefined) world.operator.restore(snapshot, 30_000);
  stage.until("the second step is taken", () => !world.operator.restoring, 80_000);
  stage.expect("A leads", leads(a));
  stage.end();
}

/** H3. The group forgets its leader, who does not know it yet. */
export function cleanupWhileLeading(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  stage.world.network.path(a).held.add("up").add("down");
  stage.advance(2_000);
  stage.world.operator.cleanup(true);
  stage.join("B");
  stage.advance(25_000);
  stage.end();
}

/** The group is cleaned up while nobody leads, and goes on on a host with a slower clock. */
export function cleanupOnSlowerHost(cores: Cores): void {
  const stage = new Stage(cores, { skewMs: 500 });
  const { world } = stage;
  const a = stage.join("A");
  a.close("x");
  stage.advance(50);
  world.operator.cleanup(true);
  world.backend.nextSkewMs = -500;
  world.backend.crash(true);
  const b = stage.join("B");
  stage.until("B leads", () => leads(b), 3_000);
  stage.end();
}
