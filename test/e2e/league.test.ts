/** The league of this project alone, small: `npm run league` is the whole, with its peers. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runNode } from "../../tools/harness/child-process.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";

test("[S2] [S13] in the league, leaders whose process is stopped are succeeded, and never led beside their successors", async () => {
  await using folder = await temporaryFolder();
  const json = join(folder.path, "league.json");
  const few = ["--elections", "3", "--faults", "3", "--lease", "2"];
  const league = runNode("bench/league/league.main.ts", [
    ...["--products", "^ours$", "--only", "^stop$", "--judged", "--json", json],
    ...few,
  ]);
  const { code } = await league.ended;
  expect(code, league.output()).toBe(0);
  const { results, omitted } = JSON.parse(readFileSync(json, "utf8"));
  expect(omitted).toEqual([]);
  expect(results).toMatchObject([
    { product: "edge-election", fault: "stop", overlaps: { count: 0 }, lostFenced: { updates: 0 } },
  ]);
  expect(results[0].faults).toBeGreaterThanOrEqual(3);
  expect(results[0].told.count).toBeGreaterThan(0);
});
