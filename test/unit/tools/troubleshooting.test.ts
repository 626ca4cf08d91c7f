/** docs/TROUBLESHOOTING.md names every code of an error, of the command line too, and every close code. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { CLOSE, closeMeaning } from "../../../shared/protocol/close-codes.ts";
import { inRepository } from "../../../tools/paths.ts";
import { sourceFiles } from "../../../tools/source-files.ts";

/** How the sources make an error with a code: for users, as a status, and as a message. */
const MADE = [
  /new (?!LeadershipLost)\w*Error\(\s*(?:known\?\.code \?\? )?"([a-z_]+)"/g,
  /super\("([a-z]+_[a-z]+)"/g,
  /\b(?:refuseWith|problem|refusal)\(\s*\d{3},\s*"([a-z_]+)"/g,
  /\brefused?\(\s*"([a-z_]+)"/g,
];

/** How the command line makes a failure of its own. */
const MADE_BY_COMMANDS = [/\bcode: "([a-z_]+)"/g, /\b(?:failed|noSuccessor)\(\s*"([a-z_]+)"/g];

const page = await readFile(inRepository("docs/TROUBLESHOOTING.md"), "utf8");
const firstCells = page.split("\n").flatMap((line) => /^\| ([^|]+) \|/.exec(line)?.[1]?.trim() ?? []);

test("every code that the product gives an error stands in a table of the page, and no other", async () => {
  const made = new Set<string>(Object.values(CLOSE).map((code) => closeMeaning(code).error));
  for (const file of await sourceFiles(["client", "shared", "worker"])) {
    const text = await readFile(inRepository(file), "utf8");
    for (const form of MADE) for (const [, code = ""] of text.matchAll(form)) made.add(code);
  }
  for (const file of await sourceFiles(["cli"])) {
    const text = await readFile(inRepository(file), "utf8");
    for (const form of MADE_BY_COMMANDS) for (const [, code = ""] of text.matchAll(form)) made.add(code);
  }
  const listed = firstCells.flatMap((cell) => /^`([a-z_]+)`$/.exec(cell)?.[1] ?? []);
  expect([...new Set(listed)].sort()).toEqual(listed.sort());
  expect(listed.sort()).toEqual([...made].sort());
});

test("every close code stands in its table", () => {
  const listed = firstCells.filter((cell) => /^\d{4}/.test(cell)).flatMap((cell) => cell.split(", ").map(Number));
  expect(listed).toEqual(expect.arrayContaining([...Object.values(CLOSE), 1006]));
});

test("every exit code of a failure of the command line is one that docs/CLI.md explains", async () => {
  const explained = await readFile(inRepository("docs/CLI.md"), "utf8");
  const [, section = ""] = /^## The command line$([\s\S]*?)^## /m.exec(page) ?? [];
  const rows = [...section.matchAll(/^\| `[a-z_]+` +\| ([\d, ]+?) +\|/gm)].flatMap(([, codes = ""]) =>
    codes.split(", "),
  );
  expect(rows.length).toBeGreaterThan(10);
  for (const code of rows) expect(explained).toMatch(new RegExp(code === "143" ? "128 \\+ n" : `^\\| ${code} `, "m"));
});
