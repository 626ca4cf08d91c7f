/** Every field of every message, wrong in each way: closed with 4400, nothing stored, nobody else harmed. */
import { expect, test } from "vitest";
import { PING } from "../../../shared/protocol/messages.ts";
import { badFrames } from "../../support/client-messages.ts";
import { connect, freshGroup, join, rowsOf, stopClock } from "../support.ts";

/** The platform answers a ping by itself. */
const read = badFrames.filter(({ frame }) => frame !== PING);
const types = Object.entries(Object.groupBy(read, ({ type }) => type));

test.each(types)("[E2] %s, wrong in each field and each way", async (type, frames = []) => {
  const group = freshGroup();
  stopClock();
  const bystander = await join(group);
  const { leaderSessionId } = await bystander.client.win();
  const { session: sessions = [], ...before } = await rowsOf(group);

  for (const { frame, field } of frames) {
    const client = await connect(group);
    if (type !== "hello") await client.hello();
    client.sendRaw(frame);
    const { code, reason } = await client.closed;
    expect({ frame: frame.slice(0, 200), code, field: reason.split(" must be ")[0] }).toEqual({
      frame: frame.slice(0, 200),
      code: 4400,
      field: field || "message",
    });
  }
  const { session: sessionsAfter = [], ...after } = await rowsOf(group);
  expect(after).toEqual(before);
  if (type === "hello") expect(sessionsAfter).toEqual(sessions);
  expect(sessionsAfter).toContainEqual(sessions[0]);
  expect(await bystander.client.renew(leaderSessionId)).toEqual([leaderSessionId]);
});

test.each(["1e400", "-1e400"])("[E2] %s is no finite number", async (number) => {
  for (const frame of [`{"type":"hello","sentAt":${number}}`, `{"type":"hello","sentAt":1,"priority":${number}}`]) {
    const client = await connect(freshGroup());
    client.sendRaw(frame);
    expect(await client.closed).toMatchObject({ code: 4400 });
  }
});

test("unknown fields are ignored, with any value", async () => {
  stopClock();
  const client = await connect(freshGroup());
  const unknown = { later: null, nested: { deep: [[[1]]] }, constructor: 1, __proto__: 1 };
  client.sendRaw(
    JSON.stringify({ type: "hello", sentAt: -1.5, contenders: [{ component: "a", ...unknown }], ...unknown }),
  );

  expect(await client.next("welcome")).toMatchObject({ sentAt: -1.5 });
  await client.win();
});

test("every name that the protocol allows is taken, to the last character", async () => {
  stopClock();
  const names = ["a", "A.z_0:-/", "...", "a..b", "/", "constructor", "__proto__", "x".repeat(128)];
  const { client } = await join(freshGroup(), { contenders: names.map((component) => ({ component })) });

  expect((await client.win()).components).toEqual([...names].sort());
});
