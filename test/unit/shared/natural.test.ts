import fc from "fast-check";
import { expect, test } from "vitest";
import { inNaturalOrder, naturalKey } from "../../../shared/natural.ts";

test("[I4] numbers in names count as numbers, and upper and lower case alike", () => {
  const names = ["job10", "job2", "Job1", "job", "job2/b", "job02", "a-9", "a-10", "job100", "z"];
  expect(names.toSorted(inNaturalOrder)).toEqual([
    ...["a-9", "a-10", "job", "Job1", "job02", "job2", "job2/b", "job10", "job100", "z"],
  ]);
});

test("[I4] the order is one of all names: only the same name is neither before nor after", () => {
  const name = fc.string({ unit: fc.constantFrom(..."aZ019./-_:"), minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(name, name, name, (one, two, three) => {
      expect(inNaturalOrder(one, two)).toBe(0 - inNaturalOrder(two, one));
      expect(naturalKey(one) === naturalKey(two)).toBe(one === two);
      if (inNaturalOrder(one, two) <= 0 && inNaturalOrder(two, three) <= 0)
        expect(inNaturalOrder(one, three)).toBeLessThanOrEqual(0);
    }),
  );
});
