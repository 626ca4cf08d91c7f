import { expect, test } from "vitest";
import type { ContenderInfo } from "../../../shared/protocol/messages.ts";
import { drainMs, nextDeadline } from "../../../worker/callers/core/state.ts";
import type { Poller, Travelling } from "../group/poller.ts";
import { GroupWorld } from "../group/world.ts";

const D = 10_000;
const R = 8_000;
const E = 2_500;
const POLL = D / 2;

function leading(
  world = new GroupWorld(),
  contenders: readonly ContenderInfo[] = [{ component: "x" }],
): Poller<GroupWorld> {
  const asker = world.poller("asker", contenders);
  asker.start();
  asker.flow();
  expect(asker.leads()).toBe(true);
  return asker;
}

const due = (asker: Poller<GroupWorld>): number => (nextDeadline(asker.state) ?? Infinity) - asker.clock;

test("[S1] it leads from the answer to its own call until R after it sent that call", () => {
  const world = new GroupWorld();
  const asker = world.poller("asker");
  asker.start();
  const [call] = asker.travelling;
  asker.arrive(call);
  expect(asker.leads()).toBe(false);
  world.advance(2_000);
  asker.receive(call);
  expect(asker.leads()).toBe(true);
  world.advance(R - 2_000 - 1);
  expect(asker.leads()).toBe(true);
  world.advance(1);
  expect(asker.leads()).toBe(false);
});

test("[S6] an answer that comes after the deadline revives nothing, and expiry comes first", () => {
  const asker = leading();
  const { world } = asker;
  world.advance(E);
  asker.dispatch({ type: "tick" });
  const [renewal] = asker.travelling;
  asker.arrive(renewal);
  world.advance(R - E);
  asker.receive(renewal);
  expect(asker.leads()).toBe(false);
  expect(asker.last().is).toBe("revoke");
});

test("[S6] an answer in time for its call and late for the lease revives nothing either", () => {
  const asker = leading();
  const { world } = asker;
  const lateAt = asker.clock + R + 100;
  world.advance(E);
  while ((asker.state.call?.answerUntil ?? 0) <= lateAt && asker.clock < lateAt) {
    asker.dispatch({ type: "tick" }); // what it has called before is lost
    world.advance(50);
  }
  const [last] = asker.travelling.slice(-1);
  asker.arrive(last);
  world.advance(lateAt - asker.clock);
  expect(asker.state.call?.attempt).toBe(last?.attempt);
  asker.receive(last);
  expect(asker.leads()).toBe(false);
  expect(asker.last().is).toBe("revoke");
});

test("[PC2] [S7] an answer to a call that was given up is dropped, and a leadership that only it named has ended", () => {
  const world = new GroupWorld();
  const asker = world.poller("asker");
  asker.start();
  const [first] = asker.travelling;
  asker.arrive(first);
  world.advance(10_000);
  asker.dispatch({ type: "tick" }); // gives it up
  world.advance(1_000);
  asker.dispatch({ type: "tick" });
  asker.receive(first);
  expect(asker.leads()).toBe(false);
  asker.flow();
  expect(asker.leads()).toBe(true);
});

test("[PC1] [N5] [C1] a restart keeps the term without a callback", () => {
  const asker = leading();
  asker.world.advance(E);
  asker.restart();
  asker.start();
  expect(asker.leads()).toBe(true);
  asker.run(60_000);
  expect(asker.leads()).toBe(true);
  expect(asker.heard.get("x")).toHaveLength(1);
});

test("[S6] a restart may be on a host whose clock lies behind: the lease is shorter by the clock margin", () => {
  const asker = leading();
  asker.restart();
  asker.world.advance(R - 1_000 - 1);
  expect(asker.leads()).toBe(true);
  asker.world.advance(1);
  expect(asker.leads()).toBe(false);
});

test("[S7] attempts grow over a restart, though most calls write no row", () => {
  const asker = leading();
  const saves = asker.saves;
  asker.world.advance(E);
  asker.dispatch({ type: "tick" });
  expect(asker.saves).toBe(saves);
  asker.restart(); // the call is on its way, and nothing stored shows it
  asker.start();
  asker.flow();
  expect(asker.leads()).toBe(true);
});

