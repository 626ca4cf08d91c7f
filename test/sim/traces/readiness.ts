/** S1, S7, S11, N3, N7: who is granted an election at once, by what it has stated, and what silence costs. */
import type { Cores } from "../cores.ts";
import type { Process } from "../world/process.ts";
import type { ProcessSetup } from "../world/setup.ts";
import { contender, leads, ledBy, POLICY, plain, Stage } from "./stage.ts";

const cut = (stage: Stage, process: Process, told: "client" | "both" = "client"): void => {
  if (process.link !== null) stage.world.network.cut(process.link, { keepUp: 0, keepDown: 0, told });
};

/** Up and down, on a healthy path. */
const EXCHANGE_MS = 30;

interface Three {
  readonly stage: Stage;
  readonly a: Process;
  readonly b: Process;
  readonly c: Process;
}

/** A leads, B is next, then C; all of them have just stated that they would lead. */
function three(cores: Cores, part: Partial<ProcessSetup> = {}, policy = POLICY): Three {
  const stage = new Stage(cores, { policy });
  const [a, b, c] = [stage.join("A"), stage.join("B", part), stage.join("C")];
  return { stage, a, b, c };
}

/** A resigns. B hears nothing, and rejoins; the group hears of that only after its grant has left. */
function rejoinMeanwhile({ stage, a, b, c }: Three, before = (): void => {}): void {
  const { held } = stage.world.network.path(b);
  held.add("down");
  before();
  a.resign("process");
  stage.advance(50);
  held.add("up");
  b.rejoin("x");
  held.delete("down");
  stage.advance(50);
  stage.expect("B leads nothing by what it had stated before", !leads(b));
  held.clear();
  stage.until("C leads", () => leads(c), 2 * EXCHANGE_MS);
  stage.end();
}

/** The component of B leaves and comes back while the grant is on its way: the group goes by the first half of that. */
export function leftAndBack(cores: Cores): void {
  rejoinMeanwhile(three(cores, { lingerMs: 3_000 }));
}

/** The same with a sibling that the group refuses, which B does not know: for B it was not the last one that left. */
export function leftBesideRefused(cores: Cores): void {
  const all = three(cores);
  all.stage.join("D", { contenders: [contender("m", { dedicated: true })] });
  rejoinMeanwhile(all, () => all.b.contend(contender("m")));
}

/** So many frames wait that the statement of B overtakes the leaving of its component. */
export function statementOvertakesLeaving(cores: Cores): void {
  const { stage, a, b, c } = three(cores);
  stage.join("D", { contenders: [contender("m", { dedicated: true })] });
  const { held } = stage.world.network.path(b);
  held.add("down");
  b.contend(contender("m"));
  for (let priority = 1; priority <= 95; priority++) b.prioritize(priority % 2);
  b.rejoin("x");
  b.dispatch({ type: "page", event: "visible" }); // states anew
  a.resign("process");
  stage.advance(20);
  held.clear();
  const until = stage.world.now + 3_000;
  while (stage.world.now < until) stage.advance(10);
  stage.expect("one of them leads", leads(b) !== leads(c));
  stage.end();
}

/** B has fallen silent since it stated that it would lead, and the election is granted to it: that costs a lease. */
export function silentNext(cores: Cores): void {
  const { stage, a, b, c } = three(cores);
  b.sleep(Infinity);
  stage.advance(2_000);
  a.resign("process");
  stage.advance(EXCHANGE_MS);
  stage.expect("it is B's", stage.world.backend.object().state.terms.size === 1);
  stage.until("C leads", () => leads(c), 10_000 + 200 + EXCHANGE_MS);
  stage.end();
}

/** The timers of B come a minute late, as those of a hidden page: it is asked, answers, and takes over at once. */
export function hiddenNext(cores: Cores): void {
  const { stage, a, b } = three(cores);
  b.timerLagMs = 60_000;
  stage.advance(40_000);
  a.resign("process");
  stage.until("B leads", () => leads(b), EXCHANGE_MS);
  stage.end();
}

/** B falls silent while A leads: that is found before the hand-over, which does not wait for B. */
export function silenceFound(cores: Cores): void {
  const { stage, a, b, c } = three(cores);
  b.sleep(Infinity);
  stage.advance(12_000);
  a.resign("process");
  stage.until("C leads", () => leads(c), EXCHANGE_MS);
  stage.end();
}

