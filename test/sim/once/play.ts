/**
 * Processes whose clocks are seconds apart run the occurrences of one job, while calls and answers are lost or late, and
 * processes and the group's object die, freeze, and are replaced. The judge knows what really ran, and when.
 */

import type { OnceResult, RunLeadership } from "../../../shared/once/run-once.ts";
import { seededRandom } from "../../../testing/random.ts";
import type { Elections } from "../../../worker/callers/service.ts";
import type { Kit } from "./kit.ts";

const OCCURRENCES = 8;
const TICK_MS = 3_000;
const SKEW_MS = 5_000;
const PROCESSES = 4;
const STEPS = 60;
const STEP_MS = 700;

export interface Play {
  readonly seed: number;
  readonly retry: boolean;
}

interface Start {
  readonly occurrence: number;
  readonly by: string;
  readonly at: number;
}

interface Told {
  readonly occurrence: number;
  readonly result: OnceResult<string>;
}

export interface Tally {
  starts: number;
  completions: number;
  faults: number;
}

class Stage {
  readonly group: InstanceType<Kit["TestGroup"]>;
  readonly random: () => number;
  readonly starts: Start[] = [];
  readonly told: Told[] = [];
  /** The epoch of the latest act that somebody took for its own. */
  lastEpoch = 0;
  readonly violations: string[] = [];
  readonly #kit: Kit;
  readonly #play: Play;
  #names = 0;

  constructor(kit: Kit, play: Play) {
    this.#kit = kit;
    this.#play = play;
    this.random = seededRandom(play.seed);
    this.group = new kit.TestGroup({ seed: play.seed, latencyMs: 10, policy: { horizonAheadMs: 4_000 } });
  }

  between = (least: number, most: number): number => least + Math.floor(this.random() * (most - least));

  /** A process that asks for all occurrences that come by its own clock, from `first` on. */
  process(first: number): Elections {
    this.#names += 1;
    const name = `p${this.#names}`;
    const elections = this.group.electionsFor(name);
    const skew = this.between(-SKEW_MS, SKEW_MS);
    for (let occurrence = first; occurrence < OCCURRENCES; occurrence += 1) {
      const dueAt = occurrence * TICK_MS + skew - this.group.now;
      this.group.clock(elections).setTimeout(() => this.ask(elections, name, occurrence), Math.max(1, dueAt));
    }
    return elections;
  }

  ask(elections: Elections, by: string, occurrence: number): void {
    const worksMs = this.random() < 0.7 ? this.between(1, 400) : this.between(1_000, 6_000);
    const fails = this.random() < 0.1;
    const isDeaf = this.random() < 0.3;
    const options = {
      group: "test",
      job: "job",
      occurrence: `o${occurrence}`,
      by,
      leaseMs: 2_000,
      retry: this.#play.retry,
    };
    const run = (leadership: RunLeadership) =>
      this.#work(elections, leadership, { occurrence, by, worksMs, fails, isDeaf });
    const ports = this.#kit.oncePorts(elections, "test");
    this.#kit.once({ ...options, run }, ports).then(
      (result) => this.told.push({ occurrence, result }),
      () => {},
    );
  }

  async #work(
    elections: Elections,
    leadership: RunLeadership,
    {
      occurrence,
      by,
      worksMs,
      fails,
      isDeaf,
    }: Omit<Start, "at"> & { worksMs: number; fails: boolean; isDeaf: boolean },
  ): Promise<string> {
    const clock = this.group.clock(elections);
    this.starts.push({ occurrence, by, at: this.group.now });
    for (let worked = 0; worked < worksMs; worked += 200) {
      this.#act(leadership);
      await new Promise<void>((resolve) => clock.setTimeout(resolve, Math.min(200, worksMs - worked)));
      if (!isDeaf && leadership.signal.aborted) throw leadership.signal.reason;
    }
    if (fails) throw new Error("no luck");
    return `${by} at ${occurrence}`;
  }

  /** Time has just arrived here: what the process believes is as fresh as it gets. */
  #act({ epoch, isLeader }: RunLeadership): void {
    if (!isLeader()) return;
    if (epoch < this.lastEpoch) this.violations.push(`epoch ${epoch} acts after ${this.lastEpoch}`);
    this.lastEpoch = Math.max(this.lastEpoch, epoch);
  }
}

/** Throws what went wrong, with the seed. */
export async function playOnce(
  kit: Kit,
  play: Play,
  tally: Tally = { starts: 0, completions: 0, faults: 0 },
): Promise<void> {
  const stage = new Stage(kit, play);
  const { group, between, random } = stage;
  const start = group.clock(group.elections).wall();
  const processes = Array.from({ length: PROCESSES }, () => stage.process(0));
  for (let step = 0; step < STEPS; step += 1) {
    await group.advance(between(1, STEP_MS));
    if (random() < 0.5) {
      tally.faults += 1;
      fault(stage, processes);
    }
  }
  for (const member of processes) {
    group.thaw(member);
    group.delay(member, 0);
    group.heal(member);
  }
  const last = group.electionsFor("last");
  for (let occurrence = 0; occurrence < OCCURRENCES; occurrence += 1) stage.ask(last, "last", occurrence);
  await group.advance(400_000);
  judge(stage, play, start);
  tally.starts += stage.starts.length;
  tally.completions += new Set(stage.told.map(({ occurrence }) => occurrence)).size;
}

function fault({ group, between, random }: Stage, processes: Elections[]): void {
  const index = between(0, processes.length);
  const member = processes[index];
  if (member === undefined) return;
  const faults: readonly (() => void)[] = [
    () => group.partition(member),
    () => group.heal(member),
    () => group.cut(member),
    () => group.delay(member, between(0, 3_000)),
    () => group.delay(member, 0),
    () => group.freeze(member),
    () => group.thaw(member),
    () => group.restart(),
    () => group.replace(),
    () => group.hibernate(),
  ];
  faults[Math.floor(random() * faults.length)]?.();
}

function judge(stage: Stage, play: Play, epochStart: number): void {
  const all = Array.from({ length: OCCURRENCES }, (_, occurrence) => problemsOf(stage, play, occurrence, epochStart));
  const problems = [...stage.violations, ...all.flat()];
  if (problems.length > 0) throw new Error(`seed ${play.seed}, retry ${play.retry}: ${problems.join("; ")}`);
}

function problemsOf({ starts, told }: Stage, { retry }: Play, occurrence: number, epochStart: number): string[] {
  const own = starts.filter((start) => start.occurrence === occurrence);
  const results = told.filter((one) => one.occurrence === occurrence).map(({ result }) => result);
  const completions = results.filter((result) => result.ran || result.reason === "completed");
  const facts = new Set(completions.map(({ by, at }) => `${by} ${at}`));
  const completedAt = (completions[0]?.at ?? Infinity) - epochStart;
  const isOver = results.some((result) => result.ran || ["completed", "failed", "died"].includes(result.reason));
  const isMissed = retry && completions.length === 0 && !own.some(({ by }) => by === "last");
  const found: readonly (readonly [boolean, string])[] = [
    [facts.size > 1, `completed twice: ${[...facts].join(", ")}`],
    [results.filter(({ ran }) => ran).length > 1, "ran to its end twice"],
    [own.some(({ at }) => at > completedAt), "began after it was completed"],
    [!retry && own.length > 1, `began ${own.length} times`],
    [!isOver && !isMissed && !own.some(({ by }) => by === "last"), "has come to nothing"],
    [isMissed, "was never completed"],
  ];
  return found.flatMap(([isSo, what]) => (isSo ? [`o${occurrence} ${what}`] : []));
}
