/** Every configuration that users copy runs the Worker with the settings that are shipped and tested. */
import { glob, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { parseRuntimeSettings, runtimeSettings } from "../../../cli/backend/worker-bundle.ts";
import { workerdConfig } from "../../../cli/backend/workerd-config.ts";
import { readPages } from "../../../tools/docs/pages.ts";
import { inRepository } from "../../../tools/paths.ts";

const shipped = await runtimeSettings();
const pages = await readPages();
/** Where it stands, and its text. */
type Found = readonly [where: string, code: string];

const blocksOf = (wanted: string): Found[] =>
  pages.flatMap(({ path, blocks }) =>
    blocks.filter(({ language }) => language === wanted).map(({ line, code }): Found => [`${path}:${line}`, code]),
  );

test("the configuration for machines of one's own is the text that this project runs", () => {
  const text = workerdConfig({
    ...shipped,
    host: "127.0.0.1",
    port: 8787,
    bundleFile: "worker.bundle.js",
    dataDirectory: "data",
    assetsDirectory: "assets",
    bindings: {},
    fromEnvironment: ["AUTH_SECRET"],
  });
  expect(blocksOf("capnp").map(([, code]) => `${code.trim()}\n`)).toEqual([text]);
});

test("every Worker that has the groups has the compatibility settings of the one that is shipped", async () => {
  const found = blocksOf("toml");
  for await (const file of glob("examples/*/wrangler.toml", { cwd: inRepository("") })) {
    found.push([file, await readFile(inRepository(file), "utf8")]);
  }
  const owners = found.filter(([, toml]) => /new_sqlite_classes = .*"ElectionGroup"/.test(toml));
  expect(owners.length).toBeGreaterThan(2);
  for (const [where, toml] of owners) expect([where, parseRuntimeSettings(toml)]).toEqual([where, shipped]);
});
