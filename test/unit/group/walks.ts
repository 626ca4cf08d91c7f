/** Counts how many entries of maps a piece of work walks over: what it costs, without a clock. */

import { vi } from "vitest";
import { SortedMap } from "../../../worker/group/sorted-map.ts";

/** How many entries `work` has visited, in all maps of the core. */
export function entriesWalked(work: () => void): number {
  let walked = 0;
  const { entries, slice, each } = SortedMap.prototype;
  const spies = [
    vi.spyOn(SortedMap.prototype, "entries").mockImplementation(function* (this: SortedMap<unknown, unknown>, from) {
      for (const entry of entries.call(this, from)) {
        walked += 1;
        yield entry;
      }
    }),
    vi.spyOn(SortedMap.prototype, "slice").mockImplementation(function (this: SortedMap<unknown, unknown>, ...asked) {
      const found = slice.apply(this, asked);
      walked += found.length;
      return found;
    }),
    vi.spyOn(SortedMap.prototype, "each").mockImplementation(function (this: SortedMap<unknown, unknown>, visit) {
      each.call(this, (key, value) => {
        walked += 1;
        visit(key, value);
      });
    }),
  ];
  try {
    work();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return walked;
}
