/** One product under one fault, round after round, until enough leaders were struck. */
import { loadavg } from "node:os";
import { median } from "../../cli/statistics.ts";
import type { LeagueResult } from "../../tools/docs/league-table.ts";
import { elapsedSince, pause } from "../sockets.ts";
import type { Lost } from "./counters.ts";
import type { Fault } from "./faults.ts";
import { type Effect, effectOf } from "./judge.ts";
import type { Member, Stage } from "./stage.ts";
import type { Look } from "./work.ts";

export interface CellSetting {
  readonly leaseMs: number;
  /** So many leaders are struck, or a few more. */
  readonly faults: number;
}

const MOST_ROUNDS = 8;
/** How long every election may take to have exactly one leader again. What is not settled then counts as it is. */
const SETTLE_PATIENCE_MS = 30_000;
const LOOK_EVERY_MS = 100;
/** So that a member which has just been told does its last harm within the observation. */
const AFTER_MS = 1_000;

type Measured = Omit<LeagueResult, "product" | "fault">;

export async function runCell(stage: Stage, fault: Fault, setting: CellSetting): Promise<Measured> {
  const [load = 0] = loadavg();
  const startedAt = performance.now();
  await gather(stage);
  const effects: Effect[] = [];
  const lost: Lost[] = [];
  let [rounds, unsettled] = [0, 0];
  while (effects.length < setting.faults && rounds < MOST_ROUNDS) {
    rounds += 1;
    const round = await runRound(stage, fault, setting.leaseMs);
    effects.push(...round.effects);
    lost.push(...round.lost);
    unsettled += round.unsettled;
  }
  const hasToken = stage.counters.some((counter) => counter.isClaimed());
  return {
    ...summaryOf(effects),
    lostOpen: lossOf(lost.map(({ open }) => open)),
    ...(hasToken && { lostFenced: lossOf(lost.map(({ fenced }) => fenced)) }),
    rounds,
    unsettled,
    load,
    seconds: Math.round(elapsedSince(startedAt) / 1_000),
  };
}

/** The first member leads everywhere before others stand. */
async function gather(stage: Stage): Promise<void> {
  for (const [index, member] of stage.members.entries()) {
    await member.stand();
    if (index > 0) continue;
    await until(async () => (await member.look()).leads.every((leads) => leads), "the first member to lead everywhere");
  }
}

async function until(holds: () => Promise<boolean>, what: string, patienceMs = SETTLE_PATIENCE_MS): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await pause(LOOK_EVERY_MS);
  }
}

interface Round {
  readonly effects: readonly Effect[];
  /** One for each election that has lost updates. */
  readonly lost: readonly Lost[];
  /** Elections without exactly one leader at the end. */
  readonly unsettled: number;
}

async function runRound(stage: Stage, fault: Fault, leaseMs: number): Promise<Round> {
  const target = await targetOf(stage);
  const before = stage.counters.map((counter) => counter.lost());
  const at = stage.now();
  const resumedAt = await fault.befall(stage, target, leaseMs);
  const isSettled = async (): Promise<boolean> => leaders(await looks(stage)).every((count) => count === 1);
  await until(isSettled, "one leader each").catch(() => undefined); // it is counted below
  await pause(AFTER_MS);
  const seen = await looks(stage);
  const struck = stage.members.indexOf(target);
  const effects = stage.counters.flatMap((_, index): Effect[] => {
    const beliefs = seen.map(({ seats }) => seats[index] ?? []);
    const hit = { at, resumedAt, until: Math.min(...seen.map((look) => look.at)), beliefs };
    const effect = effectOf(hit);
    const isStruck = fault.strikes === "everybody" || effect?.loser === struck;
    return effect !== undefined && isStruck ? [effect] : [];
  });
  const lost = stage.counters.map((counter, index) => {
    const { open, fenced } = counter.lost();
    return { open: open - (before[index]?.open ?? 0), fenced: fenced - (before[index]?.fenced ?? 0) };
  });
  return { effects, lost, unsettled: leaders(seen).filter((count) => count !== 1).length };
}

const looks = ({ members }: Stage): Promise<Look[]> => Promise.all(members.map((member) => member.look()));

/** How many lead each election. */
const leaders = (seen: readonly Look[]): number[] =>
  (seen[0]?.leads ?? []).map((_, index) => seen.filter(({ leads }) => leads[index]).length);

/** The member that leads most. */
async function targetOf(stage: Stage): Promise<Member> {
  const led = (await looks(stage)).map(({ leads }) => leads.filter((one) => one).length);
  const target = stage.members[led.indexOf(Math.max(...led))];
  if (target === undefined || Math.max(...led) === 0) throw new Error("nobody leads");
  return target;
}

function summaryOf(effects: readonly Effect[]): Pick<Measured, "faults" | "overlaps" | "told" | "leaderlessMs"> {
  const overlaps = effects.map(({ overlapMs }) => overlapMs).filter((ms) => ms > 0);
  const told = effects.flatMap(({ toldMs }) => (toldMs === undefined ? [] : [toldMs]));
  return {
    faults: effects.length,
    overlaps: { count: overlaps.length, longestMs: rounded(Math.max(0, ...overlaps)) },
    told:
      told.length === 0
        ? { count: 0 }
        : { count: told.length, p50Ms: rounded(median(told)), maxMs: rounded(Math.max(...told)) },
    leaderlessMs: rounded(Math.max(0, ...effects.map(({ leaderlessMs }) => leaderlessMs))),
  };
}

const lossOf = (losses: readonly number[]): { readonly elections: number; readonly updates: number } => {
  const some = losses.filter((loss) => loss > 0);
  return { elections: some.length, updates: some.reduce((sum, loss) => sum + loss, 0) };
};

const rounded = (ms: number): number => Math.round(ms * 10) / 10;