test("a renewal writes one row", () => {
  const asker = leading();
  const saves = asker.saves;
  asker.run(20 * E);
  expect(asker.calls).toHaveLength(21);
  expect(asker.saves - saves).toBe(20);
});

test("[C6] [S10] [S11] a revoke drains: renewed while onRevoke runs, nothing accepted meanwhile, then released", () => {
  const asker = leading();
  const { world } = asker;
  world.revoke("process");
  world.advance(E);
  asker.dispatch({ type: "tick" });
  asker.flow();
  expect(asker.leads()).toBe(false);
  expect(asker.last().is).toBe("revoke");
  expect(world.holder()).not.toBeNull();
  world.advance(E);
  asker.dispatch({ type: "tick" });
  expect(asker.calls.at(-1)).toMatchObject({
    type: "campaign",
    campaign: { accept: [], held: [expect.any(String)] },
  });
  asker.flow();
  expect(world.election().type).toBe("revoking");
  asker.stop("x");
  asker.flow();
  expect(asker.calls.at(-2)?.type).toBe("release");
  // Nobody else waits: it is asked again at once.
  expect(asker.leads()).toBe(true);
  expect(asker.heard.get("x")).toHaveLength(3);
});

test("[S2] [S10] an onRevoke that hangs is waited for no longer than the drain time, and keeps the component from the next term", () => {
  const asker = leading();
  const { world } = asker;
  world.revoke("process");
  world.advance(E);
  asker.dispatch({ type: "tick" });
  asker.flow();
  world.advance(3_000 - 1);
  asker.dispatch({ type: "tick" });
  asker.flow();
  expect(asker.calls.some(({ type }) => type === "release")).toBe(false);
  world.advance(1);
  asker.dispatch({ type: "tick" });
  asker.flow();
  expect(asker.calls.filter(({ type }) => type === "release")).toHaveLength(1);
  for (let polls = 0; polls < 5; polls += 1) {
    world.advance(POLL);
    asker.dispatch({ type: "tick" });
    asker.flow();
  }
  expect(asker.heard.get("x")).toHaveLength(2);
  asker.stop("x");
  asker.flow();
  expect(asker.leads()).toBe(true);
});

test("[PC1] [C1] a callback that a restart cuts off counts as settled: no second revoke, and the next grant may come", () => {
  const asker = leading();
  asker.dispatch({ type: "resign", leaderSessionId: asker.last().leaderSessionId });
  expect(asker.last().is).toBe("revoke");
  asker.restart();
  asker.run(POLL);
  expect(asker.heard.get("x")?.map(({ is }) => is)).toEqual(["grant", "revoke", "grant"]);
});

test("[C10] [N3] close stops, leaves at once, and start begins anew with a higher epoch", () => {
  const asker = leading();
  const { world } = asker;
  const other = world.join("other", { contenders: ["x"] });
  asker.dispatch({ type: "close" });
  expect(asker.last().is).toBe("revoke");
  expect(world.holder()).not.toBe("other");
  asker.stop("x");
  asker.flow();
  expect(asker.effects.at(-1)).toEqual({ type: "left" });
  expect(world.holder()).toBe("other");
  expect(nextDeadline(asker.state)).toBeNull();
  other.bye();
  asker.start();
  asker.flow();
  expect(asker.leads()).toBe(true);
});

test("[C10] [N3] what has stopped is handed over at once, though another election still drains", () => {
  const world = new GroupWorld();
  const dedicated = (component: string): ContenderInfo => ({ component, election: "dedicated" });
  const asker = world.poller("asker", [dedicated("x"), dedicated("y")]);
  asker.start();
  asker.flow();
  world.join("other", { contenders: [dedicated("x")] });
  asker.dispatch({ type: "close" });
  asker.stop("x");
  asker.flow();
  expect(world.holder("component:x")).toBe("other");
  asker.stop("y");
  asker.flow();
  expect(asker.effects.at(-1)).toEqual({ type: "left" });
});

