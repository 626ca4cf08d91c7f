/** One run: a setup, moves, and the healing. As a fast-check property, and as text that replays it. */
import fc from "fast-check";
import type { Cores } from "./cores.ts";
import { type Coverage, cover, noCoverage } from "./coverage.ts";
import {
  moves,
  movesWithCallers,
  movesWithChoice,
  movesWithChoosyCallers,
  movesWithFaults,
  movesWithTenants,
  setups,
  setupsWithCallers,
  setupsWithChoice,
  setupsWithTenants,
} from "./generate.ts";
import { judgeLiveness, type Recovery } from "./liveness/liveness.ts";
import { type Move, perform } from "./moves.ts";
import type { Setup } from "./world/setup.ts";
import { World } from "./world/world.ts";

export interface Run {
  readonly setup: Setup;
  readonly moves: readonly Move[];
}

/** What is left out of runs that are the same otherwise, to show that nothing else in them finds a fault. */
export interface Lack {
  readonly setup?: (setup: Setup) => Setup;
  /** `null`: it is not made. */
  readonly move?: (move: Move) => Move | null;
  /** The judge goes by each core's own list of what it holds. */
  readonly believesCores?: true;
}

/** A move as fast-check runs it. Every move can always be made. */
class MoveCommand implements fc.Command<object, World> {
  readonly move: Move;
  readonly #lacks: Lack | undefined;

  constructor(move: Move, lacks: Lack | undefined) {
    this.move = move;
    this.#lacks = lacks;
  }

  check(): boolean {
    return true;
  }

  run(_model: object, world: World): void {
    const move = this.#lacks?.move === undefined ? this.move : this.#lacks.move(this.move);
    if (move !== null) perform(world, move);
  }

  toString(): string {
    return JSON.stringify(this.move);
  }
}

export interface Tally {
  runs: number;
  moves: number;
  happenings: number;
  terms: number;
  grants: number;
  slowest: Recovery;
  readonly coverage: Coverage;
}

export const noTally = (): Tally => ({
  runs: 0,
  moves: 0,
  happenings: 0,
  terms: 0,
  grants: 0,
  slowest: { tookMs: 0, boundMs: 0 },
  coverage: noCoverage(),
});

/**
 * `callers`: some processes have no socket. `faults`: storage fails while the object lives on. `choice`: applications say
 * whether they would lead, and the group has more to choose by. `choosy callers`: so do those without a socket. `tenants`:
 * several clients share a process, Workers run them, and applications say much and read slowly; some without a socket try.
 */
export type Kind = "plain" | "callers" | "faults" | "choice" | "choosy callers" | "tenants";
const SETUPS = {
  plain: setups,
  callers: setupsWithCallers,
  faults: setups,
  choice: setupsWithChoice,
  "choosy callers": setupsWithCallers,
  tenants: setupsWithTenants,
};
const MOVES = {
  plain: moves,
  callers: movesWithCallers,
  faults: movesWithFaults,
  choice: movesWithChoice,
  "choosy callers": movesWithChoosyCallers,
  tenants: movesWithTenants,
};
export const SIZES = { deep: "max", shallow: "small" } as const;
const MAX_MOVES = 60;

/** Throws the first violation. */
function property(
  cores: Cores,
  tally: Tally,
  { size = "deep", kind = "plain", lacks }: Omit<Search, "seed" | "numRuns">,
) {
  const commands = fc.commands(
    MOVES[kind].map((move) => move.map((one) => new MoveCommand(one, lacks))),
    { size: SIZES[size], maxCommands: MAX_MOVES },
  );
  return fc.property(SETUPS[kind], commands, (setup, all) => {
    const world = new World(cores, lacks?.setup?.(setup) ?? setup);
    world.judge.leadership.believesCores = lacks?.believesCores === true;
    tally.runs += 1;
    fc.modelRun(() => ({ model: {}, real: world }), counted(all, tally));
    finish(world, tally);
  });
}

function* counted<T extends object>(all: Iterable<T>, tally: Tally): Generator<T> {
  let before: string | null = null;
  for (const one of all) {
    tally.moves += 1;
    const type = typeOf(one);
    if (type !== null) cover(tally.coverage, before, type);
    before = type;
    yield one;
  }
}

function finish(world: World, tally: Tally): void {
  const recovery = judgeLiveness(world);
  tally.happenings += world.happenings;
  tally.terms += world.judge.leadership.terms;
  tally.grants += world.judge.group.grants;
  if (recovery.tookMs > tally.slowest.tookMs) tally.slowest = recovery;
}

/** Makes the moves of a run once more. */
export function replay(cores: Cores, { setup, moves: all }: Run, log: ((line: string) => void) | null = null): void {
  const world = new World(cores, setup);
  world.log = log;
  for (const move of all) perform(world, move);
  judgeLiveness(world);
}

export interface Failure {
  readonly run: Run;
  readonly error: Error;
  readonly runs: number;
  readonly seed: number;
  readonly path: string | null;
}

export interface Search {
  readonly seed: number;
  readonly numRuns: number;
  readonly size?: keyof typeof SIZES;
  readonly kind?: Kind;
  /** What is left out of every run. */
  readonly lacks?: Lack;
  /** Whether to look for a smaller run that fails. */
  readonly shrink?: boolean;
}

/** Looks for a run that fails. */
export function search(
  cores: Cores,
  { seed, numRuns, shrink = true, ...runs }: Search,
  tally = noTally(),
): Failure | null {
  const details = fc.check(property(cores, tally, runs), { seed, numRuns, endOnFailure: !shrink, verbose: 0 });
  if (details.counterexample === null) return null;
  const [setup, commands] = details.counterexample;
  return {
    run: { setup, moves: [...commands].flatMap(moveOf) },
    error: details.errorInstance instanceof Error ? details.errorInstance : new Error(String(details.errorInstance)),
    runs: details.numRuns,
    seed,
    path: details.counterexamplePath,
  };
}

/** fast-check wraps commands to know which have run; those that have not do not matter. */
const moveOf = (command: object): Move[] => ("hasRan" in command && command.hasRan === false ? [] : moveIn(command));

function moveIn(command: object): Move[] {
  const own = "cmd" in command ? command.cmd : command;
  return own instanceof MoveCommand ? [own.move] : [];
}

const typeOf = (command: object): string | null => moveIn(command)[0]?.type ?? null;

export const replayLine = (run: Run): string => `node test/sim/replay.main.ts '${JSON.stringify(run)}'`;
