/** What it contends for changes while it contends, and it comes back while it leaves. */
import { expect, test } from "vitest";
import { nextDeadline } from "../../../worker/callers/core/state.ts";
import type { Poller } from "../group/poller.ts";
import { GroupWorld } from "../group/world.ts";

const D = 10_000;

function leading(...components: string[]): Poller<GroupWorld> {
  const asker = new GroupWorld().poller(
    "asker",
    components.map((component) => ({ component })),
  );
  asker.start();
  asker.flow();
  return asker;
}

const heard = (asker: Poller<GroupWorld>, component: string): unknown =>
  asker.heard.get(component)?.map(({ is }) => is);

/** What the group knows of. */
const contended = ({ world }: Poller<GroupWorld>): unknown => [...world.state.components.keys()].sort();

test("[C3] [C4] a component that comes joins at once, one that goes is revoked, and its siblings are not called", () => {
  const asker = leading("x", "y");
  asker.change([{ component: "y" }, { component: "z" }]);
  expect(heard(asker, "x")).toEqual(["grant", "revoke"]);
  asker.flow();
  expect(asker.last("z").leaderSessionId).toBe(asker.last("y").leaderSessionId);
  expect(contended(asker)).toEqual(["x", "y", "z"]); // it has not stopped yet
  asker.stop("x");
  asker.flow();
  expect(contended(asker)).toEqual(["y", "z"]);
  expect(heard(asker, "y")).toEqual(["grant"]);
});

test("[X4] [K1] a component that goes and comes back is granted anew, and what it had published is gone by then", () => {
  const asker = leading("x", "y");
  const { leaderSessionId } = asker.last("x");
  asker.dispatch({ type: "confirm", component: "x", leaderSessionId, address: "a" });
  asker.flow();
  asker.change([{ component: "y" }]);
  asker.change([{ component: "x" }, { component: "y" }]);
  asker.stop("x");
  asker.flow();
  expect(heard(asker, "x")).toEqual(["grant", "revoke", "grant"]);
  expect(asker.last("x").leaderSessionId).toBe(leaderSessionId);
  expect(asker.world.state.components.get("x")?.record ?? null).toBeNull();
});

test("[C8] a change whose call is lost is sent with the next one", () => {
  const asker = leading("x");
  asker.change([{ component: "x" }, { component: "y" }]);
  asker.fail(asker.travelling[0]);
  asker.run(1_000);
  expect(asker.leads("y")).toBe(true);
});

test("[C10] a start while it still leaves begins anew once it has left; a close after that counts again", () => {
  const asker = leading("x");
  asker.dispatch({ type: "close" });
  asker.start();
  asker.stop("x");
  asker.flow();
  expect(heard(asker, "x")).toEqual(["grant", "revoke", "grant"]);
  asker.dispatch({ type: "close" });
  asker.start();
  asker.dispatch({ type: "close" });
  asker.stop("x");
  asker.flow();
  expect(nextDeadline(asker.state)).toBeNull();
  expect(asker.state.activity).toBe("stopped");
});

test("[C10] a contender that leaves waits for every onRevoke, even when the group no longer knows it", () => {
  const asker = leading("x");
  asker.dispatch({ type: "close" });
  asker.world.cleanup(true);
  asker.world.advance(2_500);
  asker.dispatch({ type: "tick" });
  asker.flow();
  expect(asker.state.session).toBeNull();
  expect(asker.state.activity).toBe("leaving");
  expect(nextDeadline(asker.state)).toBeGreaterThan(asker.clock);
  asker.stop("x");
  expect(asker.effects).toContainEqual({ type: "left" });
  expect(nextDeadline(asker.state)).toBeNull();
});

/** What the effects since then say to those who wait for it. */
const toldSince = (asker: Poller, since: number): string[] =>
  asker.effects.slice(since).flatMap((effect): string[] => {
    if (effect.type === "heard") return [`heard ${effect.change}`];
    if (effect.type === "stopped") return [`${effect.component} stopped`];
    return effect.type === "released" || effect.type === "left" ? [effect.type] : [];
  });

test("[C11] [X1] a change is heard when a call that tells of it is answered, again when what it stops has stopped", () => {
  const asker = leading("x", "y");
  const since = asker.effects.length;
  const { changes } = asker.state;
  asker.change([{ component: "y" }]);
  expect(toldSince(asker, since)).toEqual([]);
  asker.flow();
  expect(toldSince(asker, since)).toEqual([`heard ${changes + 1}`]);
  asker.stop("x");
  asker.flow();
  expect(toldSince(asker, since)).toEqual([`heard ${changes + 1}`, "x stopped", `heard ${changes + 2}`]);
});

test("[C11] [S2] a term is released when everything has stopped and the group has answered", () => {
  const asker = leading("x", "y");
  const since = asker.effects.length;
  asker.dispatch({ type: "resign", leaderSessionId: asker.last("x").leaderSessionId });
  asker.stop("x");
  expect(toldSince(asker, since)).toEqual(["x stopped"]);
  asker.stop("y");
  expect(toldSince(asker, since)).toEqual(["x stopped", "y stopped"]);
  asker.flow();
  expect(toldSince(asker, since)).toEqual(["x stopped", "y stopped", "released"]);
});