test("[C10] a goodbye that is refused is sent again after a pause, and given up after five", () => {
  const asker = leading();
  asker.dispatch({ type: "close" });
  asker.stop("x");
  const refuse = (): void =>
    asker.dispatch({
      type: "answered",
      attempt: asker.state.attempt,
      answer: { type: "refused", code: "unauthorized", message: "the token has ended" },
    });
  for (let times = 1; times < 5; times++) {
    refuse();
    expect(asker.state.call).toBeNull();
    expect(due(asker)).toBeGreaterThan(0);
    asker.world.advance(due(asker));
    asker.dispatch({ type: "tick" });
  }
  refuse();
  expect(asker.effects.filter(({ type }) => type === "refused")).toHaveLength(5);
  expect(asker.effects.at(-1)).toEqual({ type: "left" });
  expect(nextDeadline(asker.state)).toBeNull();
});

test("[C10] [E6] what is refused is reported once, and again after it has left and begun anew", () => {
  const world = new GroupWorld();
  world.join("other", { contenders: [{ component: "x", election: "dedicated" }] });
  const asker = world.poller("asker", [{ component: "x" }]);
  const refusals = (): number => asker.effects.filter(({ type }) => type === "refused").length;
  asker.start();
  asker.flow();
  asker.run(D);
  expect(refusals()).toBe(1);
  asker.dispatch({ type: "close" });
  asker.flow();
  asker.start();
  asker.flow();
  expect(refusals()).toBe(2);
});

test("[Q3] resign hands over to a named successor, and it goes on waiting", () => {
  const asker = leading();
  const { world } = asker;
  world.join("first", { contenders: ["x"] });
  const second = world.join("second", { contenders: ["x"] });
  const { leaderSessionId = "" } = asker.state.terms[0] ?? {};
  asker.dispatch({ type: "resign", leaderSessionId, successor: second.sessionId });
  asker.stop("x");
  asker.flow();
  expect(world.holder()).toBe("second");
  expect(due(asker)).toBe(POLL);
});

test("[C7] [K1] a wanted record is sent until the group has it, also after a restart", () => {
  const asker = leading();
  const { leaderSessionId = "" } = asker.state.terms[0] ?? {};
  const published = { address: "a", metadata: { version: "2" } };
  asker.dispatch({ type: "confirm", component: "x", leaderSessionId, ...published });
  asker.fail(asker.travelling[0]);
  asker.restart();
  asker.world.advance(1_000);
  asker.dispatch({ type: "tick" });
  asker.flow();
  expect(asker.world.state.components.get("x")?.record?.leader).toMatchObject(published);
  const before = asker.effects.length;
  asker.dispatch({ type: "confirm", component: "x", leaderSessionId, ...published });
  expect(asker.effects.slice(before)).toEqual([{ type: "confirmed", component: "x" }]);
  expect(asker.travelling).toEqual([]);
});

test("[C7] a record that the group refuses is not sent again, and the lease goes on", () => {
  const asker = leading();
  const { leaderSessionId = "" } = asker.state.terms[0] ?? {};
  asker.dispatch({ type: "confirm", component: "x", leaderSessionId, address: "a" });
  const refusal = { type: "refused", code: "unauthorized", message: "the token has ended" } as const;
  asker.dispatch({ type: "answered", attempt: asker.state.attempt, answer: refusal });
  expect(asker.state.call).toBeNull();
  expect(asker.effects.filter(({ type }) => type === "unconfirmed")).toHaveLength(1);
  expect(asker.leads()).toBe(true);
});

test("[C7] a leader may publish nothing but itself", () => {
  const asker = leading();
  const { leaderSessionId = "" } = asker.state.terms[0] ?? {};
  asker.dispatch({ type: "confirm", component: "x", leaderSessionId });
  asker.flow();
  expect(asker.effects.at(-1)).toEqual({ type: "confirmed", component: "x" });
  expect(asker.world.state.components.get("x")?.record?.leader.leaderSessionId).toBe(leaderSessionId);
});

test("[S11] a contender that stops while a call is busy asks again at once, not with the next poll", () => {
  const asker = leading();
  asker.world.advance(D);
  asker.dispatch({ type: "tick" }); // ended, and the call that leaves with it is busy
  asker.stop("x");
  asker.flow();
  expect(asker.leads()).toBe(true);
});

test("[C2] [D1] components of one election share a term, those of others have their own", () => {
  const asker = leading(new GroupWorld(), [
    { component: "x" },
    { component: "y" },
    { component: "d", election: "dedicated" },
  ]);
  const [x, y, d] = ["x", "y", "d"].map((component) => asker.last(component).leaderSessionId);
  expect(x).toBe(y);
  expect(d).not.toBe(x);
});

