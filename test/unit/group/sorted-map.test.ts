import fc from "fast-check";
import { expect, test } from "vitest";
import { compareText, SortedMap } from "../../../worker/group/sorted-map.ts";

const byNumber = (left: number, right: number) => left - right;
type Numbers = SortedMap<number, string>;
const empty: Numbers = SortedMap.empty<number, string>(byNumber);

type Move = readonly ["set", number, string] | readonly ["delete", number];
const keys = fc.integer({ min: 0, max: 40 });
const move: fc.Arbitrary<Move> = fc.oneof(
  fc.tuple(fc.constant<"set">("set"), keys, fc.constantFrom("a", "b", "c")),
  fc.tuple(fc.constant<"delete">("delete"), keys),
);
const moves = fc.array(move, { maxLength: 200, size: "max" });

const play = (map: Numbers, [type, key, value]: Move): Numbers =>
  type === "set" ? map.set(key, value) : map.delete(key);

const sorted = (model: ReadonlyMap<number, string>) => [...model].sort(([left], [right]) => left - right);

function expectSame(map: Numbers, model: ReadonlyMap<number, string>): void {
  const entries = sorted(model);
  expect([...map.entries()]).toEqual(entries);
  expect([...map.keys()]).toEqual(entries.map(([key]) => key));
  expect([...map.values()]).toEqual(entries.map(([, value]) => value));
  expect(map.size).toBe(model.size);
  expect(map.first()).toEqual(entries[0]);
}

test("behaves like a Map whose entries are sorted, after any moves", () => {
  fc.assert(
    fc.property(moves, (all) => {
      const model = new Map<number, string>();
      let map = empty;
      for (const one of all) {
        map = play(map, one);
        if (one[0] === "set") model.set(one[1], one[2]);
        else model.delete(one[1]);
        expect(map.get(one[1])).toBe(model.get(one[1]));
        expect(map.has(one[1])).toBe(model.has(one[1]));
      }
      expectSame(map, model);
      for (let key = -1; key <= 41; key++) expect(map.get(key)).toBe(model.get(key));
    }),
  );
});

test("made of entries in any order at once, it is the map that they make one by one, and takes updates like it", () => {
  fc.assert(
    fc.property(fc.uniqueArray(keys), moves, (present, all) => {
      const entries = present.map((key): [number, string] => [key, `${key}`]);
      const model = new Map(entries);
      let map = empty.set(-7, "is not kept").of(entries);
      expectSame(map, model);
      for (const one of all) {
        map = play(map, one);
        if (one[0] === "set") model.set(one[1], one[2]);
        else model.delete(one[1]);
      }
      expectSame(map, model);
    }),
  );
});

test("starts its entries at any key, present or not", () => {
  fc.assert(
    fc.property(fc.uniqueArray(keys), fc.integer({ min: -1, max: 42 }), (present, from) => {
      const map = present.reduce((result, key) => result.set(key, "a"), empty);
      const expected = present.filter((key) => key >= from).sort(byNumber);
      expect([...map.keys(from)]).toEqual(expected);
      expect([...map.entries(from)].map(([key]) => key)).toEqual(expected);
    }),
  );
});

test("older versions stay as they were", () => {
  fc.assert(
    fc.property(moves, (all) => {
      const versions: { readonly map: Numbers; readonly model: ReadonlyMap<number, string> }[] = [];
      let map = empty;
      for (const one of all) {
        versions.push({ map, model: new Map(map.entries()) });
        map = play(map, one);
      }
      for (const version of versions) expectSame(version.map, version.model);
    }),
    { numRuns: 30 },
  );
});

test("an update that changes nothing gives back the same map", () => {
  fc.assert(
    fc.property(moves, move, (all, last) => {
      const map = all.reduce(play, empty);
      const [type, key] = last;
      const vain = type === "set" ? map.get(key) === last[2] : !map.has(key);
      if (vain) expect(play(map, last)).toBe(map);
      else expect(play(map, last)).not.toBe(map);
    }),
  );
});

test("stays balanced: the work for a look-up grows with the logarithm of the size", () => {
  const comparisons = (ordered: readonly number[]) => {
    let count = 0;
    const counting = (left: number, right: number) => {
      count += 1;
      return left - right;
    };
    let map: Numbers = SortedMap.empty<number, string>(counting);
    for (const key of ordered) map = map.set(key, "a");
    for (const key of ordered.filter((_, index) => index % 3 === 0)) map = map.delete(key);
    let worst = 0;
    for (const key of ordered) {
      count = 0;
      map.get(key);
      worst = Math.max(worst, count);
    }
    return worst;
  };
  const size = 4_096;
  const upward = Array.from({ length: size }, (_, index) => index);
  const mixed = upward.map((index) => (index * 2_654_435_761) % 65_537);
  const atOnce = (ordered: readonly number[]) => {
    let count = 0;
    const counting = (left: number, right: number) => {
      count += 1;
      return left - right;
    };
    const map = SortedMap.empty<number, string>(counting).of(ordered.map((key) => [key, "a"]));
    return Math.max(
      ...ordered.map((key) => {
        count = 0;
        map.get(key);
        return count;
      }),
    );
  };
  expect(atOnce(mixed)).toBeLessThanOrEqual(13);
  // An AVL tree of n entries is at most 1.44 log2(n) high.
  for (const order of [upward, upward.toReversed(), mixed]) expect(comparisons(order)).toBeLessThanOrEqual(17);
});

test("texts are ordered by their units, and equal ones are the same key", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (left, right) => {
      expect(Math.sign(compareText(left, right))).toBe(-Math.sign(compareText(right, left)) + 0);
      expect(compareText(left, right) === 0).toBe(left === right);
    }),
  );
});