/** The same, and the leader falls silent on an open path: the group knows that B does not keep time, and looks itself. */
export function hiddenBehindSilent(cores: Cores): void {
  const { stage, a, b } = three(cores);
  b.timerLagMs = 60_000;
  stage.advance(40_000);
  stage.world.network.path(a).held.add("up").add("down");
  stage.until("B leads", () => leads(b), 10_000 + 200 + EXCHANGE_MS);
  stage.end();
}

/** The leader falls silent on an open path: B speaks when its lease is over, and leads by that. No alarm comes for it. */
export function silentBeforeNext(cores: Cores): void {
  const { stage, a, b } = three(cores);
  stage.advance(61_000);
  stage.world.network.path(a).held.add("up").add("down");
  const { alarmAt } = stage.world.backend.storage;
  const object = stage.world.backend.object();
  const term = object.state.elections.get("process")?.state;
  const restMs = term?.type === "leading" ? term.leaseUntil - object.now() : 0;
  stage.until("B leads", () => leads(b), restMs + 100 + EXCHANGE_MS);
  stage.expect("no alarm came", stage.world.backend.storage.alarmAt === alarmAt);
  stage.end();
}

/** The leader and three who wait fall silent together; the path of the leader stays open. The alarm is the net for that. */
export function silentTogether(cores: Cores): void {
  const { stage, a, b, c } = three(cores);
  const d = stage.join("D");
  const e = stage.join("E");
  stage.advance(5_000);
  for (const process of [b, c, d]) process.sleep(Infinity);
  stage.world.network.path(a).held.add("up").add("down");
  const { askTimeoutMs } = stage.world.backend.object().state.policy;
  stage.until("E leads", () => leads(e), 10_000 + 10_100 + 200 + askTimeoutMs + EXCHANGE_MS);
  stage.end();
}

/** The same, and the socket of the leader is closed: the others are asked while its lease runs. */
export function silentBehindLost(cores: Cores): void {
  const { stage, a, b, c } = three(cores);
  const d = stage.join("D");
  const e = stage.join("E");
  stage.advance(5_000);
  for (const process of [b, c, d]) process.sleep(Infinity);
  stage.world.kill(a, true);
  stage.until("E leads", () => leads(e), 10_000 + EXCHANGE_MS);
  stage.end();
}

/** C leads; B stops for long, and says that nothing of it could start. */
function busyWaiting(cores: Cores): Three {
  const hung = { contenders: [contender("x", { drain: "hung" })] };
  const all = three(cores, hung, { ...POLICY, drainMs: 500 });
  const { stage, a, b, c } = all;
  a.resign("process");
  stage.until("B leads", () => leads(b), EXCHANGE_MS);
  b.resign("process");
  stage.until("C leads", () => leads(c), 600);
  return all;
}

/** B is busy; then something of it could start, the object sleeps, and A resigns. */
export function readyAgain(cores: Cores): void {
  const { stage, a, b, c } = busyWaiting(cores);
  a.rejoin("x"); // behind B
  stage.advance(1_000);
  c.resign("process");
  stage.until("A leads, since B is busy", () => leads(a), EXCHANGE_MS);
  b.settleAll();
  stage.advance(50);
  c.close("x");
  stage.advance(50);
  stage.world.backend.hibernate();
  a.resign("process");
  stage.until("B leads", () => leads(b), EXCHANGE_MS);
  stage.end();
}

/** The same behind D, so that nobody asks B: what it states unasked outlives hibernation. */
export function readyUnasked(cores: Cores): void {
  const { stage, a, b, c } = busyWaiting(cores);
  const d = stage.join("D", { priority: 1 });
  stage.advance(1_000);
  b.settleAll();
  stage.advance(50);
  a.close("x");
  stage.advance(50);
  stage.world.backend.hibernate();
  d.close("x");
  c.resign("process");
  stage.until("B leads", () => leads(b), EXCHANGE_MS);
  stage.end();
}

