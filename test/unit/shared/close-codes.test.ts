import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { CLOSE, type CloseMeaning, closeAction, closeMeaning } from "../../../shared/protocol/close-codes.ts";
import { inRepository } from "../../../tools/paths.ts";

type Row = readonly [number, CloseMeaning["action"], CloseMeaning["error"]];

const table: readonly Row[] = [
  [1000, "reconnect", "connection_lost"],
  [1001, "reconnect", "connection_lost"],
  [1006, "reconnect", "connection_lost"],
  [1011, "reconnect", "connection_lost"],
  [1012, "reconnect", "connection_lost"],
  [1013, "slow", "connection_lost"],
  [4400, "fatal", "protocol_error"],
  [4401, "reauthenticate", "unauthorized"],
  [4403, "fatal", "unauthorized"],
  [4408, "reconnect", "connection_lost"],
  [4409, "fresh", "connection_lost"],
  [4413, "fatal", "protocol_error"],
  [4426, "fatal", "protocol_error"],
  [4429, "slow", "connection_lost"],
  [4999, "reconnect", "connection_lost"],
];

test.each(table)("a close with %i means: %s, and is reported as %s", (code, action, error) => {
  expect(closeMeaning(code)).toEqual({ action, error, message: expect.stringMatching(/\w/) });
  for (const asksForToken of [true, false]) expect(closeAction(code, { refusals: 4, asksForToken })).toBe(action);
});

test("[N12] a fixed token that is refused for the fifth time is given up; one that is asked for is waited for", () => {
  expect(closeAction(CLOSE.unauthorized, { refusals: 5, asksForToken: false })).toBe("fatal");
  expect(closeAction(CLOSE.unauthorized, { refusals: 5, asksForToken: true })).toBe("slow");
  expect(closeAction(1006, { refusals: 5, asksForToken: true })).toBe("reconnect");
});

test("every code that the server uses stands in the table", () => {
  expect(table.map(([code]) => code)).toEqual(expect.arrayContaining(Object.values(CLOSE)));
});

test("PROTOCOL.md has a row for every code of the protocol's own, and says which are fatal", async () => {
  const page = await readFile(inRepository("PROTOCOL.md"), "utf8");
  for (const code of Object.values(CLOSE).filter((one) => one >= 4_000)) {
    const row = page.split("\n").find((line) => line.startsWith(`| ${code} `)) ?? "";
    expect(row, `a row for ${code}`).not.toBe("");
    expect(row.includes("fatal"), `${code} is fatal`).toBe(closeMeaning(code).action === "fatal");
  }
});
