/** N20, K7: applications that say much at once, and clocks that stand still while code runs. */
import type { Cores } from "../cores.ts";
import { contender, leads, ledBy, POLICY, Stage } from "./stage.ts";

/** More than leaves at once. */
const MUCH = 200;
/** Longer than the lease, and what the group waits beside it. */
const LONG_MS = 12_000;

/** Everything that waits gets through, in its order. */
export function floodGetsThrough(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  a.flood("priority", MUCH);
  stage.advance(5_000);
  stage.end();
}

/** A leader says much: it renews in time. */
export function floodOfLeader(cores: Cores): void {
  const stage = new Stage(cores, { policy: { ...POLICY, limits: { messagesPerSecond: 10 } } });
  const a = stage.join("A");
  a.flood("priority", MUCH);
  for (let second = 0; second < 9; second++) {
    stage.advance(1_000);
    stage.expect("A leads", leads(a));
  }
  stage.end();
}

/** A component leaves and comes back while frames wait, and leaves once more. */
export function floodAroundDepartures(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A", { contenders: [contender("x"), contender("y")] });
  a.flood("priority", MUCH);
  a.close("y");
  stage.advance(100);
  a.contend(contender("y"));
  stage.advance(100);
  a.close("y");
  stage.advance(5_000);
  stage.end();
}

/** O reads late: first that nobody led meanwhile, then who leads now. */
export function lateReader(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  const o = stage.join("O", { contenders: [] });
  o.join("x");
  stage.advance(100);
  const [reader] = o.readers;
  reader?.take(1);
  const b = stage.join("B");
  a.resign("process");
  stage.advance(100);
  b.resign("process");
  stage.advance(100);
  stage.expect("A leads again", leads(a));
  reader?.take(1);
  stage.expect("first nobody", reader?.read.get("x") === null);
  reader?.take(1);
  stage.expect("then A, by its second term", (reader?.read.get("x")?.epoch ?? 0) === ledBy(a).epoch);
  stage.end();
}

/** The path holds back what is sent, and delivers it all at once. */
export function floodOnHeldPath(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  const { held } = stage.world.network.path(a);
  a.flood("priority", MUCH);
  for (let round = 0; round < 3; round++) {
    held.add("up");
    stage.advance(1_000);
    held.delete("up");
    stage.advance(100);
  }
  stage.expect("A leads as before, over the same connection", leads(a) && a.state.attempt === 0);
  stage.end();
}

/** The wall clock is set forward between what is said and what is said next. */
export function floodWithClockSetForward(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A");
  a.flood("priority", 50);
  a.dispatch({ type: "page", event: "visible" }); // states anew
  stage.advance(50);
  a.clock.set(3_000);
  a.flood("priority", MUCH);
  stage.advance(1_000);
  stage.expect("A leads as before, over the same connection", leads(a) && a.state.attempt === 0);
  stage.end();
}

/** The code of A runs for longer than its lease, and its clocks stand still: only the group can say that it no longer leads. */
export function checkAfterComputing(cores: Cores): void {
  const stage = new Stage(cores);
  const a = stage.join("A", { inWorker: true });
  const b = stage.join("B");
  a.compute(stage.world.now + LONG_MS);
  stage.advance(LONG_MS - 100);
  stage.expect("B leads", leads(b));
  stage.advance(1_000);
  stage.expect("A does not", !leads(a));
  stage.end();
}

/** The same without a socket. */
export function callersCheckAfterComputing(cores: Cores): void {
  const caller = {
    rate: 1,
    stopsAsleep: false,
    priority: 0,
    components: ["x"],
    drain: "quick",
    inWorker: true,
  } as const;
  const stage = new Stage(cores, {
    policy: { ...POLICY, horizonAheadMs: 0 },
    callers: [{ ...caller, pollEveryMs: 1_000 }],
  });
  stage.advance(100);
  const b = stage.join("B");
  stage.world.callers[0]?.compute(stage.world.now + LONG_MS);
  stage.until("B leads", () => leads(b), LONG_MS);
  stage.advance(LONG_MS);
  stage.expect("B leads on", leads(b));
  stage.end();
}
