/** What the pages show is run as it stands there, but for where the package lies. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../tools/harness/folder.ts";
import { inRepository } from "../../../tools/paths.ts";

/** The block of code on this page that has this text in it. */
async function blockOf(page: string, text: string): Promise<string> {
  const blocks = [...(await readFile(inRepository(page), "utf8")).matchAll(/```[jt]s[^\n]*\n(.*?)```/gs)];
  const found = blocks.flatMap(([, block = ""]) => (block.includes(text) ? [block] : []));
  if (found.length !== 1) throw new Error(`${page} has ${found.length} blocks with "${text}"`);
  return (found[0] ?? "").replaceAll('"edge-election/testing"', JSON.stringify(inRepository("testing/index.ts")));
}

async function run(source: string, ...parameters: string[]): Promise<{ code: unknown; output: string }> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "block.mts");
  await writeFile(file, source);
  const child = spawn(process.execPath, [...parameters, file], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const [code] = await once(child, "close");
  return { code, output };
}

test("docs/TESTING.md: the example for node:test passes", async () => {
  const { code, output } = await run(await blockOf("docs/TESTING.md", "node:test"), "--test", "--test-reporter=tap");
  expect(output).toMatch(/# pass 1\n# fail 0/);
  expect(code).toBe(0);
});

test("docs/TESTING.md: the example for vitest passes, with Node's runner in vitest's place", async () => {
  const block = await blockOf("docs/TESTING.md", "I have just lost the lead");
  const stand = `
    import assert from "node:assert/strict";
    import { test } from "node:test";
    const expect = (found: unknown) => ({ toEqual: (wanted: unknown) => assert.deepEqual(found, wanted) });
  `;
  const source = block.replace('import { expect, test } from "vitest";\n', stand);
  const { output } = await run(source, "--test", "--test-reporter=tap");
  expect(output).toMatch(/# pass 1\n# fail 0/);
});
