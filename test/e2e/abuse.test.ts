/** Peers that mean harm: those who behave keep their terms, and go on handing over. How fast, the bench judges. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { HAND_OVERS, type Playground, startPlayground } from "../../tools/harness/abuse.ts";
import type { AttackName, Counts } from "../../tools/harness/attacks.ts";
import { seed } from "../support/seeded.ts";

let playground: Playground;
beforeAll(async () => {
  playground = await startPlayground();
});
afterAll(async () => {
  await playground[Symbol.asyncDispose]();
});

/** How sockets were closed by the server. */
const closes = (counts: Counts): string[] =>
  Object.keys(counts)
    .filter((what) => what.startsWith("closed ") && what !== "closed 1006")
    .sort();

const abuses: readonly (readonly [what: string, attack: AttackName, check: (counts: Counts) => void])[] = [
  [
    "5,000 sockets that never say hello",
    "silent",
    // On a busy machine those that were opened first may have been silent for too long before the last one is open.
    ({ opened, "closed 1006": dropped = 0, "closed 4408": late = 0 }) =>
      expect([opened, dropped + late]).toEqual([5_000, 5_000]),
  ],
  ["frames of up to 4 MB", "huge", (counts) => expect(closes(counts)).toEqual(["closed 4413"])],
  ["200 sockets whose frames come byte by byte", "slow", (counts) => expect(counts["opened"]).toBe(200)],
  ["a storm of reconnects", "storm", (counts) => expect(counts["welcomes"]).toBeGreaterThan(10)],
  [
    "sessions that register and deregister in a loop",
    "churn",
    (counts) => expect(counts["registered"]).toBeGreaterThan(10),
  ],
  ["a flood of frames", "flood", (counts) => expect(closes(counts)).toEqual(["closed 4429"])],
  ["news without end", "news", (counts) => expect(counts["confirmed"]).toBeGreaterThan(0)],
  [
    "random frames",
    "fuzz",
    (counts) => {
      expect(Object.keys(counts).filter((what) => what.startsWith("finding"))).toEqual([]);
      expect(closes(counts)).toEqual(expect.arrayContaining(["closed 4400"]));
      expect(counts["frames"]).toBeGreaterThan(200);
    },
  ],
  [
    "strangers with bad tokens",
    "strangers",
    (counts) => expect(closes(counts)).toEqual(["closed 4401", "closed 4403"]),
  ],
];

test.each(abuses)(
  "%s: leaders of the group and of another one keep their terms, and others go on handing over",
  async (_, attack, check) => {
    const report = await playground.suffer(attack, { seed });
    expect(report.harm).toEqual([]);
    check(report.counts);
    expect(report.handOvers).toHaveLength(HAND_OVERS);
  },
);
