import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Effect } from "../../../client/session/events.ts";
import type { ClientMessage } from "../../../shared/protocol/messages.ts";
import { welcome } from "../../../tools/harness/solo-group.ts";
import { E, giveBack, join, Play, R, release, resign } from "./play.ts";

/** What was sent since the last look, without what a lease needs. */
const framesOf = (play: Play): ClientMessage[] =>
  play.says().flatMap((message) => (message === "ping" || message.type === "renew" ? [] : [message]));

const isFrame = (effect: Effect): boolean => effect.type === "send";

/** The server's bucket: 100 frames at once, then 100 a second. Fails when a connection asks for more. */
class Bucket {
  tokens = 100;
  at = 0;

  take(now: number, frames: number): void {
    this.tokens = Math.min(100, this.tokens + (now - this.at) / 10) - frames;
    this.at = now;
    expect(this.tokens).toBeGreaterThanOrEqual(0);
  }
}

/** Lets time pass in small steps, counting every frame that leaves. */
function watch(play: Play, bucket: Bucket, ms: number): void {
  for (let end = play.now + ms; play.now < end; ) {
    const before = play.effects.length;
    play.wait(5, true);
    bucket.take(play.now, play.effects.slice(before).filter(isFrame).length);
  }
}

const names = Array.from({ length: 256 }, (_, index) => `c${index}`);

test("[S9] 256 components that register and confirm at once stay below the limits of the server, and all get through", () => {
  const play = new Play();
  for (const name of names) play.contend(name);
  play.connects();
  const bucket = new Bucket();
  bucket.take(play.now, 1);
  play.grants("L1", 1, ...names);
  play.renewed();
  const before = play.effects.length;
  for (const component of names) {
    play.happens({ type: "confirm", id: component, component, leaderSessionId: "L1" });
  }
  bucket.take(play.now, play.effects.slice(before).filter(isFrame).length + 1);
  watch(play, bucket, 5_000);
  const confirmed = play.effects.filter((effect) => effect.type === "send" && effect.message.type === "confirm");
  expect(confirmed).toHaveLength(256);
  expect(play.called()).toHaveLength(256);
});

test("[S1] renewals go first: a long queue delays no lease", () => {
  const [play, x] = Play.leading(["x"]);
  const bucket = new Bucket();
  for (let round = 0; round < 3; round++) {
    for (const name of names) {
      const contender = play.contend(name);
      play.close(contender);
    }
    watch(play, bucket, E);
  }
  watch(play, bucket, 3 * R);
  expect(play.isLeader(x, "L1")).toBe(true);
  expect(play.called()).toEqual([]);
});

test("[S1] 256 elections that are granted at once are led at once, and their renewals keep to the limits", () => {
  const play = new Play();
  for (const name of names) play.contend(name, { election: "dedicated" });
  play.connects();
  const bucket = new Bucket();
  const before = play.effects.length;
  for (const [index, name] of names.entries()) play.grantsAlone(`L${index}`, index + 1, name);
  bucket.take(play.now, play.effects.slice(before).filter(isFrame).length + 1);
  watch(play, bucket, 1_000);
  expect(play.called()).toHaveLength(256);
});

test("[N20] a renewal for which nothing is left tries again once a frame may leave", () => {
  const play = new Play();
  for (const name of names) play.contend(name, { election: "dedicated" });
  play.connects();
  for (const [index, name] of names.entries()) play.grantsAlone(`L${index}`, index + 1, name);
  expect(play.dueAt - play.now).toBeGreaterThan(10);
});

test("[G4] frames keep their order when they have to wait", () => {
  const [play, x] = Play.leading(["x"]);
  for (const name of names) play.contend(name);
  play.close(x);
  play.settles(x);
  play.wait(20_000, true);
  const said = framesOf(play);
  expect(said).toHaveLength(257);
  expect(said.slice(0, 256).map((message) => "component" in message && message.component)).toEqual(names);
  expect(said.at(-1)).toEqual({ type: "deregister", component: "x" });
  play.called();
  play.hears(join("L1", 1, "c3"));
  expect(play.called()).toEqual(["+c3 L1"]);
});

/** A process that leads by x, with a component of a second election and 300 frames about other things waiting. */
function busy(): [Play, number, number] {
  const play = new Play();
  const x = play.contend("x");
  const y = play.contend("y", { election: "dedicated" });
  play.contend("z");
  play.connects();
  play.grants("L1", 1, "x", "z");
  play.grantsAlone("L2", 2, "y");
  play.renewed();
  for (let count = 0; count < 300; count++) play.happens({ type: "observe", component: `watched${count}` });
  play.says();
  return [play, x, y];
}

