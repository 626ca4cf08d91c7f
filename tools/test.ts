import { rm } from "node:fs/promises";
import { build } from "./build.ts";
import { inRepository } from "./paths.ts";
import { vitestReport } from "./reports.ts";
import { run } from "./run.ts";

const compiled = inRepository(".tsbuild/compiled");

/**
 * `npm test`: builds what the tests start, then runs every tier. vitest gets the arguments after `--`, for example
 * `npm test -- --project unit lease`.
 */
async function main(): Promise<number> {
  await rm(vitestReport, { force: true });
  // The tests start the same programs many times: from the second time on, Node need not strip and compile them.
  await rm(compiled, { recursive: true, force: true }); // it would grow by what runs in temporary folders
  process.env["NODE_COMPILE_CACHE"] = compiled;
  await build();
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${vitestReport}`];
  const tests = await run("vitest", ["run", ...reporters, ...process.argv.slice(2)], "show");
  return tests.exitCode;
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
