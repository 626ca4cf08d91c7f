/** Who is next, who is asked for it and when, and who is passed over. */
import { expect, test } from "vitest";
import type { PolicyOptions } from "../../../worker/group/policy.ts";
import type { PeerProcess } from "./peer.ts";
import { GroupWorld } from "./world.ts";

const D = 10_000;
const E = 2_500;
const O = 2_850;
const contenders = ["x"];

/** `a` leads, and these wait in their order. */
function led(names: readonly string[], options: PolicyOptions = {}) {
  const group = new GroupWorld(options);
  const a = group.join("a", { contenders });
  a.accept();
  const waiting = names.map((name) => group.join(name, { contenders }));
  return { group, a, waiting };
}

const one = (group: GroupWorld, name: string): PeerProcess => {
  const peer = group.peers.find((other) => other.name === name);
  if (peer === undefined) throw new Error(`there is no ${name}`);
  return peer;
};

/** Who was asked, in the order in which they stand, once for each question. */
const asked = (group: GroupWorld): string[] => group.peers.flatMap((peer) => peer.questions().map(() => peer.name));

const fallSilent = (peers: readonly PeerProcess[]): void => {
  for (const peer of peers) peer.silent = true;
};

// While somebody leads

test("[N3] whoever is next speaks right after each renewal of the holder, by its own timer", () => {
  const { group, a, waiting } = led(["b", "c"]);
  expect(waiting.map((peer) => peer.heard("next"))).toEqual([[{ type: "next", inMs: E + 100 }], []]);
  const spoken = group
    .during(() => group.run(4 * E + 100, a))
    .flatMap(({ event }) => (event.type === "frame" ? [event] : []));
  const connections = [a, waiting[0], a, waiting[0], a, waiting[0], a, waiting[0], a].map((peer) => peer?.wire?.id);
  expect(spoken.map(({ connection }) => connection)).toEqual(connections);
  expect(asked(group)).toEqual([]);
});

test("[S2] [N7] where the holder falls silent, the next one speaks once its lease is over, and leads by that: no alarm", () => {
  const { group, a, waiting } = led(["b", "c"]);
  group.run(10 * E, a);
  const steps = group.during(() => group.advance(D + 99));
  expect(group.holder()).toBe("a");
  const last = group.during(() => group.advance(1));
  expect(group.holder()).toBe("b");
  expect([...steps, ...last].filter(({ event }) => event.type === "tick")).toEqual([]);
  expect(waiting[0]?.questions()).toEqual([]);
});

test("[N7] one whose timer stands still is asked by the holder's renewals, and the group looks after the lease itself", () => {
  const { group, a, waiting } = led(["b", "c"]);
  const [b] = waiting;
  group.run(10 * E, a);
  if (b) b.isHeldUp = true;
  group.run(2 * E, a);
  expect(asked(group)).toEqual(["b", "b"]);
  group.run(2 * E, a);
  expect(asked(group)).toEqual(["b", "b", "b", "b"]);
  expect(group.alarm()).toBe(group.now + D + 100);
  if (b) b.isHeldUp = false;
  group.run(2 * E, a);
  const { length } = asked(group);
  group.run(4 * E, a);
  expect(asked(group)).toHaveLength(length); // it keeps time again
  expect(group.alarm()).toBe(group.now + 2 * D + 100); // D + W
});

test.each([
  [D, 30_000, 3 * D],
  [D, 15_000, D + 15_000],
  [60_000, 30_000, 90_000],
  [2_000, 30_000, 6_000],
  [D, 0, D + 100],
])(
  "[N7] at D = %i and W = %i, where the holder and the next one fall silent together, the group looks after %i ms",
  (leaseMs, horizonAheadMs, afterMs) => {
    const { group, a, waiting } = led(["b", "c"], { leaseMs, horizonAheadMs });
    group.run(leaseMs / 2, a);
    fallSilent(waiting.slice(0, 1));
    group.advance(afterMs + group.policy.askTimeoutMs - 1);
    expect(group.holder()).not.toBe("c");
    group.advance(1);
    expect(group.holder()).toBe("c");
  },
);