/** B is next and becomes unready: it is passed over in one exchange, and leads again, in its place, once it is ready. */
export function unreadyNext(cores: Cores): void {
  const { stage, a, b, c } = three(cores);
  b.setReady(false);
  stage.advance(EXCHANGE_MS);
  const { grants } = stage.world.judge.group;
  a.resign("process");
  stage.until("C leads", () => leads(c), EXCHANGE_MS);
  stage.expect("nothing was granted in vain", stage.world.judge.group.grants === grants + 1);
  b.setReady(true);
  stage.advance(EXCHANGE_MS);
  c.setReady(false);
  stage.until("B leads, before A", () => leads(b), EXCHANGE_MS);
  stage.end();
}

/** A stays out. Nobody else is left before that time is over, and nobody leads until then; then it leads by itself. */
export function stayingOut(cores: Cores): void {
  const { stage, a, b, c } = three(cores);
  const stayOutMs = 60_000;
  a.resign("process", undefined, stayOutMs);
  stage.until("B leads", () => leads(b), EXCHANGE_MS);
  for (const process of [b, c]) process.shutdown();
  stage.advance(stayOutMs - 1_000);
  stage.expect("A does not lead", !leads(a));
  stage.until("A leads", () => leads(a), 1_000 + EXCHANGE_MS);
  stage.end();
}

/** B runs for two elections and is busy in z; its term in the other one ends, and with it what it has stated. */
export function busyElsewhere(cores: Cores): void {
  const stage = new Stage(cores, { policy: { ...POLICY, drainMs: 500 } });
  const b = stage.join("B", { contenders: [contender("x"), contender("z", { drain: "hung" })], watched: ["x"] });
  b.resign("component:z");
  stage.advance(1_000);
  stage.expect("nobody leads z", !leads(b, "component:z"));
  b.close("x");
  stage.advance(100);
  b.settleAll();
  stage.until("B leads z", () => leads(b, "component:z"), 2 * EXCHANGE_MS);
  stage.end();
}

/** A rival of a higher priority is dead, and its socket open: it takes the lead from nobody, and nothing spins. */
export function deadRival(cores: Cores): void {
  const stage = new Stage(cores, { policy: { ...POLICY, preempt: { cooldownMs: 5_000 } } });
  const a = stage.join("A");
  const b = stage.join("B", { priority: 1 });
  b.sleep(stage.world.now + 30_000);
  const { epoch } = ledBy(a);
  stage.advance(29_000);
  stage.expect("A leads on", leads(a) && ledBy(a).epoch === epoch);
  stage.until("B leads", () => leads(b), 6_000);
  stage.end();
}

/** The statement of a `hello` counts: who joins an empty election leads with the answer to it. */
export function helloGranted(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.world.spawn("A", plain);
  stage.until("A leads", () => leads(a), 40);
  stage.end();
}

/**
 * The grant of B is lost with its socket: it keeps its place, and is granted the election when it is back. `asleep`: the
 * object hears of the loss, and sleeps until then.
 */
export function lostGrant(cores: Cores, asleep = false): void {
  const { stage, a, b, c } = three(cores);
  stage.world.network.path(b).held.add("down");
  a.resign("process");
  stage.advance(15);
  cut(stage, b, asleep ? "both" : "client");
  stage.advance(15);
  if (asleep) stage.world.backend.hibernate();
  stage.world.network.path(b).held.clear();
  stage.until("B or C leads", () => leads(b) || leads(c), 1_500);
  stage.expect("it is B", leads(b));
  stage.end();
}

/** The object dies when the grant is written, before it leaves: whom it was meant for comes back, and somebody leads. */
export function deathBeforeGrant(cores: Cores): void {
  const { stage, a, b, c } = three(cores);
  a.resign("process");
  stage.world.backend.crashAt = "after";
  stage.until("somebody leads", () => leads(b) || leads(c), 1_500);
  stage.end();
}

/** The clock of the host steps forward while B leads by a grant that is not renewed yet. */
export function clockStepsForward(cores: Cores): void {
  const { stage, a, b, c } = three(cores, { rate: 0.89 });
  stage.advance(2_000);
  stage.world.network.path(b).held.add("up");
  a.resign("process");
  stage.until("B leads", () => leads(b), EXCHANGE_MS);
  stage.world.backend.object().skewMs += 1_000;
  stage.until("C leads", () => leads(c), 11_000);
  stage.end();
}

