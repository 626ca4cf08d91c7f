/** How a group comes back from hibernation while only some of its sockets are known. */
import { expect, test } from "vitest";
import { leaderConnections } from "../../../worker/group/views.ts";
import type { Peer } from "./peer.ts";
import { World } from "./world.ts";

function led(): { group: World; a: Peer; b: Peer; c: Peer } {
  const group = new World();
  const join = (name: string): Peer => group.join(name, { contenders: ["x"] });
  const [a, b, c] = [join("a"), join("b"), join("c")];
  a.accept();
  return { group, a, b, c };
}

test("[S12] [N7] nobody is offered anything before all live sockets are known: one of a candidate may be gone", () => {
  const { group, a, b, c } = led();
  if (b.wire !== null) b.wire.open = false; // its close was never heard of
  group.wakeFor(a);
  a.bye();
  expect(group.election().type).toBe("vacant");
  group.listSockets();
  expect(group.holder()).toBe("c");
  c.accept();
});

test("[S3] a leader renews before the other sockets are known, by the exact deadline that its own brought", () => {
  const { group, a, b } = led();
  group.advance(3_000);
  group.wakeFor(a);
  expect(group.during(() => a.renewHeld()).flatMap(({ rows }) => rows)).toEqual([]);
  expect(group.election()).toMatchObject({ type: "leading", leaseUntil: group.now + 10_000 });
  group.listSockets();
  expect(group.election()).toMatchObject({ type: "leading", leaseUntil: group.now + 10_000 });
  group.advance(10_100); // and the slack for a renewal
  expect(group.holder()).toBe("b");
  b.accept();
});

test("[S3] a lease that ran out while the object slept is not renewed by the frame that wakes it", () => {
  const { group, a } = led();
  group.now += 10_000;
  group.wakeFor(a);
  expect(group.election().type).toBe("vacant");
  a.renewHeld();
  group.listSockets();
  expect(group.history()).toMatchObject([{ reason: "expired" }]);
  expect(group.holder()).toBe("b");
});

test("the connections that a waking object looks up first are those of its leaders, and of nobody else", () => {
  const { group, a } = led();
  expect(leaderConnections(group.state)).toEqual([a.wire?.attachment.connection]);
  a.bye();
  expect(leaderConnections(group.state)).toEqual([]); // offered, not led
});
