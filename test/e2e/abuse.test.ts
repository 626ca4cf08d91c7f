/** Peers that mean harm: those who behave keep their terms, and go on handing over. How fast, the bench judges. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Playground, startPlayground } from "../../tools/harness/abuse.ts";
import { type AttackName, attacks } from "../../tools/harness/attacks.ts";
import { type Counts, missingFrom } from "../../tools/harness/tally.ts";
import { seed } from "../support/seeded.ts";

/** Every attack goes on for as long as these take; the bench and the soak take more. */
const HAND_OVERS = 20;

let playground: Playground;
beforeAll(async () => {
  playground = await startPlayground({ isRecorded: true });
});
afterAll(async () => {
  await playground[Symbol.asyncDispose]();
});

/** How sockets were closed by the server. */
const closes = (counts: Counts): string[] =>
  Object.keys(counts)
    .filter((what) => what.startsWith("closed ") && what !== "closed 1006")
    .sort();

type Check = (counts: Counts, effect: Counts) => void;
/** The server closed sockets for no other reasons. */
const closedOnlySo: Check = (counts, effect) => expect(closes(counts)).toEqual(closes(effect));
const noMore: Check = () => undefined;
/** Each socket ended as the protocol says it, and each request was answered, by no status of the server's own failure. */
const noFinding: Check = (counts) =>
  expect(Object.keys(counts).filter((what) => what.startsWith("finding") || what.startsWith("no answer"))).toEqual([]);

/** What is checked beyond the effect that the attack declares. */
const abuses: readonly (readonly [what: string, attack: AttackName, check: Check])[] = [
  [
    "5,000 sockets that never say hello",
    "silent",
    // On a busy machine those that were opened first may have been silent for too long before the last one is open.
    ({ opened, "closed 1006": dropped = 0, "closed 4408": late = 0 }) =>
      expect([opened, dropped + late]).toEqual([5_000, 5_000]),
  ],
  ["frames of up to 4 MB", "huge", closedOnlySo],
  ["200 sockets whose frames come byte by byte", "slow", (counts) => expect(counts["opened"]).toBe(200)],
  ["a storm of reconnects", "storm", noMore],
  ["sessions that register and deregister in a loop", "churn", noMore],
  ["a flood of frames", "flood", closedOnlySo],
  ["news without end", "news", noMore],
  ["random frames of every role", "fuzz", noFinding],
  ["random requests", "requests", noFinding],
  ["strangers with bad tokens", "strangers", closedOnlySo],
];

test.each(abuses)(
  "%s: leaders of the group and of another one keep their terms, and others go on handing over",
  async (_, attack, check) => {
    const report = await playground.suffer(attack, { seed, handOvers: HAND_OVERS });
    expect([...report.harm, ...report.failures]).toEqual([]);
    const { effect } = attacks[attack];
    expect(missingFrom(report.counts, effect)).toEqual([]);
    check(report.counts, effect);
    expect(report.handOvers).toHaveLength(HAND_OVERS);
  },
);
