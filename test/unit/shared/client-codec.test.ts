import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clientMessageParser } from "../../../shared/protocol/client-codec.ts";
import { encode } from "../../../shared/protocol/codec.ts";
import { InvalidField } from "../../../shared/protocol/fields.ts";
import { DEFAULT_LIMITS } from "../../../shared/protocol/limits.ts";
import { badFrames, fieldNames, goodMessages } from "../../support/client-messages.ts";
import { clientMessage } from "./arbitraries.ts";

const parse = clientMessageParser(DEFAULT_LIMITS);

/** What the parser throws for a frame; the test fails where it throws nothing, or something else. */
function refusal(frame: unknown): InvalidField {
  try {
    parse(frame);
  } catch (error) {
    if (error instanceof InvalidField) return error;
    throw error;
  }
  throw new Error("the frame was accepted");
}

describe("[E2] a frame with one wrong field is refused, and the field is named", () => {
  test.each(badFrames)("$type: $what", ({ frame, field }) => {
    const { field: named, message } = refusal(frame);
    expect(named).toBe(field);
    expect(message).toContain(field || "message");
    // The rule fits the reason of a close frame; of the value there may be less.
    expect(message.split("; it is ")[0]?.length).toBeLessThanOrEqual(115);
  });
});

test("[E2] the table is as large as it looks: each required field is missing once, each field is null once", () => {
  expect(badFrames.length).toBeGreaterThan(400);
  expect(badFrames.filter(({ what }) => what.includes("missing")).length).toBe(17);
  expect(badFrames.filter(({ what }) => what.endsWith("null")).length).toBeGreaterThanOrEqual(30);
});

test.each([
  ["an ArrayBuffer", new ArrayBuffer(8)],
  ["bytes that spell JSON", new TextEncoder().encode('{"type":"bye"}')],
  ["an object", { type: "bye" }],
  ["nothing", undefined],
  ["null", null],
])("[E2] %s is not a text frame", (_what, frame) => {
  expect(refusal(frame).field).toBe("");
});

test.each(goodMessages)("the smallest $type is accepted as it is", (message) => {
  expect(parse(encode(message))).toEqual(message);
});

test("unknown fields are ignored, at every depth, prototypes included", () => {
  expect(parse('{"type":"bye","more":1,"__proto__":{"x":1}}')).toEqual({ type: "bye" });
  const hello = '{"type":"hello","sentAt":1,"contenders":[{"component":"x","leader":true}],"process":{"pid":1}}';
  expect(parse(hello)).toEqual({ type: "hello", sentAt: 1, contenders: [{ component: "x" }], process: {} });
});

test("a field that only the prototype has is missing", () => {
  expect(refusal('{"type":"deregister","__proto__":{"component":"x"}}').field).toBe("component");
});

test("the limits themselves are accepted", () => {
  const x = (length: number) => "x".repeat(length);
  const messages = [
    { type: "deregister", component: x(128) },
    { type: "resign", leaderSessionId: x(64), successor: x(64) },
    { type: "priority", priority: -1_000_000 },
    { type: "priority", priority: 1_000_000 },
    { type: "confirm", id: "i", component: "x", leaderSessionId: "l", address: x(2_048), metadata: { k: x(2_040) } },
    { type: "confirm", id: "i", component: "x", leaderSessionId: "l", address: "", metadata: {} },
    { type: "renew", sentAt: -0.5, held: Array.from({ length: 4_096 }, () => "l") },
    { type: "release", leaderSessionId: "l", sentAt: 0, busy: ["process", `component:${x(128)}`] },
    { type: "hello", sentAt: 0, process: { name: x(128) } },
    { type: "hello", sentAt: 0, resume: { sessionId: "s", secret: "t", attempt: Number.MAX_SAFE_INTEGER } },
  ];
  for (const message of messages) expect(parse(JSON.stringify(message))).toEqual(message);
});

test("the size of metadata is the deployment's, in bytes of its JSON", () => {
  const small = clientMessageParser({ metadataBytes: 12 });
  const frame = (value: string) =>
    encode({ type: "confirm", id: "i", component: "x", leaderSessionId: "l", metadata: { k: value } });
  expect(small(frame("abcd"))).toMatchObject({ metadata: { k: "abcd" } });
  expect(small(frame("ää"))).toMatchObject({ metadata: { k: "ää" } });
  expect(() => small(frame("abcde"))).toThrow(InvalidField);
  expect(() => small(frame("äää"))).toThrow(InvalidField);
});

test("every message of a client survives the wire", () => {
  fc.assert(
    fc.property(clientMessage, (message) => {
      expect(parse(encode(message))).toEqual(message);
    }),
  );
});

test("[E2] any JSON and any text give a message or InvalidField, and nothing else", () => {
  const total = (frame: string) => {
    try {
      expect(parse(frame)).toHaveProperty("type");
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidField);
    }
  };
  fc.assert(fc.property(fc.json(), total));
  fc.assert(fc.property(fc.string({ unit: "binary" }), total));
  const types = fc.constantFrom(...goodMessages.map(({ type }) => type));
  const almost = fc.tuple(types, fc.dictionary(fc.constantFrom(...fieldNames), fc.jsonValue()));
  fc.assert(fc.property(almost, ([type, fields]) => total(JSON.stringify({ ...fields, type }))));
});

test("deeply nested JSON is refused like any other", () => {
  const depth = 60_000;
  expect(refusal(`${"[".repeat(depth)}${"]".repeat(depth)}`).field).toBe("");
  const nested = `{"type":"hello","sentAt":1,"process":${'{"metadata":'.repeat(depth)}1${"}".repeat(depth)}}`;
  expect(refusal(nested).field).toBe("process.metadata");
});
