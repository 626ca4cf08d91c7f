/** The small worlds that are explored completely. Each begins with a leader of every election in it, and nothing on its way. */
import type { Budget } from "./state.ts";
import type { SmallSetup } from "./steps.ts";

export interface NamedWorld {
  readonly name: string;
  readonly setup: SmallSetup;
  /** Small enough for every run of the tests. */
  readonly inTests: boolean;
}

type Cast = Pick<SmallSetup, "rates" | "joins" | "wishes"> & { readonly name: string };

/** The slowest clock that is promised to be safe. */
const SLOWEST = 0.8;

/** The first leads, the second waits. */
export const PAIR: Cast = {
  name: "2 sessions",
  rates: [SLOWEST, 1],
  joins: [
    [0, "x"],
    [1, "x"],
  ],
  wishes: ["x", "y"],
};

/** They are alike, and both come later. */
export const TWINS: Cast = { name: "2 sessions alike", rates: [SLOWEST, SLOWEST], joins: [], wishes: ["x"] };

/** The first leads, the others wait. */
export const TRIO: Cast = {
  name: "3 sessions",
  rates: [SLOWEST, 1, 1],
  joins: [...PAIR.joins, [2, "x"]],
  wishes: ["x"],
};

/** The first leads; the others are alike, and come later. */
export const ARRIVALS: Cast = {
  name: "3 sessions, 2 of them alike",
  rates: TRIO.rates,
  joins: [[0, "x"]],
  wishes: ["x"],
};

/** They are alike, and all come later. */
export const TRIPLETS: Cast = {
  name: "3 sessions alike",
  rates: [SLOWEST, SLOWEST, SLOWEST],
  joins: [],
  wishes: ["x"],
};

/** The first leads; the second leads the dedicated election, for which the third waits; both of these wait for the first one. */
export const DEDICATED: Cast = {
  name: "3 sessions and a dedicated election",
  rates: TRIO.rates,
  joins: [...TRIO.joins, [1, "z"], [2, "z"]],
  wishes: [],
};

/** The first leads both elections; the others are alike, and come later. */
export const DEDICATED_ARRIVALS: Cast = {
  name: "3 sessions, 2 of them alike, and a dedicated election",
  rates: TRIO.rates,
  joins: [
    [0, "x"],
    [0, "z"],
  ],
  wishes: ["z", "x"],
};

/** Longer than every time-out but the lease. */
const SHORT_MS = 1_050;
/** Longer than R by a right clock, shorter than R by the slowest one. */
export const MIDDLE_MS = 1_800;
/** Longer than the lease of 2 s. */
export const LONG_MS = 2_100;

const NOTHING: Budget = {
  ticks: 0,
  losses: 0,
  cuts: 0,
  crashes: 0,
  replacements: 0,
  hibernations: 0,
  resigns: 0,
  revokes: 0,
  contends: 0,
  closes: 0,
  rejoins: 0,
  readies: 0,
};

/** @param budget what may happen, and how often; what it does not name never does */
export function within(cast: Cast, budget: Partial<Budget>, tickMs = SHORT_MS): NamedWorld {
  const counts = Object.entries(budget).map(
    ([what, count]) => `${count} ${what}${what === "ticks" ? ` of ${tickMs} ms` : ""}`,
  );
  const setup = { ...cast, tickMs, budget: { ...NOTHING, ...budget } };
  return { name: `${cast.name}: ${counts.join(", ")}`, setup, inTests: true };
}