test("[C11] [C10] it has left when everything has stopped and the group has answered its goodbye", () => {
  const asker = leading("x", "y");
  const since = asker.effects.length;
  asker.dispatch({ type: "close" });
  asker.stop("x");
  expect(toldSince(asker, since)).toEqual(["x stopped"]);
  asker.stop("y");
  expect(toldSince(asker, since)).toEqual(["x stopped", "y stopped", "released"]);
  asker.flow();
  expect(toldSince(asker, since)).toEqual(["x stopped", "y stopped", "released", "left"]);
});

test("[C11] [C10] nobody waits for a change to be heard by a group that is being left", () => {
  const asker = leading("x");
  const since = asker.effects.length;
  const { changes } = asker.state;
  asker.change([{ component: "x", priority: 2 }]);
  asker.dispatch({ type: "close" });
  expect(toldSince(asker, since)).toEqual([`heard ${changes + 1}`]);
});

test("[C11] [C10] the answer to a call from before the change and the close takes nothing back that was heard", () => {
  const asker = new GroupWorld().poller("asker", [{ component: "x" }]);
  asker.start();
  const since = asker.effects.length;
  asker.change([{ component: "y" }]);
  const { changes } = asker.state;
  asker.dispatch({ type: "close" });
  asker.start();
  asker.flow();
  expect(asker.state).toMatchObject({ activity: "running", changesTold: changes });
  expect(toldSince(asker, since).filter((told) => told === `heard ${changes}`)).toHaveLength(1);
});

test("[C5] [S11] an onRevoke that hangs keeps no sibling, and no other election, from the next term", () => {
  const asker = new GroupWorld().poller("asker", [
    { component: "x" },
    { component: "y" },
    { component: "d", election: "dedicated" },
  ]);
  asker.start();
  asker.flow();
  const { epoch } = asker.last("y");
  asker.world.advance(D);
  asker.dispatch({ type: "tick" }); // all have expired; x never stops
  for (const component of ["y", "d"]) asker.stop(component);
  for (let polls = 0; polls < 4; polls += 1) {
    asker.flow();
    asker.world.advance(1_000);
    asker.dispatch({ type: "tick" });
  }
  expect([asker.leads("y"), asker.leads("d"), asker.leads("x")]).toEqual([true, true, false]);
  expect(asker.last("y").epoch).toBeGreaterThan(epoch);
  asker.stop("x");
  asker.flow();
  expect(asker.last("x").leaderSessionId).toBe(asker.last("y").leaderSessionId);
});

// Closed and contended for again at once, and components that the group refuses

test("[X3] [X4] closed and contended for again at once it is another acquisition, also where a refused sibling stays", () => {
  const world = new GroupWorld();
  const other = world.join("other", { contenders: [{ component: "m", election: "dedicated" }] });
  const asker = world.poller("asker", [{ component: "x" }, { component: "m" }]);
  asker.start();
  asker.flow();
  expect(asker.effects).toContainEqual(expect.objectContaining({ type: "refused", code: "election_mismatch" }));
  const waiting = world.join("waiting", { contenders: ["x"] });
  asker.change([{ component: "m" }]);
  asker.change([{ component: "x" }, { component: "m" }]);
  asker.stop("x");
  asker.flow();
  expect(asker.heard.get("x")?.map(({ is }) => is)).toEqual(["grant", "revoke"]);
  expect(world.holder()).toBe("waiting");
  waiting.accept();
  other.bye();
  asker.run(D / 2);
  waiting.bye();
  asker.run(D / 2);
  expect([asker.leads("x"), asker.leads("m")]).toEqual([true, true]);
});

test("[X3] [N3] the last component that the group knows hands over at once, though a refused one still stands", () => {
  const world = new GroupWorld();
  world.join("other", { contenders: [{ component: "m", election: "dedicated" }] });
  const asker = world.poller("asker", [{ component: "x" }, { component: "m" }]);
  asker.start();
  asker.flow();
  world.join("waiting", { contenders: ["x"] });
  asker.change([{ component: "m" }]);
  asker.stop("x");
  asker.flow();
  expect(world.holder()).toBe("waiting");
});

test("[C4] [K4] a component that the group refuses from now on no longer leads, and its sibling is not called", () => {
  const asker = leading("x", "y");
  asker.run(D / 4);
  asker.dispatch({ type: "change", settings: { ...asker.settings, priority: 1 } });
  const [call] = asker.travelling;
  asker.arrive(call);
  const outcome = call?.outcome;
  if (call === undefined || outcome?.type !== "polled") throw new Error("a campaign is answered");
  const message = "the credentials were narrowed";
  const refusals = [{ type: "error", component: "y", code: "forbidden", message }] as const;
  const leaderships = outcome.leaderships.map((held) => ({ ...held, components: ["x"] }));
  call.outcome = { ...outcome, refusals, leaderships };
  asker.receive(call);
  expect([heard(asker, "x"), heard(asker, "y")]).toEqual([["grant"], ["grant", "revoke"]]);
  expect(asker.leads("y")).toBe(false);
});

