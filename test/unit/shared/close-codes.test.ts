import { expect, test } from "vitest";
import { CLOSE, type CloseAction, closeAction } from "../../../shared/protocol/close-codes.ts";

const table: readonly (readonly [number, CloseAction])[] = [
  [1000, "reconnect"],
  [1001, "reconnect"],
  [1006, "reconnect"],
  [1011, "reconnect"],
  [1012, "reconnect"],
  [1013, "reconnect"],
  [4400, "fatal"],
  [4401, "reauthenticate"],
  [4403, "fatal"],
  [4408, "reconnect"],
  [4409, "fresh"],
  [4413, "fatal"],
  [4426, "fatal"],
  [4429, "slow"],
  [4999, "reconnect"],
];

test.each(table)("a close with %i means: %s", (code, action) => {
  expect(closeAction(code)).toBe(action);
});

test("every code that the server uses stands in the table", () => {
  expect(table.map(([code]) => code)).toEqual(expect.arrayContaining(Object.values(CLOSE)));
});