test("[N3] whoever is next behind many holders, each with a beat of its own, speaks at most twice in E", () => {
  const group = new GroupWorld();
  const components = Array.from(
    { length: 20 },
    (_, index) => ({ component: `x${index}`, election: "dedicated" }) as const,
  );
  const holders = components.map((contender) => group.join(contender.component, { contenders: [contender] }));
  for (const { component } of components) one(group, component).accept(`component:${component}`);
  const next = group.join("next", { contenders: components });
  const beat = (): void => {
    for (const holder of holders) {
      group.advance(E / holders.length);
      holder.renewHeld();
    }
  };
  for (let beats = 0; beats < 4; beats += 1) beat();
  const { length } = next.heard("renewed");
  for (let beats = 0; beats < 10; beats += 1) beat();
  expect(next.heard("renewed").length - length).toBeLessThanOrEqual(20);
  for (const holder of holders) holder.resign(`component:${holder.name}`);
  expect(next.held()).toHaveLength(20);
});

test("[N3] so it is always ready: a hand-over in peace needs no question, however long it took until then", () => {
  const { group, a, waiting } = led(["b"]);
  group.run(61_234, a);
  for (const peer of waiting) peer.inbox.clear();
  a.resign();
  expect(waiting[0]?.unread.map(({ type }) => type)).toEqual(["grant"]);
});

test("[N3] it is asked at a revoke, and then it is whoever the operator has named", () => {
  const { group, waiting } = led(["b", "c"]);
  group.advance(E / 2 + 1);
  group.revoke("process", { successor: waiting[1]?.sessionId ?? null });
  expect(asked(group)).toEqual(["c"]);
  group.revoke("process", { successor: waiting[0]?.sessionId ?? null });
  expect(asked(group)).toEqual(["b", "c"]);
});

test.each<[string, (group: GroupWorld) => void, string[]]>([
  ["the first one leaves", (group) => one(group, "b").bye(), ["c"]],
  ["the first one is lost", (group) => one(group, "b").drop(), ["c"]],
  ["another gets ahead of it", (group) => one(group, "c").say({ type: "priority", priority: 1 }), ["c"]],
  ["a new one gets ahead of it", (group) => void group.join("d", { contenders, priority: 1 }), []],
])("[N3] when %s, the new first one is asked unless it has just spoken", (_what, change, expected) => {
  const { group } = led(["b", "c"]);
  group.advance(E / 2 + 1);
  change(group);
  expect(asked(group)).toEqual(expected);
});

test("[N3] asking while somebody leads costs no row and no alarm, and each question is asked once", () => {
  const { group, a, waiting } = led(["b", "c"]);
  fallSilent(waiting);
  const { alarmAt } = group.platform;
  const steps = group.during(() => {
    group.run(2 * E, a); // b was to speak after E
    a.renewHeld();
    group.join("d", { contenders: [] });
  });
  expect(asked(group)).toEqual(["b"]);
  expect(steps.slice(0, 3).flatMap(({ rows }) => rows)).toEqual([]);
  expect(group.platform.alarmAt).toBeLessThanOrEqual(alarmAt ?? 0);
});

test("[N7] [S11] silence is noticed in the holder's renewals, one after the other: no alarm, no row, and the places stay", () => {
  const { group, a, waiting } = led(["b", "c", "d"]);
  fallSilent(waiting.slice(0, 2));
  const steps = group.during(() => group.run(15_000, a));
  expect(steps.filter(({ event }) => event.type === "tick")).toEqual([]);
  expect(steps.flatMap(({ rows }) => rows).map(({ table }) => table)).toEqual(["election"]); // the horizon
  expect(asked(group).filter((name) => name !== "d")).toEqual(["b", "c"]);
  expect(asked(group)).toContain("d");
  a.resign();
  expect(group.holder()).toBe("d");
  one(group, "d").accept();
  for (const peer of waiting.slice(0, 2)) peer.renew();
  expect(group.candidates()).toEqual(["b", "c", "a"]);
});