// A leadership that is won by a call whose component has gone meanwhile

test("[G4] [S7] a leadership won for a component that was closed meanwhile is given back, and a later one is another", () => {
  const world = new GroupWorld();
  const other = world.join("other", { contenders: ["x"] });
  other.accept();
  const asker = world.poller("asker", [{ component: "x" }, { component: "d", election: "dedicated" }]);
  asker.start();
  asker.flow();
  other.bye();
  world.advance(D / 2);
  asker.dispatch({ type: "tick" });
  const [call] = asker.travelling;
  asker.arrive(call); // it has won the process election
  const won = world.holder();
  asker.change([{ component: "d", election: "dedicated" }]);
  asker.change([{ component: "x" }, { component: "d", election: "dedicated" }]);
  const waiting = world.join("waiting", { contenders: ["x"] });
  asker.receive(call);
  expect(world.holder()).toBe(won);
  expect([heard(asker, "x"), heard(asker, "d")]).toEqual([undefined, ["grant"]]);
  asker.flow();
  expect(world.holder()).toBe("waiting");
  waiting.accept();
  waiting.bye();
  asker.run(D / 2);
  expect([heard(asker, "x"), heard(asker, "d")]).toEqual([["grant"], ["grant"]]);
});

test("[S7] [C10] a leadership whose answer comes after close is given back with the goodbye", () => {
  const world = new GroupWorld();
  const asker = world.poller("asker");
  asker.start();
  const [call] = asker.travelling;
  asker.arrive(call);
  const waiting = world.join("waiting", { contenders: ["x"] });
  asker.dispatch({ type: "close" });
  asker.start();
  asker.receive(call);
  expect(asker.leads()).toBe(false);
  asker.flow();
  expect(world.holder()).toBe("waiting");
  waiting.accept();
  expect(asker.heard.get("x")).toBeUndefined();
});

test("[S7] a release that arrives before the campaign it was sent after keeps that campaign from winning anything", () => {
  const asker = leading("x");
  const { world } = asker;
  const { leaderSessionId } = asker.last("x");
  asker.world.advance(D / 4);
  asker.dispatch({ type: "tick" });
  const [campaign] = asker.travelling;
  asker.dispatch({ type: "resign", leaderSessionId });
  world.advance(3_000); // the campaign is given up
  asker.dispatch({ type: "tick" });
  asker.stop("x");
  world.advance(1_000);
  asker.dispatch({ type: "tick" });
  const release = asker.travelling.at(-1);
  expect(release?.request.type).toBe("release");
  const waiting = world.join("waiting", { contenders: ["x"] });
  asker.arrive(release);
  expect(world.holder()).toBe("waiting");
  waiting.accept();
  asker.arrive(campaign);
  expect(campaign?.outcome).toMatchObject({ type: "refused", code: "superseded" });
  asker.receive(campaign);
  expect(world.holder()).toBe("waiting");
  expect(asker.leads("x")).toBe(false);
});

test("[Q7] [S11] what is not ready is not accepted, a leader that becomes unready steps down, and is granted once it is ready", () => {
  const asker = leading("x");
  asker.change([{ component: "x", ready: false }]);
  expect(heard(asker, "x")).toEqual(["grant", "revoke"]);
  asker.stop("x");
  asker.flow();
  expect(asker.world.state.terms.size).toBe(0);
  for (let polls = 0; polls < 4; polls += 1) {
    asker.world.advance(D / 2);
    asker.dispatch({ type: "tick" });
    asker.flow();
  }
  expect(heard(asker, "x")).toEqual(["grant", "revoke"]);
  expect(contended(asker)).toEqual(["x"]);
  asker.change([{ component: "x", ready: true }]);
  asker.flow();
  expect(heard(asker, "x")).toEqual(["grant", "revoke", "grant"]);
});

test("[Q7] what becomes unready while its call is on the way gives back what that is granted", () => {
  const asker = new GroupWorld().poller("asker", [{ component: "x" }]);
  asker.start();
  asker.change([{ component: "x", ready: false }]);
  asker.flow();
  expect(heard(asker, "x") ?? []).toEqual([]);
  expect(asker.world.state.terms.size).toBe(0);
});

test("[Q7] who stays out accepts nothing for that time", () => {
  const asker = leading("x");
  const { leaderSessionId } = asker.last("x");
  asker.dispatch({ type: "resign", leaderSessionId, stayOutMs: 60_000 });
  asker.stop("x");
  asker.flow();
  const until = asker.clock + 60_000;
  expect(asker.state.stayOuts).toEqual([{ election: "process", until }]);
  expect(nextDeadline(asker.state)).toBeLessThan(until);
  while (asker.clock < until - 5_000) {
    asker.world.advance(5_000);
    asker.dispatch({ type: "tick" });
    asker.flow();
    expect(asker.leads("x")).toBe(false);
  }
  asker.world.advance(5_000);
  asker.dispatch({ type: "tick" });
  asker.flow();
  expect(asker.leads("x")).toBe(true);
});
