import { readFile } from "node:fs/promises";
import { setImmediate as task } from "node:timers/promises";
import { expect, test } from "vitest";
import { Churn } from "../../../bench/peers/churn.ts";
import type { Contender } from "../../../bench/peers/contender.ts";
import { requireClient, requireFile, requireProgram } from "../../../bench/peers/installed.ts";
import { pointsOf } from "../../../bench/peers/points.ts";
import { inWords } from "../../../bench/peers/words.ts";
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

  expect(Object.keys(dependencies)).toEqual(typed.sort());
  expect(Object.values(dependencies).filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  expect(await read("package-lock.json")).not.toContain('"resolved"');
});

test.each([
  ["ms", 2, 3, "ours is slower, by a factor of 1.50"],
  ["ms", 30, 2, "ours is faster, by a factor of 15"],
  ["ms", 100, 101, "ours is slower, by a factor of 1.01"],
  ["per s", 900, 600, "ours is slower, by a factor of 1.50"],
  ["per s", 600, 900, "ours is faster, by a factor of 1.50"],
] as const)("a comparison in %s of %d with ours of %d says which is faster", (unit, theirs, ours, words) => {
  expect(inWords(theirs, ours, unit)).toBe(words);
});

test("many elections hand over as often as they can, each from its leader to the one that waits", async () => {
  const elections = new Map<string, Queue>();
  const connect = async (name: string) => {
    const queue = elections.get(name) ?? new Queue();
    elections.set(name, queue);
    return queue.contender();
  };
  const churn = await Churn.of(3, connect);

  expect(await churn.rate(1, someTasks)).toBeGreaterThan(0);
  const counts = [...elections.values()].map(({ resigned }) => resigned);
  expect(Math.min(...counts)).toBeGreaterThan(0);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  await churn.close();
});

test("a hand-over that fails ends the measurement of the others", async () => {
  const churn = await Churn.of(1, async () => ({
    ...new Queue().contender(),
    resign: () => Promise.reject(new Error("broken")),
  }));
  await expect(churn.rate(1, someTasks)).rejects.toThrow("broken");
});

async function someTasks(): Promise<void> {
  for (let index = 0; index < 20; index++) await task();
}

/** One election in memory: whoever has stood the longest leads. */
class Queue {
  resigned = 0;
  #queue: (() => void)[] = [];

  contender(): Contender {
    return {
      stand: async (lead) => {
        this.#queue.push(lead);
        if (this.#queue.length === 1) lead();
      },
      resign: async () => {
        await task();
        this.resigned += 1;
        this.#queue.shift();
        this.#queue[0]?.();
      },
      close: () => undefined,
    };
  }
}