/** In a second each, or less. */
const small: readonly NamedWorld[] = [
  within(PAIR, { ticks: 1, hibernations: 1 }),
  within(PAIR, { ticks: 1, losses: 1 }),
  within(PAIR, { ticks: 1, crashes: 1 }),
  within(PAIR, { ticks: 1, resigns: 1 }),
  within(PAIR, { ticks: 1, revokes: 1 }),
  within(PAIR, { losses: 2 }),
  within(PAIR, { ticks: 1, cuts: 1 }, LONG_MS),
  within(PAIR, { ticks: 1, replacements: 1 }, LONG_MS),
  within(PAIR, { rejoins: 2 }),
  within(PAIR, { contends: 1, rejoins: 2 }),
  within(PAIR, { contends: 1, rejoins: 1, losses: 1 }),
  within(PAIR, { resigns: 1, contends: 1, rejoins: 1 }),
  within(TWINS, { contends: 2, ticks: 1 }, MIDDLE_MS),
  within(TRIO, { ticks: 1, resigns: 1 }),
  within(DEDICATED, { resigns: 1, rejoins: 1 }),
  within(PAIR, { readies: 3 }),
  within(PAIR, { ticks: 1, readies: 2 }),
  within(PAIR, { readies: 2, losses: 1 }),
];

const large: readonly NamedWorld[] = [
  within(PAIR, { ticks: 1, resigns: 1, revokes: 1 }),
  within(PAIR, { ticks: 1, losses: 1 }, LONG_MS),
  within(PAIR, { ticks: 1, revokes: 1, cuts: 1 }),
  within(PAIR, { ticks: 1, losses: 1, replacements: 1 }, LONG_MS),
  within(PAIR, { ticks: 1, losses: 1, rejoins: 1 }),
  within(PAIR, { ticks: 2, hibernations: 1 }),
  within(PAIR, { ticks: 1, hibernations: 1, resigns: 1 }),
  within(TRIO, { ticks: 1, losses: 1, resigns: 1 }),
  within(TRIO, { ticks: 1, losses: 1 }, LONG_MS),
  within(TRIO, { ticks: 1, replacements: 1 }, LONG_MS),
  within(TRIO, { ticks: 1, crashes: 1 }),
  within(TRIO, { ticks: 1, cuts: 1, revokes: 1 }),
  within(TRIO, { losses: 1, crashes: 1 }),
  within(TRIO, { losses: 2, resigns: 1 }),
  within(TRIO, { losses: 1, rejoins: 1, resigns: 1 }),
  within(TRIO, { ticks: 1, rejoins: 1, resigns: 1 }),
  within(TRIO, { rejoins: 2, resigns: 1 }),
  within(ARRIVALS, { contends: 2, losses: 1, resigns: 1 }),
  within(ARRIVALS, { contends: 2, ticks: 1, crashes: 1 }),
  within(TRIPLETS, { contends: 3, ticks: 1 }),
  within(TRIPLETS, { contends: 3, losses: 1, resigns: 1 }),
  within(TRIPLETS, { contends: 3, crashes: 1, resigns: 1 }),
  within(DEDICATED, { ticks: 1, resigns: 1 }),
  within(DEDICATED, { ticks: 1, revokes: 1 }),
  within(DEDICATED, { ticks: 1, losses: 1 }),
  within(DEDICATED, { ticks: 1, crashes: 1 }),
  within(DEDICATED, { ticks: 1, replacements: 1 }, LONG_MS),
  within(DEDICATED, { losses: 1, rejoins: 1, resigns: 1 }),
  within(DEDICATED, { hibernations: 1, rejoins: 1, resigns: 1 }),
  within(DEDICATED, { rejoins: 2, resigns: 1 }),
  within(TRIO, { readies: 2, resigns: 1, losses: 1 }),
  within(DEDICATED, { readies: 2, rejoins: 1 }),
  within(PAIR, { readies: 2, rejoins: 1, losses: 1 }),
  within(DEDICATED_ARRIVALS, { contends: 2, resigns: 2 }),
  within(DEDICATED_ARRIVALS, { contends: 3, losses: 1 }),
  within(DEDICATED_ARRIVALS, { contends: 3, crashes: 1 }),
];

export const worlds: readonly NamedWorld[] = [...small, ...large.map((world) => ({ ...world, inTests: false }))];
