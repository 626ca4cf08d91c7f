import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { EXIT } from "../../../cli/failure.ts";

test("docs/CLI.md explains every exit code, and no other", async () => {
  const text = await readFile(new URL("../../../docs/CLI.md", import.meta.url), "utf8");
  const [, section = ""] = text.split("\n## Exit codes\n");
  const explained = [...(section.split("\n## ")[0] ?? "").matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => Number(code));
  expect(explained).toEqual(Object.values(EXIT));
});
