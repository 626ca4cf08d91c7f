import { expect, test } from "vitest";
import { allLegible, legible, legibleJson } from "../../../shared/legible.ts";

test("invisible parts of a name are shown: marks of direction, controls, breaks, invisible characters", () => {
  expect(legible("\u202egro.live\u202c")).toBe("‹U+202E›gro.live‹U+202C›");
  expect(legible("a\u0000b\tc\nd\u2028e\u200bf\ufeffg")).toBe(
    "a‹U+0000›b‹U+0009›c‹U+000A›d‹U+2028›e‹U+200B›f‹U+FEFF›g",
  );
  expect(legible("\u2067x\u2069")).toBe("‹U+2067›x‹U+2069›");
});

test("names in natural writing stay as they are, joined emoji and scripts of any direction included", () => {
  for (const name of ["api-1", "ملف العميل", "👩‍👩‍👧 family", "<img onerror=1>", "می‌خواهم"])
    expect(legible(name)).toBe(name);
});

test("every text of an answer is made legible, also where another type was promised", () => {
  expect(allLegible({ a: ["\u202ex", { "b\n": "\u009b2J" }], epoch: "\u001b", n: 1, none: null, yes: true })).toEqual({
    a: ["‹U+202E›x", { "b‹U+000A›": "‹U+009B›2J" }],
    epoch: "‹U+001B›",
    n: 1,
    none: null,
    yes: true,
  });
});

test("JSON for people has no invisible character in it, and reads back as the same value", () => {
  const value = { name: "\u202ea\u009bb\u2028c\u001bd\u{e0001}e", plain: "ä👩‍👩‍👧" };
  const text = legibleJson(value);
  expect(text).toBe(legible(text));
  expect(JSON.parse(text)).toEqual(value);
});
