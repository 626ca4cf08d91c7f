import { expect, test } from "vitest";
import { Responder } from "../../../bench/responder.ts";
import { VirtualTime } from "../../../bench/virtual-time.ts";
import { createElectionClient } from "../../../client/index.ts";
import { encode } from "../../../shared/protocol/codec.ts";
import type { ClientMessage } from "../../../shared/protocol/messages.ts";

test("a client leads in front of the responder for as long as it is asked to, by a renewal each 2.5 s", async () => {
  const time = new VirtualTime();
  const responder = new Responder(time);
  const client = createElectionClient({
    ...{ url: "http://127.0.0.1", group: "bench" },
    WebSocket: responder.sockets,
    clock: time,
  });
  const errors: unknown[] = [];
  client.onError((error) => errors.push(error));
  const contender = client.contend("a");
  await responder.greeted;
  time.pass(1_000);
  const { leaderSessionId } = contender.leadership ?? {};
  expect(leaderSessionId).toBeDefined();

  const sentAt = (): number => JSON.parse(responder.frame).sentAt;
  const before = sentAt();
  time.pass(3_600_000);

  expect(contender.hasLeadership(leaderSessionId)).toBe(true);
  expect((sentAt() - before) / 2_500).toBeCloseTo(1_440, -1);
  expect(errors).toEqual([]);
});

test("each renewal is accepted, each ping answered, and what wants no answer gets none", () => {
  const responder = new Responder(new VirtualTime());
  const answersTo = (message: ClientMessage) => responder.answersTo(encode(message)).map((frame) => JSON.parse(frame));
  const [, { leaderSessionId }] = answersTo({ type: "hello", sentAt: 1, contenders: [{ component: "a" }] });
  const held = [leaderSessionId];
  expect(answersTo({ type: "renew", sentAt: 7, held })).toEqual([{ type: "renewed", sentAt: 7, held }]);
  expect(responder.answersTo("ping")).toEqual(["pong"]);
  expect(answersTo({ type: "bye" })).toEqual([]);
});

test("virtual time does what is due in its order, what falls due meanwhile too, and nothing that was cleared", () => {
  const time = new VirtualTime();
  const done: string[] = [];
  const note = (name: string) => (): void => void done.push(`${name} at ${time.monotonic()}`);
  time.setTimeout(note("late"), 11);
  time.setTimeout(note("second"), 10);
  time.setTimeout(note("third"), 10);
  time.setTimeout(() => time.setTimeout(note("first"), 5), 0);
  time.clearTimeout(time.setTimeout(note("never"), 1));
  time.pass(10);

  expect(done).toEqual(["first at 5", "second at 10", "third at 10"]);
  expect(time.monotonic()).toBe(10);
});
