/** The world as it is, taken apart: what each of these leaves out of runs that are the same otherwise. */
import type { Move } from "./moves.ts";
import type { Lack } from "./run.ts";
import type { CallerSetup, ContenderSetup, ProcessSetup, Setup } from "./world/setup.ts";

/** These moves are not made. */
const without = (...types: readonly Move["type"][]): Lack => ({
  move: (move) => (types.includes(move.type) ? null : move),
});

const inProcesses = (change: (process: ProcessSetup) => ProcessSetup): Lack => ({
  setup: (setup): Setup => ({ ...setup, processes: setup.processes.map(change) }),
  move: (move) => (move.type === "spawn" ? { ...move, setup: change(move.setup) } : move),
});

/** All contenders: those of processes, and those that come later. */
const inContenders = (change: (contender: ContenderSetup) => ContenderSetup): Lack => {
  const inAll = inProcesses((process) => ({ ...process, contenders: process.contenders.map(change) }));
  return {
    ...inAll,
    move: (move) =>
      move.type === "contend" || move.type === "try"
        ? { ...move, setup: change(move.setup) }
        : (inAll.move?.(move) ?? null),
  };
};

const withCallers = ({ callers, ...setup }: Setup, part: Partial<CallerSetup>): Setup =>
  callers === undefined ? setup : { ...setup, callers: callers.map((caller) => ({ ...caller, ...part })) };

const quick = inContenders((contender) => ({ ...contender, drain: "quick" }));

/** Whatever `onRevoke` does, it is over at once. */
const withoutDrains: Lack = {
  setup: (setup) => withCallers(quick.setup?.(setup) ?? setup, { drain: "quick" }),
  move: (move) => (move.type === "drain" || move.type === "caller-ready" ? null : (quick.move?.(move) ?? null)),
};

const changed = (change: (move: Move) => Move): Lack => ({ move: change });

/** A component that may stand in either kind of election is refused where others chose the other kind. */
const alike = inContenders((contender) =>
  contender.component === "m" ? { ...contender, dedicated: false } : contender,
);

const inWorkers = inProcesses((process) => ({ ...process, inWorker: false }));

export const lacks = {
  lostAlarms: without("lose-alarms"),
  storageFaults: without("storage-fault"),
  floods: without("flood"),
  slowReaders: changed((move) => (move.type === "join-reader" ? { ...move, eager: true } : move)),
  lateCallbacks: withoutDrains,
  callingBack: inContenders((contender) => ({ ...contender, onGrant: "nothing" })),
  rejoins: without("rejoin"),
  refusals: { ...alike, move: (move: Move) => (move.type === "token" ? null : (alike.move?.(move) ?? null)) },
  endingTokens: inProcesses(({ tokenMs: _, ...process }) => process),
  standingClocks: {
    ...inWorkers,
    setup: (setup: Setup): Setup => withCallers(inWorkers.setup?.(setup) ?? setup, { inWorker: false }),
  },
  twins: inProcesses((process) => ({ ...process, twin: false })),
  triesByCallers: { setup: (setup: Setup): Setup => withCallers(setup, { tries: false }) },
  strictJudge: { believesCores: true },
} satisfies Record<string, Lack>;
