/** How sockets end: what the server closes and with which code, and what it makes of a close by the peer. */
import { runInDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import type { ClientMessage } from "../../../shared/protocol/messages.ts";
import {
  connect,
  electionOf,
  fireAlarm,
  freshGroup,
  join,
  LEASE_MS,
  objectOf,
  resume,
  rowsOf,
  serverWith,
  stopClock,
} from "../support.ts";

const openSockets = (group: string): Promise<number> =>
  runInDurableObject(objectOf(group), (_, state) => state.getWebSockets().length);

function bytesOf(text: string): ArrayBuffer {
  const bytes = new ArrayBuffer(text.length);
  new TextEncoder().encodeInto(text, new Uint8Array(bytes));
  return bytes;
}

const beforeHello: readonly ClientMessage[] = [
  { type: "register", component: "dispatcher" },
  { type: "deregister", component: "dispatcher" },
  { type: "renew", sentAt: 1, held: [] },
  { type: "confirm", id: "c", component: "dispatcher", leaderSessionId: "x" },
  { type: "resign", leaderSessionId: "x" },
  { type: "release", leaderSessionId: "x" },
  { type: "priority", priority: 1 },
  { type: "observe", components: true },
  { type: "unobserve", components: true },
  { type: "bye" },
];

test.each(beforeHello)("[E2] $type before hello is a protocol violation, and stores nothing", async (message) => {
  const group = freshGroup();
  stopClock();
  const client = await connect(group);

  client.send(message);
  expect(await client.closed).toEqual({ code: 4400, reason: "the first message must be hello" });
  expect(await rowsOf(group)).toEqual({});
});

test("[E2] a second hello is a protocol violation", async () => {
  const { client } = await join(freshGroup());

  client.send({ type: "hello", sentAt: client.sentAt() });
  expect(await client.closed).toEqual({ code: 4400, reason: "hello must come once, as the first message" });
});

test.each([
  ["binary", bytesOf('{"type":"bye"}'), "frames must be text"],
  ["an empty binary frame", new ArrayBuffer(0), "frames must be text"],
  ["no JSON", "hello", "message must be a text frame of JSON; it is a text that is not shown here"],
  ["an empty frame", "", "message must be a text frame of JSON; it is a text that is not shown here"],
  ["a pong", "pong", "message must be a text frame of JSON; it is a text that is not shown here"],
  ["a ping with a space", "ping ", "message must be a text frame of JSON; it is a text that is not shown here"],
  ["a list", '[{"type":"bye"}]', "message must be an object; it is a list of 1"],
  ["null", "null", "message must be an object; it is null"],
  ["a string", '"bye"', 'message must be an object; it is "bye"'],
  ["no type", "{}", "type must be one of the message types of this direction; it is missing"],
  ["a type that is no string", '{"type":1}', "type must be one of the message types of this direction; it is 1"],
  [
    "an unknown type",
    '{"type":"takeover"}',
    'type must be one of the message types of this direction; it is "takeover"',
  ],
  ["a server's type", '{"type":"renewed"}', 'type must be one of the message types of this direction; it is "renewed"'],
  [
    "a name of every object",
    '{"type":"constructor"}',
    'type must be one of the message types of this direction; it is "constructor"',
  ],
  [
    "nesting without end",
    "[".repeat(100_000),
    "message must be a text frame of JSON; it is a text that is not shown here",
  ],
])("[E2] %s is a protocol violation; the session is lost, the others are unharmed", async (_, frame, reason) => {
  const group = freshGroup();
  const pass = stopClock();
  const [offender, other] = [await join(group), await join(group)];
  const { leaderSessionId } = await offender.client.win();

  offender.client.sendRaw(frame);
  expect(await offender.client.closed).toEqual({ code: 4400, reason });
  expect(await electionOf(group)).toMatchObject({ state: "leading", leader: { leaderSessionId } });
  expect(await other.client.settle()).toEqual([]);
  pass(LEASE_MS);
  await fireAlarm(group);
  await other.client.win();
});

const helloOf = (bytes: number, filler = "x"): string => {
  const hello = { type: "hello", sentAt: 1, unknown: "" };
  const left = bytes - JSON.stringify(hello).length;
  const fillerBytes = new TextEncoder().encode(filler).length;
  const unknown = filler.repeat(Math.floor(left / fillerBytes)) + "x".repeat(left % fillerBytes);
  return JSON.stringify({ ...hello, unknown });
};

test.each(["x", "é", "€", "😀"])("[E2] a frame has at most 131072 bytes, counted as UTF-8 (%s)", async (filler) => {
  const fits = await connect(freshGroup());
  fits.sendRaw(helloOf(131_072, filler));
  await fits.next("welcome");

  const group = freshGroup();

  stopClock();
  const large = await connect(group);
  large.sendRaw(helloOf(131_073, filler));
  expect(await large.closed).toEqual({ code: 4413, reason: "a frame has at most 131072 bytes" });
  expect(await rowsOf(group)).toEqual({});
});

test("the largest legal hello fits into a frame", async () => {
  stopClock();
  const names = Array.from({ length: 256 }, (_, index) => `${index}-`.padEnd(128, "x"));
  const metadata = { m: "m".repeat(2_048 - '{"m":""}'.length) };
  const { client } = await join(freshGroup(), {
    process: { name: "n".repeat(128), address: "a".repeat(2_048), metadata },
    contenders: names.map((component) => ({ component, election: "process", priority: -999_999 })),
    observe: names,
  });

  expect((await client.win()).components).toHaveLength(256);
});

test("[E2] 100 frames may come at once and 100 a second after; one more is closed with 4429 and loses the session", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const { client } = await join(group);
  const { leaderSessionId } = await client.win();
  for (let sent = 2; sent < 100; sent += 1) await client.renew(leaderSessionId);
  pass(1_000);
  for (let sent = 0; sent < 100; sent += 1) await client.renew(leaderSessionId);

  client.send({ type: "renew", sentAt: client.sentAt(), held: [leaderSessionId] });
  expect(await client.closed).toMatchObject({ code: 4429 });
  expect(await electionOf(group)).toMatchObject({ state: "leading", remainingMs: LEASE_MS });
});

