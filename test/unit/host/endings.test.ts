/** Sockets that end all at once. */
import { expect, test } from "vitest";
import { Endings } from "../../../worker/host/endings.ts";

/** What happens, in its order: `later` runs when the test says so. */
function stage(lose: (socket: number) => void = () => {}) {
  const happened: string[] = [];
  const waiting: (() => void)[] = [];
  const endings = new Endings<number>({
    lose(socket) {
      happened.push(`lost ${socket}`);
      lose(socket);
    },
    later: (run) => void waiting.push(run),
  });
  const passes = (): void => {
    for (const run of waiting.splice(0)) run();
  };
  return { endings, happened, passes, pauses: () => waiting.length };
}

test("[N18] a few sockets that end are lost at once, again and again", () => {
  const { endings, happened, passes, pauses } = stage();
  for (let round = 0; round < 3; round++) {
    for (let socket = 0; socket < 16; socket++) {
      endings.take(socket);
      expect(happened.at(-1)).toBe(`lost ${socket}`);
    }
    passes();
    expect(pauses()).toBe(0);
  }
});

test("[N18] of thousands that end at once a few are lost at a time, in their order, and whatever has arrived comes in between", () => {
  const { endings, happened, passes, pauses } = stage();
  const sockets = Array.from({ length: 3_000 }, (_, index) => index);
  for (const socket of sockets) endings.take(socket);
  expect(happened).toHaveLength(16);

  const longest: number[] = [];
  while (pauses() > 0) {
    const before = happened.length;
    passes();
    longest.push(happened.length - before);
    happened.push("a frame");
  }
  expect(Math.max(...longest)).toBe(16);
  expect(happened.filter((what) => what !== "a frame")).toEqual(sockets.map((socket) => `lost ${socket}`));
});

test("[N18] one that can't be lost keeps no other one waiting", () => {
  const { endings, happened, passes } = stage((socket) => {
    if (socket === 0 || socket === 17) throw new Error("not stored");
  });
  expect(() => endings.take(0)).toThrow("not stored");
  for (let socket = 1; socket < 20; socket++) endings.take(socket);
  passes();
  expect(happened).toHaveLength(20);
  expect(happened.at(-1)).toBe("lost 19");
});
