import { expect, test } from "vitest";
import type { Effect } from "../../../client/session/events.ts";
import { dedicated, E, join, Play, R } from "./play.ts";

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
  play.hears({ type: "grant", election: "process", leaderSessionId: "L1", epoch: 1, components: names, joined: false });
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
  expect(play.isLeader(x as number, "L1")).toBe(true);
  expect(play.called()).toEqual([]);
});

test("[S1] offers of 256 elections at once are accepted together", () => {
  const play = new Play();
  for (const name of names) play.contend(name, { election: "dedicated" });
  play.connects();
  const bucket = new Bucket();
  const before = play.effects.length;
  for (const [index, name] of names.entries()) play.hears(dedicated(`L${index}`, index + 1, name));
  bucket.take(play.now, play.effects.slice(before).filter(isFrame).length + 1);
  watch(play, bucket, 1_000);
  expect(play.called()).toHaveLength(256);
});

test("[G4] frames keep their order when they have to wait", () => {
  const [play] = Play.leading(["x"]);
  for (const name of names) play.contend(name);
  play.close(200);
  play.wait(10_000, true);
  const said = play.says().flatMap((message) => (message === "ping" || message.type === "renew" ? [] : [message]));
  expect(said).toHaveLength(257);
  expect(said.slice(0, 256).map((message) => "component" in message && message.component)).toEqual(names);
  play.hears(join("L1", 1, "c3"));
  expect(play.called()).toEqual(["+c3 L1"]);
});