test("[E2] a session too many is closed with 4429 and stores nothing; one that resumes is none", async () => {
  const group = freshGroup();
  stopClock();
  const server = serverWith({ leaseMs: LEASE_MS, limits: { sessions: 1 } });
  const first = await join(group, {}, { server });
  const before = await rowsOf(group);

  const second = await connect(group, { server });
  second.send({ type: "hello", sentAt: 1 });
  expect(await second.closed).toMatchObject({ code: 4429 });
  expect(await rowsOf(group)).toEqual(before);
  expect((await resume(group, first.welcome, {}, { server })).welcome.resumed).toBe(true);
});

test("too many contenders or observed names are refused with an error, and the session goes on", async () => {
  const group = freshGroup();
  stopClock();
  const server = serverWith({ leaseMs: LEASE_MS, limits: { contenders: 2, observed: 2 } });
  const contenders = ["a", "b", "c"].map((component) => ({ component }));
  const { client } = await join(group, { contenders, observe: ["a", "b", "c"] }, { server });

  expect(await client.next("error")).toMatchObject({ code: "limit_exceeded", component: "c" });
  expect(await client.next("error")).toMatchObject({ code: "limit_exceeded" });
  expect((await client.win()).components).toEqual(["a", "b"]);
  client.send({ type: "register", component: "d" });
  expect(await client.next("error")).toMatchObject({ code: "limit_exceeded", component: "d" });
  client.send({ type: "observe", components: ["a", "b"] });
  expect((await client.next("leaders")).leaders).toHaveLength(2);
});

test("[S2] a close without bye is a lost socket: its lease runs on, and only then the next one is asked", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const [leader, other] = [await join(group), await join(group)];
  const { leaderSessionId } = await leader.client.win();

  leader.client.drop(1000);
  await leader.client.closed;
  pass(LEASE_MS - 1);
  await fireAlarm(group);
  expect(await electionOf(group)).toMatchObject({ state: "leading", leader: { leaderSessionId } });
  expect(await other.client.settle()).toEqual([]);
  pass(1);
  await fireAlarm(group);
  await other.client.win();
});

test.each([
  [1000, 1000],
  [1001, 1001],
  [3001, 3001],
  [4999, 4999],
  [undefined, 1000],
])("a close by the peer with %s is answered with %s, and the socket is gone", async (code, answer) => {
  const group = freshGroup();
  stopClock();
  const { client } = await join(group);

  client.drop(code);
  expect((await client.closed).code).toBe(answer);
  expect(await openSockets(group)).toBe(0);
});

test.each([0, 999, 1004, 1005, 1015, 5000])(
  "a close with %s, which cannot be sent back, is answered all the same",
  async (code) => {
    const group = freshGroup();
    stopClock();
    const { client } = await join(group);

    await runInDurableObject(objectOf(group), (object, state) => {
      for (const socket of state.getWebSockets()) object.webSocketClose(socket, code, "");
    });
    expect(await client.closed).toMatchObject({ code: 1000 });
  },
);

test("a socket that was cut is not closed by this side: nobody is there to read it, and its session is lost all the same", async () => {
  const group = freshGroup();
  await join(group);

  await runInDurableObject(objectOf(group), (object, state) => {
    for (const socket of state.getWebSockets()) {
      const close = vi.spyOn(socket, "close");
      object.webSocketClose(socket, 1006, "");
      expect(close).not.toHaveBeenCalled();
    }
    expect(object.metrics()).toMatch(/sessions_lost\{[^}]*\} 1$/m);
  });
});
