/** A wrong value: one sentence, whichever side refuses it. */
import { describe, expect, test } from "vitest";
import { clientMessageParser } from "../../../shared/protocol/client-codec.ts";
import { fittingReason } from "../../../shared/protocol/close-codes.ts";
import { shown } from "../../../shared/protocol/fields.ts";
import { DEFAULT_LIMITS } from "../../../shared/protocol/limits.ts";
import { wrong } from "../../support/wrong.ts";
import { FakeGroup } from "../client/fake-group.ts";

const parse = clientMessageParser(DEFAULT_LIMITS);

test.each<[unknown, string]>([
  ["a b", '"a b"'],
  ["", '""'],
  ["x".repeat(41), `"${"x".repeat(40)}"… (41 characters)`],
  ["a\nb\u0000", String.raw`"a\nb\u0000"`],
  ["\u202egro.live\u0085", '"‹U+202E›gro.live‹U+0085›"'],
  ["\ud83d", String.raw`"\ud83d"`],
  [`${"x".repeat(39)}😀`, `"${"x".repeat(39)}\\ud83d"… (41 characters)`],
  [1.5, "1.5"],
  [Number.NaN, "NaN"],
  [2n, "2"],
  [true, "true"],
  [undefined, "missing"],
  [null, "null"],
  [[1, 2], "a list of 2"],
  [{ secret: 1 }, "an object"],
  [() => 1, "a function"],
  [Symbol("secret"), "a symbol"],
])("[E21] %o is shown on one line, and only from outside", (value, text) => {
  expect(shown(value)).toBe(text);
});

describe("[E21] client and server say the same", () => {
  const client = () => new FakeGroup().client();
  const contender = { type: "register", component: "x", election: "dedicated" };
  test.each([
    ["a name", () => client().contend("a b"), { ...contender, component: "a b" }],
    ["a name that is too long", () => client().contend("x".repeat(200)), { ...contender, component: "x".repeat(200) }],
    ["a kind", () => client().contend("x", {}, { election: wrong("both") }), { ...contender, election: "both" }],
    [
      "a priority",
      () => client().contend("x", {}, { election: "dedicated", priority: wrong("high") }),
      { ...contender, priority: "high" },
    ],
    [
      "the name of a process",
      () => new FakeGroup().client({ process: { name: "x".repeat(200) } }),
      { type: "hello", sentAt: 1, process: { name: "x".repeat(200) } },
    ],
  ])("about %s", (_, call, frame) => {
    const sentence = (run: () => unknown): string => {
      try {
        run();
      } catch (error) {
        if (error instanceof Error) return error.message;
      }
      throw new Error("it was accepted");
    };
    const said = sentence(call);
    expect(said).toMatch(/^[\w.]+ must be .*; it is /);
    expect(sentence(() => parse(JSON.stringify(frame)))).toBe(said);
  });
});

describe("[E21] what may be a secret is not shown", () => {
  const hush = "hush ".repeat(20);
  test("a token", () => {
    const make = () => new FakeGroup().client({ token: hush });
    expect(make).toThrow("token must be one word of visible ASCII characters");
    expect(make).not.toThrow("hush");
  });

  test.each([
    ["the secret of a session", JSON.stringify({ type: "hello", sentAt: 1, resume: { sessionId: "s", secret: hush } })],
    ["a frame that is no JSON", hush],
  ])("%s", (_, frame) => {
    expect(() => parse(frame)).toThrow(/must be .*; it is a text that is not shown here$/);
  });
});

test("[E21] a reason is cut to what a close frame has room for, and never within a character", () => {
  expect(fittingReason("x".repeat(200))).toBe("x".repeat(123));
  expect(fittingReason("é".repeat(100))).toBe("é".repeat(61));
  expect(fittingReason(`${"x".repeat(121)}😀`)).toBe("x".repeat(121));
  expect(fittingReason(`a${"\ud83d"}`)).toBe("a");
});
