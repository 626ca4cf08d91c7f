/** The world as it is, taken apart: what each of these leaves out of runs that are the same otherwise. */
import type { Drain } from "../support/app-contender.ts";
import type { Move } from "./moves.ts";
import type { Lack } from "./run.ts";
import type { ContenderSetup, ProcessSetup, Setup } from "./world/setup.ts";

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

/** `onRevoke` does nothing of the kind. */
const withoutDrain = (drain: Drain): Lack => {
  const quick = inContenders((contender) => (contender.drain === drain ? { ...contender, drain: "quick" } : contender));
  return {
    setup: (setup) => {
      const { callers, ...rest } = quick.setup?.(setup) ?? setup;
      return callers === undefined ? rest : { ...rest, callers: callers.map((one) => ({ ...one, drain: "quick" })) };
    },
    move: (move) => (move.type === "drain" && move.drain === drain ? null : (quick.move?.(move) ?? null)),
  };
};

const changed = (change: (move: Move) => Move): Lack => ({ move: change });

export const lacks = {
  /** The object never leaves memory, and none takes its place. */
  wakings: without("hibernate", "crash", "crash-at-write", "replace", "deploy", "restore"),
  hibernation: without("hibernate"),
  /** The object is back before anything happens: no event wakes it. */
  sleep: changed((move) => (move.type === "hibernate" ? { ...move, atOnce: true } : move)),
  lateAlarms: without("alarm-lag"),
  lostAlarms: without("lose-alarms"),
  failedCommits: changed((move) =>
    move.type === "storage-fault" && move.attempt === "commit" ? { ...move, count: 0 } : move,
  ),
  failedAlarms: changed((move) =>
    move.type === "storage-fault" && move.attempt === "alarm" ? { ...move, count: 0 } : move,
  ),
  failedListings: changed((move) =>
    move.type === "storage-fault" && move.attempt === "listing" ? { ...move, count: 0 } : move,
  ),
  floods: without("flood"),
  slowReaders: changed((move) => (move.type === "read" ? { ...move, count: 100 } : move)),
  lateCallbacks: withoutDrain("slow"),
  hungCallbacks: withoutDrain("hung"),
  callingBack: inContenders((contender) => ({ ...contender, onGrant: "confirm" })),
  rejoins: without("rejoin"),
  refusals: without("token"),
  endingTokens: inProcesses(({ tokenMs: _, ...process }) => process),
  standingClocks: {
    ...inProcesses((process) => ({ ...process, inWorker: false })),
    setup: (setup: Setup): Setup => ({
      ...setup,
      processes: setup.processes.map((process) => ({ ...process, inWorker: false })),
      ...(setup.callers && { callers: setup.callers.map((caller) => ({ ...caller, inWorker: false })) }),
    }),
  },
  slowPaths: without("latency", "caller-latency"),
  policyChanges: without("deploy"),
  twins: inProcesses((process) => ({ ...process, twin: false })),
  cuts: without("cut"),
  halfOpen: changed((move) => (move.type === "cut" ? { ...move, told: "both" } : move)),
  delays: without("hold", "stall", "latency"),
  triesByCallers: {
    setup: (setup: Setup): Setup => ({
      ...setup,
      ...(setup.callers && { callers: setup.callers.map((caller) => ({ ...caller, tries: false })) }),
    }),
  },
} satisfies Record<string, Lack>;
