/** How a group comes back from hibernation while only some of its sockets are known. */
import { expect, test } from "vitest";
import { transition } from "../../../worker/group/transition.ts";
import { leaderConnections } from "../../../worker/group/views.ts";
import type { PeerProcess } from "./peer.ts";
import { GroupWorld } from "./world.ts";

function led(): { group: GroupWorld; a: PeerProcess; b: PeerProcess; c: PeerProcess } {
  const group = new GroupWorld();
  const join = (name: string): PeerProcess => group.join(name, { contenders: ["x"] });
  const [a, b, c] = [join("a"), join("b"), join("c")];
  a.accept();
  return { group, a, b, c };
}

test("[S12] [N7] nobody is granted anything before all live sockets are known: one of a candidate may be gone", () => {
  const { group, a, b, c } = led();
  if (b.wire !== null) b.wire.open = false; // its close was never reported
  group.wakeUp();
  a.bye();
  expect(group.election().type).toBe("vacant");
  group.listSockets();
  expect(group.holder()).toBe("c");
  c.accept();
});

test("[S3] a leader renews before the other sockets are known, by the exact deadline that its own brought", () => {
  const { group, a, b } = led();
  group.advance(3_000);
  group.wakeUp();
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
  group.wakeUp();
  expect(group.election().type).toBe("vacant");
  a.renewHeld();
  group.listSockets();
  expect(group.history()).toMatchObject([{ reason: "expired" }]);
  expect(group.holder()).toBe("b");
});

test("the connections that a waking object looks up first are those of its leaders, and of nobody else", () => {
  const { group, a, b } = led();
  expect(leaderConnections(group.state)).toEqual([a.connection]);
  a.bye();
  expect(leaderConnections(group.state)).toEqual([b.connection]); // granted, and led by that
});

test("[O3] what is published before all sockets are known is announced with them; until then an event that changes nothing copies nothing", () => {
  const { group, a, b } = led();
  b.say({ type: "observe", components: ["x"] });
  group.wakeUp();
  a.confirm("x", { address: "here" });
  const before = group.state;
  expect(transition(before, { type: "tick", now: group.clock, nonce: "n" }).state).toBe(before);
  expect(b.mirror.get("x")).toBeNull();
  group.listSockets();
  expect(b.mirror.get("x")).toMatchObject({ address: "here" });
});

test("[O3] a snapshot between a term that was over at the wake-up and its announcement does not have the revision of that", () => {
  const { group, a, b } = led();
  a.confirm("x", { address: "here" });
  group.now += 10_000;
  group.wakeUp();
  b.say({ type: "observe", components: ["x"] });
  group.listSockets();
  expect(b.mirror.get("x")).toBeNull();
});

test("to adopt a lease that was kept is no renewal, and is counted as none", () => {
  const { group, b } = led();
  group.advance(3_000);
  const facts = group
    .during(() => {
      group.wakeUp();
      b.renew();
      group.listSockets();
    })
    .flatMap((step) => step.facts);
  expect(facts).toEqual([]);
});

test("[S11] [S12] a candidate that is busy or silent while the sockets are not known is followed by the next one", () => {
  for (const word of ["busy", "silent"] as const) {
    const { group, a, b, c } = led();
    group.advance(2_500);
    b.silent = true;
    a.bye(); // b is asked, and so is c
    expect(group.election().type).toBe("vacant");
    if (word === "silent") group.now += group.policy.askTimeoutMs;
    group.wakeUp();
    if (word === "busy") b.busy = ["process"];
    if (word === "busy") b.renew();
    else c.renew();
    expect(group.election().type).toBe("vacant");
    group.listSockets();
    expect(group.holder()).toBe("c");
    b.busy = [];
    b.renew();
    expect(group.candidates()).toEqual(["b"]);
  }
});

test("[Q2] a rival that may preempt does so when all sockets are known, and not one that is gone", () => {
  const group = new GroupWorld({ preempt: { cooldownMs: 1_000 } });
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const rival = group.join("rival", { contenders: ["x"], priority: 1 });
  const gone = group.join("gone", { contenders: ["x"], priority: 2 });
  if (gone.wire !== null) gone.wire.open = false;
  group.now += 1_000;
  group.wakeUp();
  a.renewHeld();
  expect(group.election().type).toBe("leading");
  group.listSockets();
  expect(group.election().type).toBe("revoking");
  a.release();
  expect(group.holder()).toBe("rival");
  rival.accept();
});

test("[S12] the last one that leaves before the sockets are known leaves nothing behind", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x", { component: "y", election: "dedicated" }] });
  a.accept();
  group.wakeUp();
  a.bye();
  group.listSockets();
  expect(group.state.elections.size).toBe(0);
  expect(group.state.sessions.size).toBe(0);
});

test("[S9] a hello of a socket that is older than the incarnation replaces one that is not known yet", () => {
  const { group, a, b } = led();
  const before = b.wire;
  b.connect();
  group.wakeUp();
  b.hello({ resume: { sessionId: b.sessionId, secret: b.secret, attempt: 1 }, held: [] });
  group.listSockets();
  expect(before?.open).toBe(false);
  a.bye();
  expect(group.holder()).toBe("b");
});
