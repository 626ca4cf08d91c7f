/** Processes without a socket: the shipped core of contenders by RPC. */
import type { PolicyOptions } from "../../../worker/group/policy.ts";
import type { Cores } from "../cores.ts";
import type { Caller } from "../world/caller.ts";
import { contender, leads, ledBy, POLICY, Stage } from "./stage.ts";

/** R1 leads x; its `onRevoke` hangs while it is not ready. */
function stageWithCaller(
  cores: Cores,
  { policy = POLICY, count = 1, priority = 0 }: { policy?: PolicyOptions; count?: number; priority?: number } = {},
): { readonly stage: Stage; readonly caller: Caller; readonly others: readonly Caller[] } {
  const plain = { rate: 1, stopsAsleep: false, priority, components: ["x"], drain: "quick" } as const;
  const stage = new Stage(cores, { policy, callers: Array.from({ length: count }, () => plain) });
  const [caller, ...others] = stage.world.callers;
  if (caller === undefined) throw new Error("this stage has a caller");
  stage.advance(100);
  stage.expect("R1 leads", caller.holding().length === 1);
  return { stage, caller, others };
}

/** R1 has a higher priority, and stops for longer than the drain time: the lead is not taken from A for it. */
export function unreadyRival(cores: Cores): void {
  const policy = { ...POLICY, preempt: { cooldownMs: 1_000 } };
  const { stage, caller } = stageWithCaller(cores, { policy, priority: 2 });
  const a = stage.join("A");
  caller.ready = false;
  caller.resign();
  stage.until("A leads", () => leads(a), 8_000);
  const { epoch } = ledBy(a);
  stage.advance(10_000);
  stage.expect("A leads on", leads(a) && ledBy(a).epoch === epoch);
  caller.ready = true;
  stage.until("R1 leads", () => caller.holding().length === 1, 6_000);
  stage.end();
}

/** R1 has given up, and its turn comes again while R2 is away: while the group is paused neither is granted anything. */
export function pausedWhileAway(cores: Cores): void {
  const { stage, caller, others } = stageWithCaller(cores, { count: 2 });
  const [other] = others;
  other?.sleep(Infinity);
  stage.advance(900);
  caller.resign();
  stage.advance(2_000);
  caller.sleep(Infinity);
  stage.world.operator.pause(true);
  stage.advance(6_000);
  other?.wake();
  stage.advance(2_000);
  stage.expect("nobody leads", other?.holding().length === 0);
  stage.world.operator.pause(false);
  stage.end();
}

/** m is contended for in another kind of election, so that the group refuses it to R1. */
export function refusedSibling(cores: Cores): void {
  const { stage, caller } = stageWithCaller(cores);
  stage.join("A", { contenders: [contender("m", { dedicated: true })] });
  const b = stage.join("B");
  caller.contend(["x", "m"]);
  stage.advance(200);
  stage.expect("R1 leads x", caller.holding().length === 1);
  caller.contend(["m"]);
  // Time for the call under way, the one that ends the term, and the grant, and for no other call before.
  stage.until("B leads as soon as the last that the group knows of R1 has stopped", () => leads(b), 40);
  stage.end();
}

/** R1 asks the present object once, gets no answer, and then asks the one that was replaced, which goes on as before. */
export function callsOfStaleObject(cores: Cores): void {
  const { stage, caller } = stageWithCaller(cores);
  const { world } = stage;
  world.backend.replace();
  const b = stage.join("B");
  const isHeard = (): boolean =>
    [...world.backend.object().state.sessions.values()].some(({ link }) => link.type === "polled");
  while (!isHeard()) stage.advance(1);
  caller.calls.befall("down", "lose", 0);
  world.callsGoAstray = true;
  stage.advance(60_000);
  stage.expect("somebody leads", leads(b) || caller.holding().length === 1);
  stage.end();
}

/** A revoke comes with a call that arrives after the drain time: the group no longer renews, and the lease runs on. */
export function drainThatACallCuts(cores: Cores): void {
  const { stage, caller } = stageWithCaller(cores);
  const a = stage.join("A");
  stage.world.operator.revoke("process", null);
  caller.ready = false;
  caller.calls.latencyMs = 2_000;
  stage.advance(4_000); // its call is still on its way
  caller.calls.latencyMs = 10;
  stage.advance(3_000);
  stage.expect("nobody else leads while it stops", !leads(a) && caller.holding().length === 1);
  caller.ready = true;
  stage.until("A leads as soon as it has stopped", () => leads(a), 200);
  stage.end();
}

