import { stdout } from "node:process";
import { afterAll, describe, expect, test } from "vitest";
import { shippedCores } from "../cores.ts";
import { leftAndBackCounts, lostIsNotNamed } from "../mutants/holder-faults.ts";
import { type Edit, inGroup, inSession, loadCores } from "../mutants/mutant.ts";
import { readinessMutants } from "../mutants/readiness-mutants.ts";
import { ALL_REDUCTIONS, explore, NO_REDUCTIONS } from "./explore.ts";
import { fingerprintsOf } from "./fingerprint.ts";
import { Seen } from "./seen.ts";
import type { SmallState } from "./state.ts";
import { SmallWorld } from "./steps.ts";
import {
  ARRIVALS,
  DEDICATED,
  DEDICATED_ARRIVALS,
  LONG_MS,
  MIDDLE_MS,
  type NamedWorld,
  PAIR,
  TRIO,
  TRIPLETS,
  TWINS,
  within,
  worlds,
} from "./worlds.ts";

const maxStates = 50_000;

describe("[S1] [S2] [S3] [S5] [S7] every interleaving of", () => {
  const scenes = new Seen();
  let states = 0;
  test.each(worlds.filter(({ inTests }) => inTests))("$name", ({ name, setup }) => {
    const found = explore(shippedCores, setup, { maxStates });
    stdout.write(`${name}: ${found.states} distinct states, ${found.steps} steps, depth ${found.depth}\n`);
    expect(found.violation?.way.join(" | ") ?? "", found.violation?.error.message).toBe("");
    expect(found.complete).toBe(true);
    states += found.states;
    scenes.addAll(found.scenes);
  });
  afterAll(() => {
    stdout.write(`${states} distinct states in all, ${scenes.size} of them distinct whatever may still happen\n`);
  });
});

describe("nothing is lost by reduction:", () => {
  const some: readonly NamedWorld[] = [
    within(PAIR, { ticks: 1, crashes: 1 }),
    within(PAIR, { losses: 2 }),
    within(TRIO, { resigns: 1, cuts: 1 }),
    within(TWINS, { contends: 2, losses: 1 }),
    within(ARRIVALS, { contends: 2, resigns: 1 }),
    within(TRIPLETS, { contends: 3 }),
    within(DEDICATED, { resigns: 1, rejoins: 1 }),
    within(DEDICATED_ARRIVALS, { contends: 2, resigns: 1 }),
  ];

  test.each(some)("$name: the same states by symmetry, and the same ends by either", ({ setup }) => {
    const all = explore(shippedCores, setup, { maxStates, reductions: NO_REDUCTIONS });
    const exchanged = explore(shippedCores, setup, { maxStates, reductions: { ...NO_REDUCTIONS, symmetry: true } });
    const reduced = explore(shippedCores, setup, { maxStates, reductions: ALL_REDUCTIONS });
    for (const one of [all, exchanged, reduced]) expect([one.complete, one.violation]).toEqual([true, null]);
    expect(exchanged.scenes.size).toBe(all.scenes.size);
    expect(exchanged.scenes.isWithin(all.scenes)).toBe(true);
    expect(reduced.states).toBeLessThan(exchanged.states);
    expect(reduced.scenes.isWithin(all.scenes)).toBe(true);
    for (const { ends } of [exchanged, reduced]) {
      expect(ends.size).toBe(all.ends.size);
      expect(ends.isWithin(all.ends)).toBe(true);
    }
  });

  test.each([
    within(PAIR, { losses: 2 }),
    within(PAIR, { ticks: 1, replacements: 1 }, LONG_MS),
    within(TRIPLETS, { contends: 3 }),
    within(DEDICATED, { resigns: 1, rejoins: 1 }),
  ])("$name: states with the same fingerprint have the same futures", ({ setup }) => {
    const world = new SmallWorld(shippedCores, setup);
    const print = (state: SmallState): string => Object.values(fingerprintsOf(state, true).state).join();
    const futures = new Map<string, readonly string[]>();
    let again = 0;
    for (let frontier = [world.begin()]; frontier.length > 0; ) {
      frontier = frontier.flatMap((state) => {
        const after = Array.from(world.steps(state), (step) => step.take());
        const future = [...new Set(after.map(print))].sort();
        const known = futures.get(print(state));
        futures.set(print(state), future);
        if (known === undefined) return after;
        expect(future).toEqual(known);
        again += 1;
        return [];
      });
    }
    expect(again).toBeGreaterThan(100);
  });

  test("sessions that are alike make one of several states", () => {
    const { setup } = within(TRIPLETS, { contends: 3 });
    const counts = [false, true].map(
      (symmetry) => explore(shippedCores, setup, { maxStates, reductions: { ...NO_REDUCTIONS, symmetry } }).states,
    );
    const [all = 0, exchanged = 0] = counts;
    expect(all / exchanged).toBeGreaterThan(5);
  });
});