test("[N7] while the holder's socket is lost the first eight are asked, once each: its lease is the time to find out", () => {
  const { group, a, waiting } = led(Array.from({ length: 10 }, (_, index) => `c${index}`));
  fallSilent(waiting.slice(0, 8));
  group.advance(E);
  a.drop();
  expect(asked(group)).toEqual(waiting.slice(0, 8).map(({ name }) => name));
  group.tick();
  waiting[9]?.say({ type: "observe", components: ["x"] });
  expect(asked(group)).toHaveLength(8);
  group.advance(D - E);
  expect(group.holder()).toBe("c8"); // at the end of the lease, after one question
});

test("[N7] nobody is asked before the socket is lost but the first", () => {
  const { group, a, waiting } = led(["b", "c", "d"]);
  group.run(60_000, a);
  expect(waiting.map((peer) => peer.heard("next").length > 0)).toEqual([true, false, false]);
});

// While nobody leads

test("[Q5] one whose answer takes as long as a renewal may take is granted the election", () => {
  const { group, a, waiting } = led(["b", "c"]);
  fallSilent(waiting);
  group.advance(E);
  a.resign();
  expect(asked(group)).toEqual(["b", "c"]);
  group.advance(group.policy.answerTimeoutMs);
  waiting[0]?.renew();
  expect(group.holder()).toBe("b");
});

test("[Q1] [S11] the first one that is unknown is waited for, and nobody behind it is granted the election meanwhile", () => {
  const { group, a, waiting } = led(["b"]);
  fallSilent(waiting);
  group.advance(E);
  const c = group.join("c", { contenders });
  a.resign();
  expect(asked(group)).toEqual(["b"]);
  c.renew();
  group.advance(O - 1);
  expect(group.holder()).toBeNull();
  group.advance(1);
  expect(asked(group)).toContain("c"); // its statement is too old by now
  expect(group.holder()).toBe("c");
});

test("[S11] a miss of those behind it is noticed with its own, and costs no time-out more", () => {
  const { group, a, waiting } = led(["b", "c", "d"]);
  fallSilent(waiting.slice(0, 2));
  group.advance(E);
  a.resign();
  const from = group.now;
  while (group.holder() === null) group.advance(1);
  expect([group.holder(), group.now - from]).toEqual(["d", O]);
  expect(group.state.sessions.get(waiting[1]?.sessionId ?? "")?.mute).toBe(true);
});

test.each([0, 1, 8, 9, 16, 17])(
  "[N7] %i silent candidates in front cost a time-out for each eight of them",
  (count) => {
    const { group, a, waiting } = led(Array.from({ length: count }, (_, index) => `dead${index}`));
    fallSilent(waiting);
    group.advance(E + O); // by now nothing is known of anybody
    const b = group.join("b", { contenders });
    const from = group.now;
    a.resign();
    while (group.holder() === null) {
      group.advance(100);
      if (group.holder() === null) b.renew(); // keeps its own statement fresh
    }
    expect(group.holder()).toBe("b");
    expect(group.now - from).toBeLessThan(Math.ceil(count / 8) * O + 100);
    expect(group.now - from).toBeGreaterThanOrEqual(Math.ceil(count / 8) * O);
  },
);

test("[N7] one that fell silent after its last statement costs what is left of the lease that counts from it", () => {
  const { group, a, waiting } = led(["b", "c"]);
  const [b, c] = waiting;
  if (b?.wire) b.wire.deaf = true;
  group.advance(1_000);
  a.resign();
  expect(group.holder()).toBe("b");
  group.advance(D - 1_000);
  c?.renew(); // whatever event comes first finds it over
  expect(group.holder()).toBe("c");
  expect(group.history().at(-1)).toMatchObject({ process: "b", reason: "expired" });
  c?.accept();
});