/** An `onRevoke` outlasts the drain time, and a sibling wins the next term: the one that hangs is not granted. */
export function hungSibling(cores: Cores): void {
  const { stage, caller } = stageWithCaller(cores);
  caller.ready = false;
  caller.resign();
  stage.advance(5_000);
  caller.contend(["x", "y"]);
  stage.until("R1 leads by y", () => caller.holding().length === 1, 6_000);
  stage.end();
}

/** The answer that grants z to R1 is lost: its next call does not name z, and so ends it. */
export function lostAnswer(cores: Cores): void {
  const { stage, caller } = stageWithCaller(cores);
  const isGranted = (): boolean => stage.world.backend.object().state.terms.size === 2;
  caller.contend(["x", "z"]);
  while (!isGranted()) stage.advance(1);
  caller.calls.befall("down", "lose", 0);
  stage.until("z is over", () => !isGranted(), 5_000);
  stage.end();
}

/** R2 is next when R1 leaves, and calls no more: A leads after one time-out. */
export function silentNext(cores: Cores): void {
  const { stage, caller, others } = stageWithCaller(cores, { count: 2 });
  const a = stage.join("A");
  for (const other of others) other.sleep(Infinity);
  caller.contend([]);
  stage.until("A leads", () => leads(a), 10_000);
  stage.end();
}

/** R1 sleeps for longer than its lease: it has stopped when it wakes, whatever it does first. */
export function sleepingCaller(cores: Cores): void {
  const { stage, caller } = stageWithCaller(cores);
  caller.sleep(stage.world.now + 12_000);
  stage.advance(13_000);
  stage.end();
}

/** Somebody inquires while a call is under way: its answer does not count, and the next call leaves right after it. */
export function inquiry(cores: Cores): void {
  const { stage, caller } = stageWithCaller(cores);
  stage.until("R1 calls", () => caller.state.call !== null, 6_000);
  const { sentAt } = caller.state;
  caller.inquire();
  stage.until("a later call is answered", () => (caller.inquired.at(-1) ?? 0) > sentAt, 60);
  stage.advance(100);
  stage.expect("nobody waits", caller.state.inquiredAt === null && caller.inquired.length <= 2);
  stage.end();
}

/** R1 leaves x for y while the answer that grants x is on its way. */
export function closedWhileGranted(cores: Cores): void {
  const { stage, caller } = stageWithCaller(cores);
  caller.resign();
  stage.advance(100);
  caller.contend(["y"]);
  stage.end();
}

/** A call arrives after a later one, and after R1 has won a term that it does not name: R1 leads on. */
export function lateCall(cores: Cores): void {
  const { stage, caller } = stageWithCaller(cores);
  const a = stage.join("A");
  caller.contend(["x", "y"]);
  caller.calls.befall("up", "hold", 0);
  stage.advance(5_000);
  caller.resign();
  stage.until("A leads", () => leads(a), 6_000);
  a.resign("process");
  stage.until("R1 leads", () => caller.holding().length > 0, 6_000);
  caller.calls.release();
  stage.advance(200);
  stage.expect("R1 leads on", caller.holding().length > 0 && !leads(a));
  stage.end();
}

/** R1's lease is over when it hears of a longer drain time: what it stops has had the time that was known before. */
export function expiredBeforeALongerDrain(cores: Cores): void {
  const { stage, caller } = stageWithCaller(cores, { policy: { ...POLICY, leaseMs: 2_000, drainMs: 0 } });
  const a = stage.join("A");
  caller.ready = false;
  stage.until("R1 calls", () => caller.state.call !== null, 1_000);
  const { attempt } = caller.state;
  stage.advance(15);
  caller.calls.befall("down", "lose", 0);
  stage.until("R1 calls once more", () => caller.state.attempt > attempt, 1_000);
  stage.world.operator.deploy(POLICY);
  const [term] = caller.state.terms;
  caller.sleep(stage.world.now + (term?.leaseUntil ?? 0) - caller.hostNow + 20);
  stage.until("A leads, though R1 still stops", () => leads(a), 500);
  stage.expect("R1 holds nothing", caller.holding().length === 0);
  caller.ready = true;
  stage.end();
}
