/** What it contends for changes while it contends, and it comes back while it leaves. */
import { expect, test } from "vitest";
import { nextDeadline } from "../../../worker/contender/core/state.ts";
import { World } from "../group/world.ts";
import { Asker } from "./asker.ts";

const D = 10_000;

function leading(...components: string[]): Asker {
  const asker = new Asker(
    new World(),
    "asker",
    components.map((component) => ({ component })),
  );
  asker.start();
  asker.flow();
  return asker;
}

const heard = (asker: Asker, component: string): unknown => asker.heard.get(component)?.map(({ is }) => is);

/** What the group knows of. */
const contended = ({ world }: Asker): unknown => [...world.state.components.keys()].sort();

test("[C3] [C4] a component that comes joins at once, one that goes is revoked, and its siblings hear nothing", () => {
  const asker = leading("x", "y");
  asker.change([{ component: "y" }, { component: "z" }]);
  expect(heard(asker, "x")).toEqual(["grant", "revoke"]);
  asker.flow();
  expect(asker.last("z")?.leaderSessionId).toBe(asker.last("y")?.leaderSessionId);
  expect(contended(asker)).toEqual(["x", "y", "z"]); // it has not stopped yet
  asker.settle("x");
  asker.flow();
  expect(contended(asker)).toEqual(["y", "z"]);
  expect(heard(asker, "y")).toEqual(["grant"]);
});

test("[X4] [K1] a component that goes and comes back is granted anew, and what it had published is gone by then", () => {
  const asker = leading("x", "y");
  const { leaderSessionId = "" } = asker.last("x") ?? {};
  asker.dispatch({ type: "confirm", component: "x", leaderSessionId, address: "a" });
  asker.flow();
  asker.change([{ component: "y" }]);
  asker.change([{ component: "x" }, { component: "y" }]);
  asker.settle("x");
  asker.flow();
  expect(heard(asker, "x")).toEqual(["grant", "revoke", "grant"]);
  expect(asker.last("x")?.leaderSessionId).toBe(leaderSessionId);
  expect(asker.world.state.components.get("x")?.record ?? null).toBeNull();
});

test("[C8] a change whose call is lost is told by the next one", () => {
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
  asker.settle("x");
  asker.flow();
  expect(heard(asker, "x")).toEqual(["grant", "revoke", "grant"]);
  asker.dispatch({ type: "close" });
  asker.start();
  asker.dispatch({ type: "close" });
  asker.settle("x");
  asker.flow();
  expect(nextDeadline(asker.state)).toBeNull();
  expect(asker.state.activity).toBe("stopped");
});

test("[C10] whoever leaves waits for every onRevoke, though the group knows nothing of it any more", () => {
  const asker = leading("x");
  asker.dispatch({ type: "close" });
  asker.world.cleanup(true);
  asker.world.advance(2_500);
  asker.dispatch({ type: "tick" });
  asker.flow();
  expect(asker.state.session).toBeNull();
  expect(asker.state.activity).toBe("leaving");
  expect(nextDeadline(asker.state)).toBeGreaterThan(asker.clock);
  asker.settle("x");
  expect(asker.effects.at(-1)).toEqual({ type: "left" });
  expect(nextDeadline(asker.state)).toBeNull();
});

test("[C5] [S11] an onRevoke that hangs keeps no sibling, and no other election, from the next term", () => {
  const asker = new Asker(new World(), "asker", [
    { component: "x" },
    { component: "y" },
    { component: "d", election: "dedicated" },
  ]);
  asker.start();
  asker.flow();
  const { epoch = 0 } = asker.last("y") ?? {};
  asker.world.advance(D);
  asker.dispatch({ type: "tick" }); // all have expired; x never stops
  for (const component of ["y", "d"]) asker.settle(component);
  for (let polls = 0; polls < 4; polls += 1) {
    asker.flow();
    asker.world.advance(1_000);
    asker.dispatch({ type: "tick" });
  }
  expect([asker.leads("y"), asker.leads("d"), asker.leads("x")]).toEqual([true, true, false]);
  expect(asker.last("y")?.epoch).toBeGreaterThan(epoch);
  asker.settle("x");
  asker.flow();
  expect(asker.last("x")?.leaderSessionId).toBe(asker.last("y")?.leaderSessionId);
});
