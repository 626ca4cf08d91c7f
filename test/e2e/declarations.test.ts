/** The declarations of the package, as a strict project compiles them that has no types but those of its platform. */
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runProgram } from "../../tools/harness/child-process.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DOM = ["es2022", "dom"];

test.each([
  ["edge-election", DOM, []],
  ["edge-election/node", DOM, []],
  ["edge-election/node", DOM, ["node"]],
  ["edge-election/fence", DOM, []],
  ["edge-election/testing", DOM, []],
  ["edge-election/react", DOM, ["react"]],
  ["edge-election/worker", ["es2022"], ["@cloudflare/workers-types"]],
])("[E1] %s compiles with every library checked: lib %j, types %j", async (entry, lib, types) => {
  await using folder = await temporaryFolder();
  const modules = join(folder.path, "node_modules");
  await mkdir(modules);
  await symlink(ROOT, join(modules, "edge-election"));
  await writeFile(
    join(folder.path, "main.ts"),
    `import * as all from "${entry}";\nexport const given: object = all;\n`,
  );
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: "es2022",
    module: "nodenext",
    lib,
    types: types.map((name) => join(ROOT, "node_modules", name.startsWith("@") ? name : `@types/${name}`)),
    skipLibCheck: false,
  };
  await writeFile(join(folder.path, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["main.ts"] }));
  const compiler = runProgram(join(ROOT, "node_modules/.bin/tsc"), ["--project", folder.path]);
  const { code } = await compiler.ended;
  expect([compiler.output(), code]).toEqual(["", 0]);
});
