import { expect, test } from "vitest";
import { conclusionOf, type Report } from "../../../bench/report.ts";
import { type Row, Skipped } from "../../../bench/row.ts";
import { Run } from "../../../bench/run.ts";

const untouched = (): never => {
  throw new Error("rows of a test are compared with nothing");
};
const bench = { floor: { url: untouched, another: untouched, [Symbol.asyncDispose]: untouched } };

const row = (id: string, measure: Row["measure"]): Row => ({ id, name: `the row ${id}`, unit: "ms", measure });

async function runOf(rows: readonly Row[], strayInTheEnd?: Error) {
  const printed: string[] = [];
  const saved: Report[] = [];
  const run = new Run(bench, {
    print: (text) => void printed.push(text),
    save: async (report) => void saved.push(structuredClone(report)),
    patienceMs: 20,
  });
  await run.takeAll(rows);
  if (strayInTheEnd !== undefined) run.stray(strayInTheEnd);
  return { run, printed: printed.join("\n"), saved };
}

const fine = row("fine", async () => ({ samples: [3, 1, 2], reference: { name: "F", value: 2 } }));
const broken = row("broken", async () => {
  throw new Error("it broke");
});

test("a row that fails, one that is skipped and one that hangs do not keep the others from being measured", async () => {
  const absent = row("absent", async () => {
    throw new Skipped("not installed: install it");
  });
  const hanging = row("hanging", () => new Promise(() => undefined));
  const { run, printed } = await runOf([broken, absent, hanging, fine]);
  const { results, failed, skipped } = run.report();

  expect(results.map(({ row: id }) => id)).toEqual(["fine"]);
  expect(failed).toEqual([
    { row: "broken", why: "it broke" },
    { row: "hanging", why: "not done within 0.02 s" },
  ]);
  expect(skipped).toEqual([{ row: "absent", why: "not installed: install it" }]);
  expect(printed).toContain("the row absent: skipped, not installed: install it");
  expect(printed).toContain("broken: FAILED, it broke");
});

test("a result has its numbers, what it is compared with, the verdict, the load and how long it took", async () => {
  const { run } = await runOf([{ ...fine, bounds: [{ of: "ratio", most: 0.9 }] }]);
  expect(run.report().results).toEqual([
    {
      ...{ row: "fine", name: "the row fine", unit: "ms" },
      ...{ n: 3, min: 1, p50: 2, p95: 3, p99: 3, max: 3 },
      ...{ reference: { name: "F", value: 2 }, ratio: 1, target: "ratio <= 0.9", verdict: "missed" },
      ...{ load: expect.any(Number), seconds: expect.any(Number) },
    },
  ]);
});

test("an error that nobody waited for fails the row at work", async () => {
  const { run } = await runOf([fine], new Error("out of the blue"));
  expect(run.report().failed).toEqual([{ row: "fine", why: "out of the blue" }]);
});

test("a row that fails by such an error has no result, even if it goes on to measure", async () => {
  const run: Run = new Run(bench, { print: () => undefined, save: async () => undefined });
  const met = { ...fine, bounds: [{ of: "ratio", most: 2 }] } as const;
  const measure: Row["measure"] = (given) => {
    run.stray(new Error("out of the blue"));
    return fine.measure(given);
  };
  await run.takeAll([
    { ...met, measure },
    { ...met, id: "next" },
  ]);
  expect(run.report()).toMatchObject({ results: [{ row: "next", verdict: "met" }], failed: [{ row: "fine" }] });
});

test("a run's conclusion names what missed its target, and what has no number: that meets none", async () => {
  const absent = row("absent", async () => {
    throw new Skipped("not installed: install it");
  });
  const slow = { ...fine, id: "slow", bounds: [{ of: "ratio", most: 0.9 }] } as const;
  const conclusion = async (rows: readonly Row[]) => conclusionOf((await runOf(rows)).run.report());

  expect(await conclusion([fine])).toBe("no measured target is missed");
  expect(await conclusion([broken, fine, absent])).toBe(
    "no measured target is missed; failed: broken; skipped: absent",
  );
  expect(await conclusion([slow, broken])).toBe("targets missed: slow; failed: broken");
});

test("the measurements are saved after every row", async () => {
  const { saved } = await runOf([fine, broken]);
  expect(saved.map(({ results, failed }) => [results.length, failed.length])).toEqual([
    [1, 0],
    [1, 1],
  ]);
});
