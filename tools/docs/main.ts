/**
 * `npm run docs`: builds, writes the API reference, and brings the quoted numbers up to date.
 *
 * Entry of the room `tools/docs`: keeps the pages true. `tools/`, `bench/` and tests import it; it imports `tools/`. It
 * never writes a page by hand: only marked numbers and docs/api.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { build } from "../build.ts";
import { inRepository } from "../paths.ts";
import { measurements, withMeasured } from "./measured.ts";
import { pagePaths } from "./pages.ts";
import { referencePages } from "./reference.ts";

async function main(): Promise<void> {
  await build();
  await mkdir(inRepository("docs/api"), { recursive: true });
  for (const [path, content] of await referencePages()) await writeFile(inRepository(path), content);
  const measured = await measurements();
  for (const path of await pagePaths()) {
    const before = await readFile(inRepository(path), "utf8");
    const after = withMeasured(before, measured);
    if (after !== before) await writeFile(inRepository(path), after);
  }
}

await main();
