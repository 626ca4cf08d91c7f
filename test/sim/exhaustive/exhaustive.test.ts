import { stdout } from "node:process";
import { describe, expect, test } from "vitest";
import { shippedCores } from "../cores.ts";
import { leftAndBackCounts, lostIsNotNamed } from "../mutants/holder-faults.ts";
import { type Edit, inSession, loadCores } from "../mutants/mutant.ts";
import { explore } from "./explore.ts";
import type { Budget } from "./state.ts";

/** Longer than every time-out but the lease, and longer than the lease of 2 s. */
const [SHORT_MS, LONG_MS] = [1_050, 2_100];
const NONE: Budget = {
  tickMs: SHORT_MS,
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
};
const MAX_STATES = 50_000;

const budgets: readonly Budget[] = [
  { ...NONE, ticks: 2, hibernations: 1 },
  { ...NONE, ticks: 1, losses: 1 },
  { ...NONE, ticks: 1, crashes: 1 },
  { ...NONE, ticks: 1, resigns: 1, revokes: 1 },
  { ...NONE, ticks: 0, losses: 2 },
  { ...NONE, tickMs: LONG_MS, ticks: 1, losses: 1 },
  { ...NONE, tickMs: LONG_MS, ticks: 1, replacements: 1 },
  { ...NONE, ticks: 1, revokes: 1, cuts: 1 },
  { ...NONE, rejoins: 2 },
  { ...NONE, contends: 1, rejoins: 2 },
  { ...NONE, contends: 1, rejoins: 1, losses: 1 },
  { ...NONE, resigns: 1, contends: 1, rejoins: 1 },
];

const nameOf = (budget: Budget): string =>
  Object.entries(budget)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`)
    .join(", ");

describe("[S1] [S2] [S3] [S5] [S7] every interleaving of two sessions, one election and", () => {
  test.each(budgets.map((budget) => ({ name: nameOf(budget), budget })))("$name", ({ name, budget }) => {
    const { states, steps, depth, complete, violation } = explore(shippedCores, budget, MAX_STATES);
    stdout.write(`${name}: ${states} distinct states, ${steps} steps, depth ${depth}\n`);
    expect(violation?.way.join(" | ") ?? "", violation?.error.message).toBe("");
    expect(complete).toBe(true);
  });
});

test("the exploration finds a group that gives a lost socket's leadership away", async () => {
  const from = "horizon: Math.min(state.horizon, state.leaseUntil) }); }";
  const cores = await loadCores([
    {
      file: "worker/group/sessions.ts",
      from,
      to: `${from} for (const one of turn.termsOf(session)) endTerm(turn, one, "lost");`,
    },
  ]);
  expect(explore(cores, { ...NONE, losses: 1 }, MAX_STATES).violation?.error.rule).toBe("I1");
});

const faults: readonly {
  readonly what: string;
  readonly edits: readonly Edit[];
  readonly budget: Budget;
  readonly rule: string;
}[] = [
  {
    what: "[S14] a session that no longer names what it drains",
    edits: lostIsNotNamed("session"),
    budget: { ...NONE, ticks: 1, revokes: 1, cuts: 1 },
    rule: "I1",
  },
  {
    what: "[S7] a component that has left and comes back by what was stated before",
    edits: leftAndBackCounts(),
    budget: { ...NONE, resigns: 1, rejoins: 1 },
    rule: "S5",
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
    budget: { ...NONE, ticks: 1, resigns: 1 },
    rule: "S1",
  },
];

test.each(faults)("the exploration finds $what", async ({ edits, budget, rule }) => {
  const { violation } = explore(await loadCores(edits), budget, MAX_STATES);
  expect(violation?.error.rule).toBe(rule);
});