describe("[N20] what the group has perhaps not read yet is no more than it takes at once", () => {
  /** So much waits that it takes seconds to leave. */
  function flooded(): Play {
    const [play] = Play.leading(["x"]);
    for (let count = 0; count < 300; count++) play.happens({ type: "observe", component: `watched${count}` });
    return play;
  }

  test("[N20] however long the path holds everything back", () => {
    const play = flooded();
    play.wait(5_000);
    expect(play.says().length).toBeLessThanOrEqual(100);
  });

  test("[N20] an answer shows how much was read, and the rest leaves", () => {
    const play = flooded();
    play.wait(10_000, true);
    expect(framesOf(play)).toHaveLength(300);
  });

  test("[N20] a wall clock that is set forward allows nothing", () => {
    const play = flooded();
    const before = framesOf(play).length;
    play.jumps(60_000);
    play.happens({ type: "tick" });
    expect(before + framesOf(play).length).toBeLessThanOrEqual(60);
  });
});

describe("the end of a term is sent before everything else that waits", () => {
  test("[N8] a resignation", () => {
    const [play, x] = busy();
    play.happens({ type: "resign", leaderSessionId: "L1" });
    play.settles(x, 3);
    expect(framesOf(play)).toEqual([resign("L1")]);
  });

  test("[N8] the release of a revoked leader, and of a term that nobody takes", () => {
    const [play, x] = busy();
    play.hears({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: 0 });
    expect(framesOf(play)).toEqual([release("L1", "process")]);
    play.grants("L3", 3, "x");
    expect(framesOf(play)).toEqual([giveBack("L3")]);
    play.settles(x, 3);
  });

  test("[N8] the last deregister of an election", () => {
    const [play, , y] = busy();
    play.close(y);
    play.settles(y);
    expect(framesOf(play)).toEqual([{ type: "deregister", component: "y" }]);
  });

  test("[N8] and with it those that have left the election before, in their order", () => {
    const [play, x] = busy();
    play.close(x);
    play.settles(x);
    expect(framesOf(play)).toEqual([]);
    play.close(3);
    play.settles(3);
    expect(framesOf(play)).toEqual([
      { type: "deregister", component: "x" },
      { type: "deregister", component: "z" },
    ]);
  });

  test("[N8] [C4] a deregister never overtakes the register of a sibling that stays: the term goes on", () => {
    const [play, x] = busy();
    const late = play.contend("late");
    play.close(x);
    play.close(3);
    play.settles(x, 3);
    expect(framesOf(play)).toEqual([]);
    play.wait(20_000, true);
    const last = framesOf(play).slice(-3);
    expect(last.map((message) => [message.type, "component" in message && message.component])).toEqual([
      ["register", "late"],
      ["deregister", "x"],
      ["deregister", "z"],
    ]);
    play.close(late);
  });

  test("[N8] a contender that has come and gone while its frames waited was never there", () => {
    const [play, x] = busy();
    const late = play.contend("late", { election: "dedicated" });
    play.happens({ type: "priority", priority: 4, component: "late" });
    play.close(late);
    const again = play.contend("z2");
    play.close(again);
    play.close(x);
    play.close(3);
    play.settles(x, 3);
    expect(framesOf(play)).toEqual([
      { type: "deregister", component: "x" },
      { type: "deregister", component: "z" },
    ]);
    play.wait(20_000, true);
    expect(new Set(framesOf(play).map(({ type }) => type))).toEqual(new Set(["observe"]));
  });

  test("[N8] [E6] and one that comes after it is told what its own frame was answered", () => {
    const [play] = busy();
    play.close(play.contend("late", { election: "dedicated" }));
    const contender = play.tries("late", { election: "dedicated" });
    play.wait(20_000, true);
    expect(play.last("register")).toMatchObject({ component: "late", try: true });
    play.hears({ type: "tried", component: "late", leader: null });
    expect(play.effects).toContainEqual({ type: "tried", contender, leader: null });
  });

  test("[N8] [G6] a contender that leaves and comes back at once is registered after it was deregistered", () => {
    const [play, , y] = busy();
    play.close(y);
    play.contend("y", { election: "dedicated" });
    play.settles(y);
    play.wait(20_000, true);
    const about = framesOf(play).filter((message) => "component" in message && message.component === "y");
    expect(about.map(({ type }) => type)).toEqual(["deregister", "register"]);
  });

  test("[N8] what waits of a component that was the last of its election does not follow it", () => {
    const [play, , y] = busy();
    play.happens({ type: "priority", priority: 4, component: "y" });
    play.close(y);
    play.settles(y);
    play.wait(20_000, true);
    expect(framesOf(play).map(({ type }) => type)).not.toContain("priority");
  });

  test("[N8] [K2] a record of that term is not sent after it", () => {
    const [play, x] = busy();
    play.happens({ type: "confirm", id: "1", component: "x", leaderSessionId: "L1" });
    play.happens({ type: "resign", leaderSessionId: "L1" });
    play.settles(x, 3);
    play.wait(20_000, true);
    expect(framesOf(play).map(({ type }) => type)).not.toContain("confirm");
  });

  test("[N8] renewals of the terms that go on still leave in time", () => {
    const play = new Play();
    const [kept = 0, ...closed] = names.map((name) => play.contend(name, { election: "dedicated" }));
    play.connects();
    const bucket = new Bucket();
    for (const [index, name] of names.entries()) play.grantsAlone(`L${index}`, index + 1, name);
    play.renewed();
    watch(play, bucket, 10_000);
    for (const contender of closed) play.close(contender);
    play.settles(...closed);
    watch(play, bucket, 3 * R);
    expect(play.isLeader(kept, "L0")).toBe(true);
  });
});

