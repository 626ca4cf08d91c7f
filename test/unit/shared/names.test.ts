import { expect, test } from "vitest";
import { byteLength, isLonger } from "../../../shared/protocol/byte-length.ts";
import { type ElectionName, electionOf, isElectionName, isName } from "../../../shared/protocol/names.ts";
import { unreachable } from "../../../shared/unreachable.ts";
import { wrong } from "../../support/wrong.ts";

test.each(["a", "A-Z_0.9:/", "...", ".a", "a.", "component:x", "x".repeat(128)])("%j is a name", (text) => {
  expect(isName(text)).toBe(true);
});

test.each(["", ".", "..", "a b", "ä", "a\n", "\na", "a%", "x".repeat(129), null, 1, ["a"]])(
  "%j is no name",
  (value) => {
    expect(isName(value)).toBe(false);
  },
);

test("an election is the process election or that of one component", () => {
  expect(electionOf("x")).toBe("process");
  expect(electionOf("x", "process")).toBe("process");
  expect(electionOf("x", "dedicated")).toBe("component:x");
  const valid: ElectionName[] = ["process", "component:x", "component:process", `component:${"x".repeat(128)}`];
  for (const name of valid) expect(isElectionName(name)).toBe(true);
  for (const name of ["", "component:", "component:a b", "Process", `component:${"x".repeat(129)}`, null, 1]) {
    expect(isElectionName(name)).toBe(false);
  }
});

test.each(["", "a", "ä", "€", "😀", "a😀ä€"])("the bytes of %j are counted as UTF-8", (text) => {
  const bytes = new TextEncoder().encode(text).length;
  expect(byteLength(text)).toBe(bytes);
  expect([bytes - 1, bytes, 3 * text.length].map((most) => isLonger(text, most))).toEqual([true, false, false]);
});

test("a type that has lied is noticed at run time", () => {
  expect(() => unreachable(wrong({ type: "new" }))).toThrow("new");
});
