/** S9: what a lost connection does to a leadership, and what late and repeated hellos do not. */
import type { Cores } from "../cores.ts";
import type { Process } from "../world/process.ts";
import { contender, leads, ledBy, POLICY, plain, Stage } from "./stage.ts";

const cut = (stage: Stage, process: Process, told: "none" | "client" | "server" | "both" = "client"): void => {
  if (process.link !== null) stage.world.network.cut(process.link, { keepUp: 0, keepDown: 0, told });
};

/** H4. A revoke is lost with the socket; its holder comes back after the drain time, and its welcome takes long. */
export function refusedResume(cores: Cores): void {
  const stage = new Stage(cores, { policy: { ...POLICY, drainMs: 0 } });
  const a = stage.join("A");
  stage.join("B");
  stage.advance(2_600);
  cut(stage, a, "none");
  stage.world.operator.revoke("process", null);
  stage.world.network.path(a).downMs = 1_500;
  stage.until("A says hello again", () => a.state.connection.type === "greeting", 9_000);
  stage.advance(12_000);
  stage.end();
}

/** H5a. The welcome that brings the next secret is lost. */
export function lostWelcome(cores: Cores): void {
  const stage = new Stage(cores);
  const { world } = stage;
  const a = stage.join("A");
  stage.join("B");
  const { epoch } = ledBy(a);
  cut(stage, a);
  stage.until("A says hello again", () => a.state.connection.type === "greeting", 1_000);
  world.network.path(a).held.add("down");
  stage.advance(15);
  cut(stage, a);
  world.network.path(a).held.clear();
  stage.until("A is back", () => a.state.connection.type === "open", 3_000);
  stage.expect("A leads as before", leads(a) && ledBy(a).epoch === epoch);
  stage.end();
}

/** H5b, H18. The hello of an abandoned attempt arrives after a later attempt has won something that it does not name. */
export function lateHello(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  const b = stage.join("B");
  cut(stage, a);
  stage.until("A says hello again", () => a.state.connection.type === "greeting", 1_000);
  a.link?.up.postpone(7_000);
  stage.until("A gives that attempt up", () => a.state.connection.type !== "greeting", 4_000);
  stage.until("A is back", () => a.state.connection.type === "open", 1_000);
  a.resign("process");
  stage.until("B leads", () => leads(b), 200);
  b.resign("process");
  stage.until("A leads again", () => leads(a), 200);
  stage.world.network.path(a).downMs = 1_000;
  stage.advance(6_000);
  stage.expect("A leads on", leads(a) && !leads(b));
  stage.end();
}

/** A leads, and its next connection is at `type` when everything that it sends by another one takes so long. */
function returning(cores: Cores, type: "opening" | "greeting", upMs: number) {
  const stage = new Stage(cores);
  const a = stage.join("A");
  const b = stage.join("B");
  const { epoch } = ledBy(a);
  stage.advance(1_000);
  cut(stage, a);
  stage.until(`A is ${type}`, () => a.state.connection.type === type, 400);
  stage.world.network.path(a).upMs = upMs;
  const leadsOn = (): boolean => leads(a) && !leads(b) && ledBy(a).epoch === epoch;
  return { stage, a, leadsOn };
}

/** The `hello` waits in a queue for longer than its answer may take, and what says it anew would come after the lease. */
export function queuedHello(cores: Cores): void {
  const { stage, a, leadsOn } = returning(cores, "greeting", 2_400);
  a.link?.up.postpone(4_900);
  stage.advance(9_000);
  stage.expect("A leads on, and is back", leadsOn() && a.state.connection.type === "open");
  stage.end();
}

/** The same, while the lease was made shorter: the late `welcome` names another R than the session has. */
export function queuedHelloOfShorterLease(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  stage.join("B");
  stage.advance(1_000);
  stage.world.operator.deploy({ leaseMs: 5_000 });
  cut(stage, a);
  stage.until("A says hello again", () => a.state.connection.type === "greeting", 400);
  stage.world.network.path(a).upMs = 2_400;
  a.link?.up.postpone(4_900);
  stage.advance(12_000);
  stage.expect("A is back", a.state.connection.type === "open");
  stage.end();
}

/** So does the upgrade, and another one would come after the lease. */
export function queuedUpgrade(cores: Cores): void {
  const { stage, a, leadsOn } = returning(cores, "opening", 6_000);
  a.link?.up.postpone(5_500);
  stage.advance(9_000);
  stage.expect("A leads on, and is back", leadsOn() && a.state.connection.type === "open");
  stage.end();
}

/** The upgrade comes when another one has come, and its `hello` is on its way. */
export function lateUpgrade(cores: Cores): void {
  const { stage, a, leadsOn } = returning(cores, "opening", 1_000);
  const { attempt } = a.state;
  a.link?.up.postpone(4_300);
  stage.advance(9_000);
  stage.expect("A leads on, by the other one", leadsOn() && a.state.attempt === attempt + 1);
  stage.end();
}

/** The upgrade comes when the other one has greeted: the group has counted that attempt, and its answer does not come. */
export function upgradeAfterGreeting(cores: Cores): void {
  const { stage, a, leadsOn } = returning(cores, "opening", 10);
  const { attempt } = a.state;
  a.link?.up.postpone(6_100);
  stage.until("the other one greets", () => a.state.connection.type === "greeting", 4_000);
  if (a.link !== null) a.link.down.latencyMs = 9_000;
  stage.until("it is given up", () => a.state.connection.type !== "greeting", 3_000);
  stage.until("A is back", () => a.state.connection.type === "open", 1_000);
  stage.expect("A leads on, by the first one", leadsOn() && a.state.attempt === attempt);
  stage.end();
}

/** What a resume does not name is over: nobody waits for its lease. */
export function unnamedIsOver(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A", { onDisconnect: "revoke" });
  const b = stage.join("B");
  cut(stage, a);
  stage.until("A has stopped", () => !leads(a), 100);
  stage.until("B leads", () => leads(b), 1_500);
  stage.end();
}

/** A leads and leaves, and the group hears of neither: the place of A goes with the term. */
export function leftUnheard(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.world.spawn("A", { ...plain, watched: ["y"] });
  stage.until("A leads", () => leads(a), 100);
  cut(stage, a); // with its first renewal
  a.close("x");
  stage.until("A notices", () => a.state.connection.type !== "open", 100);
  stage.until("A is back", () => a.state.connection.type === "open", 1_000);
  stage.expect("nobody stands", stage.world.backend.object().state.elections.size === 0);
  stage.end();
}

/** H8. The confirmation is under way when the socket is lost. */
export function lostConfirm(cores: Cores): void {
  const stage = new Stage(cores);
  stage.join("O", { contenders: [], watched: ["x"] });
  const a = stage.join("A", { contenders: [contender("x", { onGrant: "nothing" })] });
  a.confirm("x");
  cut(stage, a);
  stage.until("A notices", () => a.state.connection.type !== "open", 100);
  stage.until("A is back", () => a.state.connection.type === "open", 1_000);
  stage.advance(100);
  stage.expect("A is published", stage.world.backend.object().state.components.get("x")?.record !== null);
  stage.end();
}

/** A component joins the leadership, and its grant is lost with the socket. */
export function lostJoin(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  stage.world.network.path(a).held.add("down");
  a.contend(contender("y"));
  stage.advance(50);
  cut(stage, a);
  stage.world.network.path(a).held.clear();
  stage.until("y is granted", () => a.contenderOf("y")?.granted !== null, 2_000);
  stage.end();
}