test("[C3] [C4] a deployment that names other components ends what is gone, and lets what is new join", () => {
  const asker = leading(new GroupWorld(), [{ component: "x" }, { component: "y" }]);
  asker.deploy([{ component: "y" }, { component: "z" }]);
  asker.start();
  expect(asker.last("x").is).toBe("revoke");
  asker.run(E);
  expect(asker.last("z").leaderSessionId).toBe(asker.last("y").leaderSessionId);
  expect(asker.heard.get("y")).toHaveLength(1);
  expect(asker.state.contenders.map(({ info }) => info.component)).toEqual(["y", "z"]);
});

test("[C8] [N2] an expired term is followed by another, again and again", () => {
  const asker = leading();
  for (let round = 1; round <= 5; round += 1) {
    asker.world.advance(D + 1_000);
    asker.dispatch({ type: "tick" });
    expect(asker.last().is).toBe("revoke");
    asker.run(1_000);
    expect(asker.leads()).toBe(true);
  }
});

test("[PC2] [S6] a clock that is set back lengthens no lease", () => {
  const asker = leading();
  asker.world.advance(E);
  asker.dispatch({ type: "tick" });
  asker.forget(asker.travelling[0]);
  asker.skewMs = -3_600_000;
  expect(asker.leads()).toBe(false);
  asker.dispatch({ type: "tick" });
  expect(asker.leads()).toBe(true);
  asker.world.advance(R - E);
  expect(asker.leads()).toBe(false);
});

test("failed calls are tried again with back-off, and the term ends at its deadline in any case", () => {
  const asker = leading();
  const { world } = asker;
  world.advance(E);
  asker.dispatch({ type: "tick" });
  const waits: number[] = [];
  while (asker.leads()) {
    for (const call of [...asker.travelling]) asker.fail(call);
    waits.push(due(asker));
    world.advance(due(asker));
    asker.dispatch({ type: "tick" });
  }
  expect(world.now).toBe(1_000_000 + R);
  expect(waits.slice(0, 4)).toEqual([188, 375, 750, 750]);
  expect(asker.last().is).toBe("revoke");
});

test("a session that the group does not know any more is begun anew, its terms are lost", () => {
  const asker = leading();
  asker.world.advance(D * 3);
  const other = asker.world.join("other", { contenders: ["x"] });
  other.accept();
  asker.run(POLL);
  expect(asker.last().is).toBe("revoke");
  other.bye();
  asker.run(POLL);
  expect(asker.leads()).toBe(true);
});

test("[C13] a session that was deleted while its lease ran: the work of its terms has no time left", () => {
  const asker = leading(new GroupWorld({ drainMs: 3_000 }));
  const { world } = asker;
  const leaderSessionId = asker.last().leaderSessionId;
  world.cleanup(true);
  world.advance(E);
  asker.dispatch({ type: "tick" });
  expect(drainMs(asker.state, "x", leaderSessionId, asker.clock)).toBeGreaterThan(0);
  asker.flow();
  expect(asker.last().is).toBe("revoke");
  expect(drainMs(asker.state, "x", leaderSessionId, asker.clock)).toBe(0);
});

test("[S9] [S2] a term that the group no longer has is named until its onRevoke has settled: nobody leads meanwhile", () => {
  const asker = leading(new GroupWorld({ drainMs: 3_000 }));
  const { world } = asker;
  const other = world.join("other", { contenders: ["x"] });
  world.revoke("process");
  for (const until = world.now + 3_000; world.now <= until; ) {
    world.advance(Math.max(0, due(asker)));
    asker.dispatch({ type: "tick" });
    if (world.now <= until) asker.fail(asker.travelling[0]);
  }
  asker.flow();
  expect(asker.last().is).toBe("revoke"); // by a call that came after the drain time of the group
  expect(drainMs(asker.state, "x", asker.last().leaderSessionId, asker.clock)).toBe(0);
  world.advance(E);
  asker.dispatch({ type: "tick" });
  asker.flow();
  expect(world.holder()).toBe("asker");
  asker.stop("x");
  asker.flow();
  expect(world.holder()).toBe("other");
  other.accept();
});

