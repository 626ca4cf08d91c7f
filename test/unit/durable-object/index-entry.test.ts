/** How a group tells the index, which may fail, never answer, or be full. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type FindIndex, IndexEntry } from "../../../worker/durable-object/index-entry.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
type Answer = () => Response | Promise<Response>;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const status = (code: number): Response => new Response(null, { status: code });
const done: Answer = () => status(204);
const never: Answer = () => new Promise<Response>(() => undefined);

/** A group whose index answers in this order; the last answer is repeated. */
function entryWith(...answers: readonly Answer[]) {
  const asked: string[] = [];
  const kept = { tellIndexAfter: 0 };
  const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const fetchIndex = async (url: string, { method, signal }: RequestInit): Promise<Response> => {
    const answer = answers[Math.min(asked.length, answers.length - 1)] ?? done;
    asked.push(`${method} ${url}`);
    const aborted = new Promise<never>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    return Promise.race([answer(), aborted]);
  };
  const find: FindIndex = () => ({ fetch: fetchIndex as NonNullable<ReturnType<FindIndex>>["fetch"] });
  return { entry: new IndexEntry("a/b", kept, find), asked, kept, logged };
}

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

test("[I1] the index is told once that a group is there, and once that it is gone", async () => {
  const { entry, asked, kept } = entryWith(done);
  for (let turn = 0; turn < 5; turn++) {
    entry.used(Date.now());
    await settle();
  }
  expect(asked).toEqual(["PUT http://index/a%2Fb"]);
  entry.purged();
  await settle();
  expect(asked.at(-1)).toBe("DELETE http://index/a%2Fb");
  expect(kept.tellIndexAfter).toBe(0);
  entry.used(Date.now());
  await settle();
  expect(asked).toHaveLength(3);
});

test("[I1] an index that has lost the name hears it again after a day", async () => {
  const { entry, asked } = entryWith(done);
  entry.used(Date.now());
  await vi.advanceTimersByTimeAsync(DAY_MS - MINUTE_MS);
  entry.used(Date.now());
  await settle();
  expect(asked).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
  entry.used(Date.now());
  await settle();
  expect(asked).toHaveLength(2);
});

test("[I1] what another incarnation has been told need not be told again", async () => {
  const first = entryWith(done);
  first.entry.used(Date.now());
  await settle();
  const second = entryWith(done);
  second.kept.tellIndexAfter = first.kept.tellIndexAfter;
  second.entry.used(Date.now());
  await settle();
  expect(second.asked).toEqual([]);
});

test("[I2] an index that fails is asked three times, and again with the first turn after a minute", async () => {
  const { entry, asked, logged } = entryWith(() => {
    throw new Error("the index is away");
  });
  const turn = (): void => entry.used(Date.now());
  turn();
  await vi.advanceTimersByTimeAsync(10_000);
  turn();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toHaveLength(3);
  expect(logged.mock.calls.flat().join()).toContain("index_failed");
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  turn();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toHaveLength(6);
});

test("[I2] an index that never answers is given up, and the group is told nothing of it", async () => {
  const { entry, asked, kept } = entryWith(never);
  entry.used(Date.now());
  expect(asked).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect(asked).toHaveLength(3);
  expect(vi.getTimerCount()).toBe(0);
  expect(kept.tellIndexAfter).toBeLessThan(Date.now() + MINUTE_MS);
});

test("[I2] a binding that can't even be looked for does no harm", async () => {
  const kept = { tellIndexAfter: 0 };
  const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const broken = new IndexEntry("g", kept, () => {
    throw new RangeError("JURISDICTION is wrong");
  });
  broken.used(Date.now());
  await vi.advanceTimersByTimeAsync(10_000);
  expect(logged.mock.calls.flat().join()).toContain("JURISDICTION is wrong");
  new IndexEntry("g", { tellIndexAfter: 0 }, () => null).used(Date.now());
  await settle();
  expect(logged).toHaveBeenCalledTimes(1);
});

test("[I1] the last word counts, however long the index takes for the one before", async () => {
  let answer: (response: Response) => void = () => undefined;
  const slow = new Promise<Response>((resolve) => {
    answer = resolve;
  });
  const { entry, asked } = entryWith(() => slow, done);
  entry.used(Date.now());
  entry.purged();
  entry.used(Date.now());
  entry.purged();
  answer(status(204));
  await settle();
  expect(asked.map((line) => line.split(" ")[0])).toEqual(["PUT", "DELETE"]);
});

test("[I4] a full index is asked again after a day", async () => {
  const { entry, asked, logged } = entryWith(() => status(507));
  entry.used(Date.now());
  await vi.advanceTimersByTimeAsync(DAY_MS - MINUTE_MS);
  entry.used(Date.now());
  await settle();
  expect(asked).toHaveLength(1);
  expect(logged.mock.calls.flat().join()).toContain("full");
  await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
  entry.used(Date.now());
  await settle();
  expect(asked).toHaveLength(2);
});
