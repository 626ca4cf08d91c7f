import fc from "fast-check";
import { expect, test } from "vitest";
import { clientMessageParser } from "../../../shared/protocol/client-codec.ts";
import { encode } from "../../../shared/protocol/codec.ts";
import { InvalidField } from "../../../shared/protocol/fields.ts";
import { DEFAULT_LIMITS } from "../../../shared/protocol/limits.ts";
import type { Grant, ServerMessage } from "../../../shared/protocol/messages.ts";
import { parseServerMessage } from "../../../shared/protocol/server-codec.ts";
import { serverMessage, serverTypes } from "./arbitraries.ts";

test("every message of a server survives the wire", () => {
  fc.assert(
    fc.property(serverMessage, (message) => {
      expect(parseServerMessage(encode(message))).toEqual(message);
    }),
  );
});

test("any JSON and any text give a message or InvalidField, and nothing else", () => {
  const total = (frame: string) => {
    try {
      expect(parseServerMessage(frame)).toHaveProperty("type");
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidField);
    }
  };
  fc.assert(fc.property(fc.json(), total));
  fc.assert(fc.property(fc.string({ unit: "binary" }), total));
  const types = fc.constantFrom(...Object.keys(serverTypes));
  fc.assert(fc.property(types, fc.object(), (type, fields) => total(JSON.stringify({ ...fields, type }))));
});

/** A message of each type. */
const samples: { readonly [T in ServerMessage["type"]]: Extract<ServerMessage, { readonly type: T }> } = {
  welcome: {
    type: "welcome",
    version: 1,
    sessionId: "s",
    secret: "t",
    resumed: false,
    sentAt: 1,
    held: ["l"],
    lease: { durationMs: 10_000, renewDeadlineMs: 8_000, renewEveryMs: 2_500 },
    pingEveryMs: 25_000,
    answerTimeoutMs: 2_750,
    checkEveryMs: 300_000,
    askTimeoutMs: 2_000,
    drainMs: 10_000,
    limits: DEFAULT_LIMITS,
  },
  registered: { type: "registered", component: "x" },
  tried: { type: "tried", component: "x", leader: null },
  deregistered: { type: "deregistered", component: "x" },
  grant: {
    type: "grant",
    election: "process",
    leaderSessionId: "l",
    epoch: 1,
    components: ["x"],
    joined: false,
    sentAt: 1,
  },
  next: { type: "next", inMs: 0 },
  renewed: { type: "renewed", sentAt: 1, held: ["l"] },
  revoke: { type: "revoke", leaderSessionId: "l", reason: "revoked", drainMs: 1 },
  confirmed: { type: "confirmed", id: "i", component: "x", leaderSessionId: "l" },
  leaders: { type: "leaders", revision: 1, snapshot: true, leaders: [{ component: "x", leader: null }] },
  error: { type: "error", code: "not_leader", message: "m" },
};

/** Fields that may be anything (an unknown reason has a meaning of its own), or `null`. */
const open = new Set(["revoke.reason", "tried.leader"]);

const fields = Object.values(samples).flatMap((message) =>
  Object.keys(message).flatMap((field) =>
    field === "type" || open.has(`${message.type}.${field}`) ? [] : [[message.type, field] as const],
  ),
);

test.each(fields)("%s: a missing, null or mistaken %s is refused by name", (type, field) => {
  const sample: Record<string, unknown> = { ...samples[type] };
  const { [field]: value, ...others } = sample;
  const wrongType = typeof value === "string" ? 1 : "x";
  for (const frame of [others, { ...others, [field]: null }, { ...others, [field]: wrongType }]) {
    expect(() => parseServerMessage(JSON.stringify(frame))).toThrow(expect.objectContaining({ field }));
  }
});

test.each([
  ["lease.durationMs", { ...samples.welcome, lease: { ...samples.welcome.lease, durationMs: "10" } }],
  ["limits.observed", { ...samples.welcome, limits: { ...samples.welcome.limits, observed: null } }],
  ["leader.epoch", { ...samples.tried, leader: { sessionId: "s", process: null, leaderSessionId: "l", epoch: "1" } }],
  ["drainMs", { ...samples.welcome, drainMs: -1 }],
  ["version", { ...samples.welcome, version: 2 }],
  ["held[1]", { ...samples.renewed, held: ["l", ""] }],
  ["components[0]", { ...samples.grant, components: ["a b"] }],
  ["election", { ...samples.grant, election: "dedicated" }],
  ["election", { ...samples.grant, election: "component:" }],
  ["epoch", { ...samples.grant, epoch: -1 }],
  ["leaders[0].leader", { ...samples.leaders, leaders: [{ component: "x", leader: "y" }] }],
  ["leaders[0].leader", { ...samples.leaders, leaders: [{ component: "x" }] }],
  [
    "leaders[0].leader.epoch",
    { ...samples.leaders, leaders: [{ component: "x", leader: { component: "x", leaderSessionId: "l" } }] },
  ],
  ["id", { ...samples.error, id: null }],
  ["observed", { ...samples.error, observed: false }],
  ["observed[1]", { ...samples.error, observed: ["x", "a b"] }],
  ["all", { ...samples.leaders, all: 1 }],
  ["type", { ...samples.error, type: "hello" }],
])("a frame whose %s is wrong is refused by that name", (field, frame) => {
  expect(() => parseServerMessage(JSON.stringify(frame))).toThrow(expect.objectContaining({ field }));
});

test("[S1] a grant names the statement that it goes by; one that joins a leadership goes by none", () => {
  const { sentAt: _, ...grant } = samples.grant as Grant & { readonly joined: false };
  const joined = { ...grant, joined: true };
  expect(parseServerMessage(JSON.stringify(joined))).toEqual(joined);
  expect(() => parseServerMessage(JSON.stringify(grant))).toThrow(expect.objectContaining({ field: "sentAt" }));
});

test.each(["restarted", "", "Revoked", 7, null, {}])(
  "a reason that is not known, such as %j, means revoked",
  (reason) => {
    const frame = JSON.stringify({ ...samples.revoke, reason });
    expect(parseServerMessage(frame)).toEqual(samples.revoke);
  },
);

test.each(["preempted", "transferred"])("the reason %s is read as it is", (reason) => {
  expect(parseServerMessage(JSON.stringify({ ...samples.revoke, reason }))).toMatchObject({ reason });
});

test("an error code that is not known yet reaches the client", () => {
  expect(parseServerMessage('{"type":"error","code":"new_code","message":"m"}')).toMatchObject({ code: "new_code" });
});

test("a server may add fields", () => {
  expect(parseServerMessage('{"type":"registered","component":"x","more":1}')).toEqual(samples.registered);
});

test("every sentAt that the server takes can be read when it is echoed", () => {
  const parse = clientMessageParser(DEFAULT_LIMITS);
  const anySentAt = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(anySentAt, (sentAt) => {
      const message = parse(encode({ type: "renew", sentAt, held: [] }));
      if (message.type !== "renew") throw new Error("not a renew");
      const echo = encode({ type: "renewed", sentAt: message.sentAt, held: [] });
      expect(parseServerMessage(echo)).toMatchObject({ sentAt: message.sentAt });
    }),
  );
});
