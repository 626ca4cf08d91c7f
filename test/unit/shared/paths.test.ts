import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isName } from "../../../shared/protocol/names.ts";
import { groupPath, namesInPath } from "../../../shared/protocol/paths.ts";
import { inRepository } from "../../../tools/paths.ts";
import { sourceFiles } from "../../../tools/source-files.ts";

const name = fc.stringMatching(/^[A-Za-z0-9._:/-]{1,128}$/).filter(isName);

test("[E7] a URL keeps every part of a path, whatever the names look like", () => {
  fc.assert(
    fc.property(name, name, (group, component) => {
      const { pathname } = new URL(`https://host/base${groupPath(group, "leaders", component)}`);
      const parts = pathname.split("/").map(decodeURIComponent);
      expect(parts).toEqual(["", "base", "v1", "groups", group, "leaders", component]);
    }),
  );
  expect(namesInPath({ group: "x/../y", election: "component:a/b" })).toEqual({
    group: "x%2F..%2Fy",
    election: "component%3Aa%2Fb",
  });
});

test("[E7] no other source writes a path with a name in it", async () => {
  const files = await sourceFiles(["cli", "client", "shared", "testing", "tools", "worker"]);
  const writers: string[] = [];
  for (const file of files) {
    if (/\/v1\/groups\/\$\{/.test(await readFile(inRepository(file), "utf8"))) writers.push(file);
  }
  expect(writers).toEqual(["shared/protocol/paths.ts"]);
});
