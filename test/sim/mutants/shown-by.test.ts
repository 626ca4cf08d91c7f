import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { lacks } from "../lacks.ts";
import { loadCores } from "./mutant.ts";
import { mutantNamed } from "./named.ts";
import { faultRow, partRow, parts, pastFaults, runsUntilFound } from "./shown-by.ts";

const contributing = readFileSync(new URL("../../../CONTRIBUTING.md", import.meta.url), "utf8");
const rows = contributing.split("\n").map((line) => line.replaceAll(/ +/g, " "));

test("CONTRIBUTING.md lists every part of the world and every fault of the past, with what finds it", () => {
  for (const row of [...parts.map(partRow), ...pastFaults.map(faultRow)]) expect(rows).toContain(row);
  expect(new Set(parts.map(({ lack }) => lack))).toEqual(new Set(Object.keys(lacks)));
});

test("a script finds every fault of the past", async () => {
  for (const { mutant } of pastFaults) {
    const { trace, edits } = mutantNamed(mutant);
    const cores = await loadCores(edits);
    expect(() => trace?.(cores), mutant).toThrow();
  }
});

/** The others are left to `npm run soak -- --moves`. */
const QUICK_RUNS = 4;

test.each(parts.filter(({ runs }) => runs <= QUICK_RUNS))(
  "$what: its mutant is found after $runs runs, and without it not in as many",
  async (part) => {
    expect(await runsUntilFound(part, part.runs)).toBe(part.runs);
    expect(await runsUntilFound(part, part.runs, part.lack)).toBeNull();
  },
);
