import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { requireClient, requireFile, requireProgram } from "../../../bench/peers/installed.ts";
import { pointsOf } from "../../../bench/peers/points.ts";
import { Skipped } from "../../../bench/row.ts";
import { inRepository } from "../../../tools/paths.ts";

const ABSENT: string = "a-package-that-nobody-has";

test("a peer whose client, program or file is missing is skipped, and the row says what to install", async () => {
  const skipped = [
    requireClient<unknown>(ABSENT, () => import(ABSENT)),
    requireProgram(ABSENT, "its-package"),
    requireFile(`/${ABSENT}`, "its-package"),
  ].map((attempt) => attempt.catch((error: unknown) => error));
  const [client, program, file] = await Promise.all(skipped);

  expect(client).toBeInstanceOf(Skipped);
  expect(client).toHaveProperty("message", `the npm package ${ABSENT} is not installed: npm ci --prefix bench/peers`);
  expect(program).toHaveProperty("message", `${ABSENT} is not installed: apt-get install its-package`);
  expect(file).toBeInstanceOf(Skipped);
});

test("a client that is there and fails makes its row fail, not vanish", async () => {
  const broken = new Error("broken");
  await expect(requireClient("broken", () => Promise.reject(broken))).rejects.toBe(broken);
});

test.each([10, 20, 100])("%i points of an interval fall into each fifth of it alike", (count) => {
  const points = pointsOf(3_000);
  const fifths = [0, 0, 0, 0, 0];
  for (let index = 0; index < count; index++) {
    const fifth = Math.floor(points.next().value / 600);
    fifths[fifth] = (fifths[fifth] ?? 0) + 1;
  }

  for (const hits of fifths) expect(Math.abs(hits - count / 5)).toBeLessThanOrEqual(1);
});

test("the peers' package has every client that is typed here, and its lock names no address", async () => {
  const read = (file: string): Promise<string> => readFile(inRepository(`bench/peers/${file}`), "utf8");
  const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(await read("package.json"));
  const typed = [...(await read("clients.d.ts")).matchAll(/^declare module "(.+)"/gm)].map(([, name]) => name);
  const inPages = ["tab-election"];

  expect(Object.keys(dependencies)).toEqual([...typed, ...inPages].sort());
  expect(Object.values(dependencies).filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  expect(await read("package-lock.json")).not.toContain('"resolved"');
});
