import { expect, test } from "vitest";
import { isSame } from "../../../shared/same.ts";

const state = () => ({ until: Infinity, terms: [{ epoch: 7, held: ["a", "b"] }], session: null, name: "one" });

test("values are alike by what is in them, however deep, and not by where they are kept", () => {
  expect(isSame(state(), state())).toBe(true);
  expect(isSame({ list: [Number.NaN] }, { list: [Number.NaN] })).toBe(true);
});

test.each([
  ["a number", { ...state(), until: 1 }],
  ["null, where there was a number", { ...state(), until: null }],
  ["an object, where there was null", { ...state(), session: {} }],
  ["an entry more", { ...state(), terms: [...state().terms, { epoch: 8, held: [] }] }],
  ["an entry less", { ...state(), terms: [] }],
  ["something deep inside", { ...state(), terms: [{ epoch: 7, held: ["a", "c"] }] }],
  ["a field more", { ...state(), more: 0 }],
])("values differ by %s, in either order", (_, other) => {
  expect(isSame(state(), other)).toBe(false);
  expect(isSame(other, state())).toBe(false);
});
