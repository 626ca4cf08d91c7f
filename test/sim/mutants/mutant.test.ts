import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { replaceOnce } from "../../../tools/harness/edited-sources.ts";
import { allMutants } from "./named.ts";

const edit = { file: "f.ts", from: "a < b", to: "a <= b" };

test("a mutant replaces its text in any white space", () => {
  expect(replaceOnce("if (a\n  < b) stop();", edit)).toBe("if (a <= b) stop();");
});

test("a mutant whose text is not there, or there twice, can't be made", () => {
  expect(() => replaceOnce("if (b > a) stop();", edit)).toThrow("0 places");
  expect(() => replaceOnce("a < b || a < b", edit)).toThrow("2 places");
});

test("every mutant breaks a rule of docs/RULES.md, and no two have the same name", () => {
  const rules = readFileSync(new URL("../../../docs/RULES.md", import.meta.url), "utf8");
  expect(allMutants.filter(({ rule }) => !rules.includes(`\n- **${rule}** `)).map(({ rule }) => rule)).toEqual([]);
  expect(new Set(allMutants.map(({ name }) => name)).size).toBe(allMutants.length);
});