describe("bye", () => {
  test("[N8] [X6] a client that is closed sends bye at once, however much waits, and stays below the server's limit", () => {
    const play = new Play();
    const contenders = names.map((name) => play.contend(name));
    play.connects();
    play.grants("L1", 1, ...names);
    play.renewed();
    for (const component of names) play.happens({ type: "confirm", id: component, component, leaderSessionId: "L1" });
    play.happens({ type: "bye" });
    play.settles(...contenders);
    expect(framesOf(play).at(-1)).toEqual({ type: "bye" });
    expect(play.state.connection.type).toBe("closed");
    expect(play.effects.filter(isFrame).length).toBeLessThan(100);
  });

  test("[N8] [X3] so does the last of many components that are closed together", () => {
    const play = new Play();
    const contenders = names.map((name) => play.contend(name, { election: "dedicated" }));
    play.connects();
    for (const [index, name] of names.entries()) play.grantsAlone(`L${index}`, index + 1, name);
    play.renewed();
    for (const contender of contenders) play.close(contender);
    play.settles(...contenders);
    expect(framesOf(play).at(-1)).toEqual({ type: "bye" });
    expect(play.effects.filter(isFrame).length).toBeLessThan(100);
  });

  test.each(["freeze", "pagehide"] as const)("[N8] [S8] so does a page at %s", (event) => {
    const [play] = busy();
    play.page(event);
    expect(framesOf(play)).toEqual([{ type: "bye" }]);
  });

  test("[N8] [Q3] a resignation that names a successor comes before it", () => {
    const [play, x, y] = busy();
    play.happens({ type: "resign", leaderSessionId: "L1", successor: "S2" });
    play.happens({ type: "bye" });
    play.settles(x, y, 3);
    expect(framesOf(play)).toEqual([resign("L1", "S2"), { type: "bye" }]);
  });
});

/** A process that comes and goes with components and observers, by orders. */
class Restless {
  readonly play = new Play({ lingerMs: 1e9 });
  readonly present = new Map<string, number>();
  #watched = 0;

  constructor() {
    this.play.happens({ type: "observe", component: "first" });
    this.play.connects();
  }

  does({ kind, component, isDedicated }: Step): void {
    const contender = this.present.get(component);
    if (kind === "wait") this.play.wait(40, true);
    else if (kind === "watch") this.#watch(30);
    else if (kind === "contend" && contender === undefined) {
      this.present.set(component, this.play.contend(component, isDedicated ? { election: "dedicated" } : {}));
    } else if (kind === "close" && contender !== undefined) {
      this.present.delete(component);
      this.play.close(contender);
    }
  }

  #watch(count: number): void {
    for (const end = this.#watched + count; this.#watched < end; this.#watched++) {
      this.play.happens({ type: "observe", component: `watched${this.#watched}` });
    }
  }
}

const step = fc.record({
  kind: fc.constantFrom("contend", "close", "close", "wait", "watch"),
  component: fc.constantFrom("a", "b", "c", "d"),
  isDedicated: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Whom the server counts after these frames. It refuses a second `register`, and a `deregister` of nobody. */
function countedBy(frames: readonly ClientMessage[]): Set<string> {
  const counted = new Set<string>();
  for (const frame of frames) {
    if (frame.type === "register") {
      expect(counted.has(frame.component)).toBe(false);
      counted.add(frame.component);
    } else if (frame.type === "deregister") expect(counted.delete(frame.component)).toBe(true);
  }
  return counted;
}

test("[N8] [G4] in whatever order frames wait and leave, the server ends up with the contenders of the client", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const restless = new Restless();
      for (const one of steps) restless.does(one);
      restless.play.wait(60_000, true);
      expect(countedBy(framesOf(restless.play))).toEqual(new Set(restless.present.keys()));
    }),
    { seed: 14, numRuns: 100 },
  );
});

test("[N20] however often it is asked, no more is unread than the server takes at once", () => {
  const play = new Play();
  play.contend("x");
  play.connects({ limits: { ...welcome.limits, messagesPerSecond: 10 } });
  const before = play.effects.length;
  for (let count = 0; count < 100; count++) {
    play.happens({ type: "observe", component: "y" });
    play.happens({ type: "unobserve", component: "y" });
  }
  play.wait(4_500);
  for (let count = 0; count < 60; count++) play.hears({ type: "next", inMs: 0 });
  play.wait(500);
  const sent = play.effects.slice(before).filter(isFrame).length;
  expect(sent).toBeGreaterThan(80);
  expect(sent).toBeLessThanOrEqual(100);
  play.renewed();
  play.wait(10_000, true);
  expect(play.effects.slice(before).filter(isFrame).length).toBeGreaterThan(sent);
});
