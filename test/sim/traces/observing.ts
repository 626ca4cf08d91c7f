/** O5, O6: what is watched, and what a limit refuses. */
import type { Cores } from "../cores.ts";
import { leads, POLICY, Stage } from "./stage.ts";

/** One name more than the limit: the others are notified, over a new connection too, and the one is not asked for again. */
export function oneNameTooMany(cores: Cores): void {
  const stage = new Stage(cores, { policy: { ...POLICY, limits: { observed: 2 } } });
  const a = stage.join("A");
  const observer = stage.join("O", { contenders: [], watched: ["x", "y", "z"] });
  stage.until("A is seen", () => observer.view.leaders.has("x"), 1_000);
  stage.expect("z is not watched", observer.state.watched.join() === "x,y");
  stage.world.backend.crash(true);
  stage.advance(5_000);
  stage.expect("both are back", observer.state.connection.type === "open" && leads(a));
  a.close("x");
  stage.until("nobody is seen", () => !observer.view.leaders.has("x"), 1_000);
  stage.end();
}

/** A name is sent once, and not at all while all are watched; it is asked for when that has ended. */
export function watchedTwice(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  const observer = stage.join("O", { contenders: [], watched: ["x", "x", true, "y", "y"] });
  stage.expect("each is watched once", observer.state.watched.join() === "x,true,y");
  observer.unobserve(true);
  stage.advance(100);
  a.close("x");
  stage.until("nobody is seen", () => !observer.view.leaders.has("x"), 1_000);
  stage.end();
}