/** The resignation of A wakes the object, which does not know yet that B is there: it does not hand the lead back to A. */
export function firstFrameResigns(cores: Cores): void {
  const { stage, a, b } = three(cores);
  stage.advance(500);
  stage.world.backend.hibernate();
  a.resign("process");
  stage.until("B leads", () => leads(b), EXCHANGE_MS);
  stage.end();
}

/** B leaves one of two elections, and what it had stated is taken back: the object's sleep revives nothing of it. */
export function takenBackThroughHibernation(cores: Cores): void {
  const stage = new Stage(cores);
  const both = { contenders: [contender("x"), contender("z")] };
  const [a, b, c] = [stage.join("A", both), stage.join("B", both), stage.join("C", both)];
  c.close("x");
  stage.advance(50);
  stage.world.backend.hibernate();
  a.resign("component:z");
  stage.until("B leads z", () => leads(b, "component:z"), EXCHANGE_MS);
  b.resign("component:z");
  stage.until("C leads z", () => leads(c, "component:z"), 2 * EXCHANGE_MS);
  stage.end();
}

/** The grant of B is held back until its statement is too old to lead by. */
export function lateGrant(cores: Cores): void {
  const { stage, a, b, c } = three(cores);
  stage.world.network.path(b).held.add("down");
  a.resign("process");
  stage.advance(7_950);
  stage.world.network.path(b).held.clear();
  stage.advance(1);
  stage.expect("B leads nothing", !leads(b));
  stage.until("B or C leads", () => leads(b) || leads(c), 2 * EXCHANGE_MS);
  stage.end();
}

/** B leads by what it has stated, and its socket is lost before its first renewal: C waits for the lease. */
export function lostUnheard(cores: Cores): void {
  const { stage, a, b, c } = three(cores);
  stage.world.network.path(b).held.add("up");
  a.resign("process");
  stage.until("B leads", () => leads(b), EXCHANGE_MS);
  if (b.link !== null) stage.world.network.cut(b.link, { keepUp: 0, keepDown: 0, told: "server" });
  stage.advance(3_000); // longer than whoever is asked has to answer
  stage.expect("C waits", leads(b) && !leads(c));
  stage.end();
}

/**
 * So many frames wait that the leaving of B's component is overtaken by what B states. B, the only one who waits,
 * gives back what it is granted by that, once: it states nothing with it, and then that it is busy until the frames have
 * left.
 */
export function givenBackOnce(cores: Cores): void {
  const stage = new Stage(cores);
  stage.join("D", { contenders: [contender("m", { dedicated: true })] });
  const [a, b] = [stage.join("A"), stage.join("B")];
  const { held } = stage.world.network.path(b);
  held.add("down");
  b.contend(contender("m"));
  for (let priority = 1; priority <= 95; priority++) b.prioritize(priority % 2);
  b.rejoin("x");
  b.dispatch({ type: "page", event: "visible" }); // states anew
  a.close("x");
  stage.advance(20);
  held.clear();
  stage.until("B leads", () => leads(b), 2_000);
  stage.expect("it has given back one term", b.state.endedIds.length === 1);
  stage.end();
}

/** B is asked when its only component has left, of which the group does not know yet: it answers by a statement all the same. */
export function askedWhenNoneIsLeft(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  const b = stage.join("B", { watched: ["x"], lingerMs: 60_000 });
  const { held } = stage.world.network.path(b);
  const heard = () =>
    b.state.connection.type === "open" && b.state.connection.requests.some(({ type }) => type === "renewal");
  b.timerLagMs = 60_000; // so that it is asked at once, by a renewal of A
  stage.advance(4_000);
  b.dispatch({ type: "page", event: "visible" }); // it speaks now, and has nothing to say for a while
  stage.advance(EXCHANGE_MS);
  held.add("up");
  b.close("x");
  stage.until("B is asked", heard, 6_000);
  held.clear();
  stage.advance(EXCHANGE_MS);
  const { connections } = stage.world.backend.object().state;
  const stated = [...connections.values()].filter(({ statement }) => statement !== null);
  stage.expect("A and B have stated something", stated.length === 2 && leads(a));
  stage.end();
}