test("[S6] a lease is as long for a contender that is looked at often as for one that is not", () => {
  const asker = leading();
  const until = asker.clock + R;
  while (asker.clock < until - 1) {
    asker.forget(asker.travelling[0]);
    asker.world.advance(0.5);
    asker.dispatch({ type: "tick" });
    expect(asker.leads()).toBe(true);
  }
  asker.world.advance(1);
  expect(asker.leads()).toBe(false);
});

test("[C8] [N2] a waiting contender has patience: it is elected where a round trip takes longer than a leader would wait for an answer", () => {
  const world = new GroupWorld({ leaseMs: 2_000 });
  const other = world.join("other", { contenders: ["x"] });
  other.accept();
  const asker = world.poller("asker");
  asker.start();
  asker.flow();
  other.bye();
  world.advance(1_000);
  asker.dispatch({ type: "tick" });
  const [call] = asker.travelling;
  world.advance(500);
  asker.dispatch({ type: "tick" });
  asker.arrive(call);
  world.advance(500);
  asker.dispatch({ type: "tick" });
  asker.receive(call);
  expect(asker.leads()).toBe(true);
});

test("[E9] where the deployment says when to ask again, a contender waits so long, a minute at most; a leader keeps its lease", () => {
  const world = new GroupWorld();
  const asker = world.poller("asker");
  asker.start();
  const turnAway = (one: Poller<GroupWorld>, retryAfterMs: number): void =>
    one.dispatch({ type: "failed", attempt: one.state.attempt, retryAfterMs });
  turnAway(asker, 30_000);
  expect(due(asker)).toBe(30_000);
  world.advance(30_000);
  asker.dispatch({ type: "tick" });
  turnAway(asker, 86_400_000);
  expect(due(asker)).toBe(60_000);
  const leader = leading();
  leader.world.advance(E);
  leader.dispatch({ type: "tick" });
  turnAway(leader, 30_000);
  expect(due(leader)).toBeLessThanOrEqual(R / 8);
});

test("[N1] while it holds a term a call is repeated at least every R / 8, however many have failed", () => {
  const asker = leading();
  asker.world.advance(E);
  asker.dispatch({ type: "tick" });
  while (asker.leads()) {
    const left = R - (asker.clock - 1_000_000);
    asker.fail(asker.travelling[0]);
    expect(due(asker)).toBeLessThanOrEqual(Math.min(R / 8, left));
    asker.world.advance(due(asker));
    asker.dispatch({ type: "tick" });
  }
});

test("[S12] who does not lead asks as seldom as its settings say", () => {
  const world = new GroupWorld();
  leading(world);
  const asker = world.poller("another", [{ component: "x" }]);
  asker.settings = { ...asker.settings, pollEveryMs: D };
  asker.change([{ component: "x" }]);
  asker.start();
  asker.flow();
  expect(due(asker)).toBe(D);
});

test("[Q2] [N4] whose answers come too late to lead takes the lead from nobody, and leads again when they come in time", () => {
  const world = new GroupWorld({ preempt: { cooldownMs: 1_000 } });
  const peer = world.join("peer", { contenders: ["x"] });
  peer.accept();
  const asker = world.poller("asker");
  asker.settings = { ...asker.settings, priority: 5 };
  asker.change([{ component: "x" }]);
  asker.start();
  const late: { readonly call: Travelling; readonly at: number }[] = [];
  let ledMs = 0;
  for (const until = world.now + 120_000; world.now < until; world.advance(100)) {
    for (const call of asker.travelling.filter(({ outcome }) => outcome === null)) {
      asker.arrive(call);
      late.push({ call, at: world.now + R + 500 });
    }
    while (late[0] !== undefined && late[0].at <= world.now) asker.receive(late.shift()?.call);
    asker.dispatch({ type: "tick" });
    if (world.holder() === "peer") peer.accept();
    if (world.election().type === "revoking") peer.resign();
    peer.renewHeld();
    if (world.holder() === "peer") ledMs += 100;
  }
  expect(peer.heard("revoke").length).toBeLessThanOrEqual(1);
  expect(ledMs).toBeGreaterThan(100_000);
  asker.run(2 * POLL);
  expect(peer.heard("revoke").length).toBeGreaterThan(0);
  peer.resign();
  asker.run(2 * POLL);
  expect(asker.leads()).toBe(true);
});
