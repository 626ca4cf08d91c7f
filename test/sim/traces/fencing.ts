/** S7: late, repeated and foreign messages touch no newer leadership; what has ended never comes back. */
import type { Cores } from "../cores.ts";
import { contender, leads, ledBy, Stage } from "./stage.ts";

/** H1. A component joins a leadership that is resigned meanwhile: its grant and a late answer arrive afterwards. */
export function joinOfEndedLeadership(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  const b = stage.join("B");
  stage.world.network.path(a).held.add("down");
  a.contend(contender("y"));
  a.dispatch({ type: "page", event: "visible" }); // sends a real renew now
  a.resign("process");
  stage.until("B leads", () => leads(b), 1_000);
  stage.world.network.path(a).held.clear();
  stage.advance(1_000);
  stage.expect("B leads", leads(b) && !leads(a));
  stage.end();
}

/** A session that leads nothing releases, resigns and confirms what another one leads. */
export function foreignFrames(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  const b = stage.join("B");
  const { leaderSessionId } = ledBy(a);
  stage.forge(b, { type: "release", leaderSessionId });
  stage.forge(b, { type: "resign", leaderSessionId });
  stage.forge(b, { type: "confirm", id: "forged", component: "x", leaderSessionId, address: "http://forged" });
  stage.expect("A leads", leads(a) && !leads(b));
  const record = stage.world.backend.object().state.components.get("x")?.record;
  stage.expect("A is published", record?.leader.address === "http://A");
  stage.end();
}

/** A leader that leads again repeats what belongs to its earlier leadership. */
export function staleFrames(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  const { leaderSessionId } = ledBy(a);
  a.resign("process");
  stage.until("A leads again", () => leads(a) && ledBy(a).leaderSessionId !== leaderSessionId, 1_000);
  stage.advance(100);
  const { epoch } = ledBy(a);
  stage.forge(a, { type: "confirm", id: "stale", component: "x", leaderSessionId, address: "http://stale" });
  stage.forge(a, { type: "release", leaderSessionId });
  const record = stage.world.backend.object().state.components.get("x")?.record;
  stage.expect("its new address stands", record?.leader.address === "http://A" && record.leader.epoch === epoch);
  stage.expect("A leads on", leads(a) && ledBy(a).epoch === epoch);
  stage.end();
}

/** X4: a component that is closed and comes back within one leadership is granted the very same one. */
export function closedAndBack(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A", { contenders: [contender("x"), contender("y")] });
  const { epoch } = ledBy(a);
  a.close("x");
  stage.advance(100);
  a.contend(contender("x"));
  stage.until("x is granted", () => a.contenderOf("x")?.granted?.epoch === epoch, 500);
  stage.end();
}
