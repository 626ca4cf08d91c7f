import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { inRepository } from "../../../tools/paths.ts";
import { applied, mutationsOf } from "./mutations.ts";
import { whatKills } from "./stages.ts";
import { isAbout, survivors } from "./survivors.ts";

/** The source with the first change of this text. */
function changed(file: string, source: string, text: string): string {
  const mutation = mutationsOf(file, source).find(({ from }) => from === text);
  if (mutation === undefined) throw new Error(`${file} has nothing to change that reads ${text}`);
  return applied(source, mutation);
}

const changes = (source: string): string[] =>
  mutationsOf("f.ts", source).map(({ kind, from, to }) => `${kind}: ${from} -> ${to}`);

test.each([
  ["x = a <= b;", ["boundary: a <= b -> a < b", "operator: a <= b -> a > b", "statement: x = a <= b; -> ;"]],
  ["const x = a && b;", ["operator: a && b -> (a) || (b)", "condition: a && b -> (a)", "condition: a && b -> (b)"]],
  ["const x = !a;", ["condition: !a -> a"]],
  ["const x = a ? b : c;", ["condition: a ? b : c -> (b)", "condition: a ? b : c -> (c)"]],
  ["const x = 20;", ["constant: 20 -> (20 * 2)", "constant: 20 -> 0"]],
  ["const x = true;", ["constant: true -> false"]],
  ["const x = Math.min(a);", ["bound: Math.min -> Math.max"]],
  ["const x = a.filter(b);", ["filter: a.filter(b) -> a"]],
  ["if (a) b = c;", ["condition: a -> true", "condition: a -> false"]],
  ["function f() { return; }", ["statement: return; -> ;"]],
  ["a(); b();", ["order: a(); b(); -> b(); a();", "statement: a(); -> ;", "statement: b(); -> ;"]],
])("%s is changed in each way", (source, expected) => {
  expect(changes(source).sort()).toEqual([...expected].sort());
});

test.each(["type T = 1 | true;", 'import { a } from "./b.ts";', "throw new Error(`${a + b}`);", 'const x = "text";'])(
  "%s says nothing that a rule speaks of",
  (source) => {
    expect(changes(source)).toEqual([]);
  },
);

test("a change leaves the rest of the source as it was, and is told with its line", () => {
  const source = "const a = 1;\nconst b = a < 2;\n";
  expect(mutationsOf("f.ts", source).map(({ line }) => line)).toEqual([1, 1, 2, 2, 2, 2]);
  expect(changed("f.ts", source, "a < 2")).toBe("const a = 1;\nconst b = a <= 2;\n");
});

test.each(survivors)("$file: $within is a mutant of today, if $to takes the place of $from", (survivor) => {
  const all = mutationsOf(survivor.file, readFileSync(inRepository(survivor.file), "utf8"));
  expect(all.filter((mutation) => isAbout(survivor, mutation))).toHaveLength(1);
});

test("the simulator finds a fault that was made by rule, and finds none where there is none", async () => {
  const file = "worker/group/terms.ts";
  const source = readFileSync(inRepository(file), "utf8");
  expect(await whatKills(file, changed(file, source, "!isHeld(election)"), "quick")).toMatch(/^script /);
  expect(await whatKills(file, "this is no source", "quick")).toBe("it does not load");
});