interface Fault {
  readonly what: string;
  readonly edits: readonly Edit[];
  readonly world: NamedWorld;
  /** One of these is broken first, in one order of steps or another. */
  readonly rules: readonly string[];
  /** The world is too large to explore it without reductions, too. */
  readonly isLarge?: true;
}

/** A mutant that random runs find as well. */
function known(name: string): Pick<Fault, "what" | "edits"> {
  const mutant = readinessMutants.find((one) => one.name === name);
  if (mutant === undefined) throw new Error(`there is no mutant "${name}"`);
  return { what: `[${mutant.rule}] that ${name}`, edits: mutant.edits };
}

const LOST = "horizon: Math.min(state.horizon, state.leaseUntil) }); }";

const faults: readonly Fault[] = [
  {
    what: "a group that gives a lost socket's leadership away",
    edits: [inGroup("sessions", LOST, `${LOST} for (const one of turn.termsOf(session)) endTerm(turn, one, "lost");`)],
    world: within(PAIR, { losses: 1 }),
    rules: ["I1"],
  },
  {
    what: "[S14] a session that no longer names what it drains",
    edits: lostIsNotNamed("session"),
    world: within(PAIR, { ticks: 1, revokes: 1, cuts: 1 }),
    rules: ["I1"],
    isLarge: true,
  },
  {
    what: "[S7] a component that has left and comes back by what was stated before",
    edits: leftAndBackCounts(),
    world: within(PAIR, { resigns: 1, rejoins: 1 }),
    rules: ["S5"],
  },
  {
    what: "[S1] a lease that counts from the receipt of the grant",
    edits: [
      inSession(
        "terms",
        "statement.at + draft.session.lease.renewDeadlineMs",
        "draft.now + draft.session.lease.renewDeadlineMs",
      ),
    ],
    world: within(PAIR, { ticks: 1, resigns: 1 }),
    rules: ["S1"],
  },
  {
    ...known("the server waits R after the statement that it grants by"),
    world: within(TWINS, { contends: 2, ticks: 1 }, MIDDLE_MS),
    rules: ["I1"],
  },
  {
    ...known("a lost socket ends a term that was not heard of"),
    world: within(PAIR, { losses: 1, resigns: 1 }),
    rules: ["I1"],
  },
  {
    ...known("a term that was not heard of is taken back like an unanswered question"),
    world: within(PAIR, { ticks: 1, resigns: 1 }),
    rules: ["I1"],
  },
  {
    ...known("what the leaver had stated counts on, and so does who has left and come back"),
    world: within(DEDICATED, { resigns: 1, rejoins: 1 }),
    rules: ["S5", "I1"],
  },
];

const both = faults.flatMap((fault) => {
  const without = { ...fault, reductions: NO_REDUCTIONS, what: `${fault.what}, also without reductions` };
  return [{ ...fault, reductions: ALL_REDUCTIONS }, ...(fault.isLarge ? [] : [without])];
});

test.each(both)("the exploration finds $what", async ({ edits, world, rules, reductions }) => {
  const { violation } = explore(await loadCores(edits), world.setup, { maxStates, reductions });
  expect(rules).toContain(violation?.error.rule);
  expect(violation?.way.length).toBeGreaterThan(1);
});
