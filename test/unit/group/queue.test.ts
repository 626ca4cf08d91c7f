import fc from "fast-check";
import { expect, test } from "vitest";
import { Queue, type Rank } from "../../../worker/group/queue.ts";

type Move = readonly [sessionId: string, rank: Rank | null];

/** Orders are unique, as the group gives them out; everything else collides. */
const rank = (order: number): fc.Arbitrary<Rank> =>
  fc.record({
    demoted: fc.boolean(),
    priority: fc.oneof(fc.constantFrom(-1, 0, 1), fc.double({ noNaN: true })),
    preference: fc.constantFrom("", "a", "b"),
    led: fc.nat({ max: 2 }),
    order: fc.constant(order),
  });
const moves: fc.Arbitrary<readonly Move[]> = fc
  .array(fc.constantFrom("a", "b", "c", "d", "e"), { maxLength: 40, size: "max" })
  .chain((ids) =>
    fc.tuple(...ids.map((id, order): fc.Arbitrary<Move> => fc.tuple(fc.constant(id), fc.option<Rank>(rank(order))))),
  );

/** The order in which sessions are asked, the slow way. */
function expectedOrder(model: ReadonlyMap<string, Rank>): string[] {
  const entries = [...model];
  const regular = entries.filter(([, { demoted }]) => !demoted);
  const demoted = entries.filter((entry) => entry[1].demoted);
  regular.sort(
    ([, left], [, right]) =>
      right.priority - left.priority ||
      right.preference.localeCompare(left.preference) ||
      left.led - right.led ||
      left.order - right.order,
  );
  demoted.sort(([, left], [, right]) => left.order - right.order);
  return [...regular, ...demoted].map(([id]) => id);
}

function play(all: readonly Move[]): { queue: Queue; model: Map<string, Rank> } {
  const model = new Map<string, Rank>();
  let queue = Queue.empty;
  for (const [id, next] of all) {
    queue = queue.place(id, next);
    if (next === null) model.delete(id);
    else model.set(id, next);
  }
  return { queue, model };
}

test("[Q1] [Q2] [Q4] [Q8] [D4] the order is: not demoted, higher priority, what is preferred, fewer elections, the older place", () => {
  fc.assert(
    fc.property(moves, (all) => {
      const { queue, model } = play(all);
      const order = expectedOrder(model);
      expect([...queue.sessionIds()]).toEqual(order);
      expect(queue.size).toBe(model.size);
      expect(queue.first()?.[1]).toBe(order[0]);
      for (const id of "abcdef") expect(queue.rankOf(id)).toEqual(model.get(id));
    }),
  );
});

test("[Q4] the demoted ones are listed for any priorities and places", () => {
  fc.assert(
    fc.property(moves, (all) => {
      const { queue, model } = play(all);
      expect([...queue.demoted()]).toEqual(expectedOrder(model).filter((id) => model.get(id)?.demoted));
    }),
  );
});

test("placing a session where it stands, or taking out one that is not there, gives back the same queue", () => {
  fc.assert(
    fc.property(moves, (all) => {
      const { queue, model } = play(all);
      for (const [id, present] of model) expect(queue.place(id, { ...present })).toBe(queue);
      expect(queue.place("nobody", null)).toBe(queue);
    }),
  );
});

test("among the demoted a priority does not count, so that changing it moves nobody", () => {
  const high = { demoted: true, priority: 9, preference: "", led: 0, order: 2 };
  const queue = Queue.empty.place("low", { ...high, priority: -9, order: 1 }).place("high", high);
  expect([...queue.sessionIds()]).toEqual(["low", "high"]);
  expect([...queue.place("high", { ...high, priority: 99 }).sessionIds()]).toEqual(["low", "high"]);
});
