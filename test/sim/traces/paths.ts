/** Processes that vanish without a word, and those that live and say little. */
import type { Cores } from "../cores.ts";
import { leads, POLICY, Stage } from "./stage.ts";

/** Three pings of 8 s, and ten seconds. */
const VANISHED_MS = 34_000;

/** Whoever is there stays, hibernated most of the time; the dead give way to a newcomer. */
export function vanishedGivesWay(cores: Cores): void {
  const stage = new Stage(cores, { policy: { ...POLICY, limits: { sessions: 3 } } });
  const { world } = stage;
  const [a, b, c] = [stage.join("A"), stage.join("B"), stage.join("C")];
  world.kill(b, false);
  world.kill(c, false);
  stage.advance(VANISHED_MS + 9_000);
  const d = stage.join("D");
  stage.expect("D was let in", d.state.connection.type === "open");
  stage.expect("A leads as before", leads(a));
  stage.end();
}

/** Nobody has a socket but B, who vanishes: the calls of R1 find it out. */
export function vanishedBesideCaller(cores: Cores): void {
  const caller = { rate: 1, stopsAsleep: false, priority: 0, components: ["x"], drain: "quick" } as const;
  const stage = new Stage(cores, { callers: [caller] });
  const { world } = stage;
  stage.advance(100);
  world.kill(stage.join("B"), false);
  stage.advance(VANISHED_MS + 9_000);
  stage.expect("nobody is connected", world.backend.object().state.heard.size === 0);
  stage.end();
}

/** An hour in which nothing is said but pings. */
export function idleForAnHour(cores: Cores): void {
  const stage = new Stage(cores);
  const o = stage.join("O", { contenders: [], watched: ["x"] });
  const p = stage.join("P", { contenders: [], watched: ["x"] });
  const attempts = [o.state.attempt, p.state.attempt];
  for (let minute = 0; minute < 60; minute++) {
    stage.advance(60_000);
    stage.world.backend.hibernate();
    stage.world.backend.object().dispatch({ type: "tick" });
  }
  stage.expect("neither has lost its connection", o.state.attempt === attempts[0] && p.state.attempt === attempts[1]);
  stage.end();
}