test("[N7] the one after it speaks at the end of that lease, so a hand-over sets no alarm", () => {
  const { group, a, waiting } = led(["b", "c"]);
  const [b] = waiting;
  if (b) b.silent = true;
  group.advance(1_000);
  a.renewHeld();
  const { alarmAt } = group.platform;
  a.resign();
  expect(group.platform.alarmAt).toBe(alarmAt);
  group.advance(D - 1_000 + 99);
  expect(group.holder()).toBe("b");
  group.advance(1);
  expect(group.holder()).toBe("c");
});

test("[S11] silence outweighs an earlier statement that still counts", () => {
  const { group, a, waiting } = led(["b"], { leaseMs: 120_000 });
  group.advance(29_000);
  waiting[0]?.renew();
  fallSilent(waiting);
  group.advance(16_000);
  group.revoke("process", { successor: null });
  expect(asked(group)).toEqual(["b"]);
  group.join("c", { contenders });
  group.advance(11_000);
  a.release(); // b's statement is 27 s old, of 30 s, and its question 11 s, of 10.1 s
  expect(group.holder()).toBe("c");
});

test("[S5] nobody is asked while the group is paused or holds off; then those that are too old are", () => {
  const { group, a } = led(["b"]);
  group.pause();
  group.advance(E);
  a.renewHeld();
  a.resign();
  group.revoke("process");
  expect(asked(group)).toEqual([]);
  group.pause(false);
  expect(asked(group)).toEqual(["b"]);
  expect(group.holder()).toBe("b");
  group.cleanup(true);
  group.join("c", { contenders });
  group.advance(20_000);
  expect(asked(group)).toEqual(["b"]);
  group.advance(1_100);
  expect(asked(group)).toEqual(["b", "c"]);
  expect(group.holder()).toBe("c");
});

// Busy ones

test("[S11] [Q1] a busy candidate is passed over and keeps its place, without a row or a question", () => {
  const { group, a, waiting } = led(["b", "c"]);
  const [b, c] = waiting;
  if (b === undefined || c === undefined) return;
  b.busy = ["process"];
  const steps = group.during(() => b.renew());
  expect(steps.flatMap(({ rows }) => rows)).toEqual([]);
  group.run(10_000, a);
  expect(asked(group)).not.toContain("b");
  a.resign();
  expect(group.holder()).toBe("c");
  c.accept();
  b.busy = [];
  b.renew();
  expect(group.candidates()).toEqual(["b", "a"]);
});

test("[S11] one that could start again says so unasked, and is granted a vacant election at once", () => {
  const { group, a, waiting } = led(["b"]);
  const [b] = waiting;
  if (b === undefined) return;
  b.busy = ["process"];
  b.renew();
  a.bye();
  expect(group.election().type).toBe("vacant");
  expect(group.alarm()).toBeNull();
  group.advance(60_000);
  expect(group.election().type).toBe("vacant");
  b.busy = [];
  b.renew();
  expect(group.holder()).toBe("b");
});

test("[S11] busy is said of one election: in the others it is granted what it stands for", () => {
  const group = new GroupWorld();
  const b = group.stranger("b", { contenders: ["x", { component: "d", election: "dedicated" }] });
  b.busy = ["process"];
  b.connect().hello();
  expect([group.holder(), group.holder("component:d")]).toEqual([null, "b"]);
});

test("[S11] one that says in its answer that it is busy is not waited for", () => {
  const { group, a, waiting } = led(["b"]);
  group.advance(E);
  const [b] = waiting;
  if (b === undefined) return;
  b.busy = ["process"];
  const c = group.join("c", { contenders });
  a.resign();
  expect(asked(group)).toEqual(["b"]);
  expect(group.holder()).toBe("c");
  c.accept();
});

test("[S11] [Q4] who gives back one grant after the other comes last from the second on, and the next one leads", () => {
  const group = new GroupWorld();
  const a = group.join("a", { contenders: ["x"] });
  a.accept();
  const [b, c] = [group.join("b", { contenders: ["x"] }), group.join("c", { contenders: ["x"] })];
  a.resign();
  b.refuse(); // something had left meanwhile: it keeps its place, and is asked
  expect(group.holder()).toBe("b");
  b.refuse();
  expect(group.holder()).toBe("c");
  c.accept();
});
