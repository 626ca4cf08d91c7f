/** What may happen to a world: plain data, so that a run can be printed and replayed, and what each of it does. */
import type { PageEvent } from "../../client/session/events.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { Link } from "../../testing/group/link.ts";
import type { Attempt } from "../../testing/group/storage.ts";
import type { PolicyOptions } from "../../worker/group/policy.ts";
import type { Drain } from "../support/app-contender.ts";
import type { CrashPoint } from "./world/backend.ts";
import type { Caller } from "./world/caller.ts";
import type { CallFate } from "./world/calls.ts";
import type { Direction, Told } from "./world/network.ts";
import type { Flood, Process } from "./world/process.ts";
import type { ComponentName, ContenderSetup, ProcessSetup } from "./world/setup.ts";
import type { World } from "./world/world.ts";

/** By place, or the process that leads the process election now (or led it last). */
export type Who = number | "leader";

/** What befalls processes without a socket. */
export type CallerMove =
  | {
      readonly type: "calls";
      readonly place: number;
      readonly direction: Direction;
      readonly fate: CallFate;
      readonly laterMs: number;
    }
  | { readonly type: "calls-astray"; readonly astray: boolean }
  | { readonly type: "caller-latency"; readonly place: number; readonly ms: number }
  | { readonly type: "caller-sleep"; readonly place: number; readonly ms: number }
  | { readonly type: "caller-contend"; readonly place: number; readonly components: readonly ComponentName[] }
  | { readonly type: "caller-ready"; readonly place: number; readonly ready: boolean }
  | {
      readonly type: "caller";
      readonly place: number;
      readonly does: "resign" | "leave" | "restart" | "release-calls";
    };

/** What only happens where several clients share a process, Workers run them, and applications say much and read slowly. */
export type TenantMove =
  | { readonly type: "flood"; readonly who: Who; readonly what: Flood; readonly count: number }
  | { readonly type: "compute"; readonly who: Who; readonly ms: number }
  | { readonly type: "caller-compute"; readonly place: number; readonly ms: number }
  | { readonly type: "check"; readonly who: Who }
  /** `eager`: it reads whatever there is at once. */
  | {
      readonly type: "join-reader";
      readonly who: Who;
      readonly component: ComponentName | true;
      readonly eager?: boolean;
    }
  | { readonly type: "leave-reader"; readonly who: Who }
  | { readonly type: "read"; readonly who: Who; readonly count: number };

/** What the application of a process without a socket says of whether it would lead. */
export type CallerChoiceMove = { readonly type: "caller-wants"; readonly place: number; readonly ready: boolean };

/** What applications say of whether they would lead. */
export type ChoiceMove =
  | { readonly type: "ready"; readonly who: Who; readonly ready: boolean; readonly component?: ComponentName }
  | { readonly type: "deploy-choice"; readonly policy: PolicyOptions }
  | { readonly type: "stay-out"; readonly who: Who; readonly election: ElectionName; readonly ms: number };

export type FaultMove =
  /** What the object survives: the next attempts fail, and their errors reach whoever has caused them. */
  | { readonly type: "storage-fault"; readonly attempt: Attempt; readonly count: number }
  /** So many of the next alarms never ring. */
  | { readonly type: "lose-alarms"; readonly count: number };

export type Move =
  | { readonly type: "advance"; readonly ms: number }
  /** Only the next few things happen. */
  | { readonly type: "happen"; readonly count: number }
  /** Time passes, and the network carries nothing. */
  | { readonly type: "stall"; readonly ms: number }
  | {
      readonly type: "deliver";
      readonly who: Who;
      readonly direction: Direction;
      readonly count: number;
      readonly older?: boolean;
    }
  | { readonly type: "cut"; readonly who: Who; readonly keepUp: number; readonly keepDown: number; readonly told: Told }
  | { readonly type: "hold"; readonly who: Who; readonly direction: Direction | "both" }
  | { readonly type: "release"; readonly who: Who }
  | { readonly type: "latency"; readonly who: Who; readonly upMs: number; readonly downMs: number }
  | { readonly type: "sleep"; readonly who: Who; readonly ms: number }
  | { readonly type: "set-clock"; readonly who: Who; readonly byMs: number }
  | { readonly type: "timer-lag"; readonly who: Who; readonly ms: number }
  | { readonly type: "freeze"; readonly who: Who }
  | { readonly type: "thaw"; readonly who: Who }
  | { readonly type: "page"; readonly who: Who; readonly event: PageEvent }
  | { readonly type: "kill"; readonly who: Who; readonly told: boolean }
  | { readonly type: "spawn"; readonly place: number; readonly setup: ProcessSetup }
  | { readonly type: "contend"; readonly who: Who; readonly setup: ContenderSetup }
  | { readonly type: "try"; readonly who: Who; readonly setup: ContenderSetup }
  | { readonly type: "stand"; readonly who: Who }
  | { readonly type: "close"; readonly who: Who; readonly component: ComponentName }
  | { readonly type: "rejoin"; readonly who: Who; readonly component: ComponentName }
  /** What tokens of new connections allow to contend for. */
  | { readonly type: "token"; readonly who: Who; readonly components: readonly ComponentName[] }
  | { readonly type: "resign"; readonly who: Who; readonly election: ElectionName; readonly successor?: number }
  | { readonly type: "priority"; readonly who: Who; readonly priority: number; readonly component?: ComponentName }
  | { readonly type: "drain"; readonly who: Who; readonly drain: Drain }
  | { readonly type: "settle"; readonly who: Who }
  | { readonly type: "observe"; readonly who: Who; readonly component: ComponentName | true }
  | { readonly type: "unobserve"; readonly who: Who; readonly component: ComponentName | true }
  | { readonly type: "shutdown"; readonly who: Who }
  | { readonly type: "hibernate"; readonly atOnce?: boolean }
  | { readonly type: "crash"; readonly skewMs: number; readonly told: boolean }
  | { readonly type: "crash-at-write"; readonly at: CrashPoint; readonly skewMs: number }
  | { readonly type: "replace"; readonly skewMs: number }
  | { readonly type: "alarm-lag"; readonly ms: number }
  | { readonly type: "snapshot" }
  | { readonly type: "restore"; readonly snapshot: number; readonly finishAfterMs: number }
  | { readonly type: "revoke"; readonly election: ElectionName; readonly successor?: number }
  | { readonly type: "cleanup"; readonly force: boolean }
  | { readonly type: "pause"; readonly paused: boolean }
  | { readonly type: "deploy"; readonly policy: PolicyOptions; readonly restart: boolean }
  | CallerMove
  | CallerChoiceMove
  | ChoiceMove
  | FaultMove
  | TenantMove;

type MoveType = Move["type"];
type Of<T extends MoveType> = Extract<Move, { readonly type: T }>;

/** How far ahead the next thing may lie. */
const LONGEST_MS = 5_000;

function processOf(world: World, who: Who): Process | undefined {
  if (who !== "leader") return world.processes[who % world.processes.length];
  const leads = ({ state }: Process) => state.terms.some(({ stage }) => stage === "leading");
  return world.processes.find(leads) ?? world.processes[0];
}

const sessionIdOf = (world: World, place: number | undefined): string | undefined =>
  place === undefined ? undefined : processOf(world, place)?.state.session?.sessionId;

/** The connections of a process, newest first. */
const linksOf = (world: World, process: Process): Link[] => [...world.network.path(process).links].reverse();

/** Does something with a process that runs; nothing to one that does not. */
const withRunning =
  <M extends { readonly who: Who }>(act: (process: Process, move: M, world: World) => void) =>
  (world: World, move: M): void => {
    const process = processOf(world, move.who);
    if (!process?.runs) return;
    process.clock.arrive();
    act(process, move, world);
  };

/** What befalls a machine befalls all clients on it. */
const withMachine =
  <M extends { readonly who: Who }>(act: (process: Process, move: M, world: World) => void) =>
  (world: World, move: M): void => {
    for (const process of processOf(world, move.who)?.clients ?? []) act(process, move, world);
  };

const withAny =
  <M extends { readonly who: Who }>(act: (process: Process, move: M, world: World) => void) =>
  (world: World, move: M): void => {
    const process = processOf(world, move.who);
    if (process !== undefined) act(process, move, world);
  };

const withCaller =
  <M extends { readonly place: number }>(act: (caller: Caller, move: M, world: World) => void) =>
  (world: World, move: M): void => {
    const caller = world.callers[move.place % world.callers.length];
    if (caller === undefined) return;
    caller.clock.arrive();
    act(caller, move, world);
  };

/** Total by type: every move has its meaning. */
const meanings: { readonly [T in MoveType]: (world: World, move: Of<T>) => void } = {
  advance: (world, { ms }) => world.advance(ms),
  happen: (world, { count }) => world.happen(count, LONGEST_MS),
  stall: (world, { ms }) => world.stall(ms),
  deliver: withAny((process, { direction, count, older }, world) => {
    const [newest, before] = linksOf(world, process);
    const link = older === true ? before : newest;
    for (let left = count; link !== undefined && left > 0; left--) {
      if (direction === "down" && !process.hears) return;
      world.network.deliver(process, link, direction);
    }
  }),
  cut: withAny((process, { keepUp, keepDown, told }, world) => {
    const [link] = linksOf(world, process);
    if (link !== undefined) world.network.cut(link, { keepUp, keepDown, told });
  }),
  hold: withAny((process, { direction }, world) => {
    const { held } = world.network.path(process);
    for (const one of direction === "both" ? (["up", "down"] as const) : [direction]) held.add(one);
  }),
  release: withAny((process, _move, world) => world.network.path(process).held.clear()),
  latency: withAny((process, { upMs, downMs }, world) => {
    const path = world.network.path(process);
    path.upMs = upMs;
    path.downMs = downMs;
  }),
  sleep: withMachine((process, { ms }, world) => process.sleep(world.now + ms)),
  "set-clock": withMachine((process, { byMs }) => process.clock.set(byMs)),
  "timer-lag": withMachine((process, { ms }) => {
    process.timerLagMs = ms;
  }),
  freeze: withMachine((process) => process.freeze()),
  thaw: withMachine((process) => process.thaw()),
  page: withMachine((process, { event }) => process.page(event)),
  kill: withMachine((process, { told }, world) => world.kill(process, told)),
  spawn: (world, { place, setup }) => world.replaceDead(place, setup),
  contend: withRunning((process, { setup }) => process.contend(setup)),
  try: withRunning((process, { setup }) => process.try(setup)),
  stand: withRunning((process) => process.stand()),
  close: withRunning((process, { component }) => process.close(component)),
  rejoin: withRunning((process, { component }) => process.rejoin(component)),
  token: withAny((process, { components }, world) => {
    world.network.path(process).allowed = components;
  }),
  resign: withRunning((process, { election, successor }, world) =>
    process.resign(election, sessionIdOf(world, successor)),
  ),
  priority: withRunning((process, { priority, component }) => process.prioritize(priority, component)),
  drain: withAny((process, { drain }) => {
    for (const contender of process.contenders) contender.drain = drain;
  }),
  settle: withRunning((process) => process.settleAll()),
  observe: withRunning((process, { component }) => process.observe(component)),
  unobserve: withRunning((process, { component }) => process.unobserve(component)),
  shutdown: withRunning((process) => process.shutdown()),
  hibernate: ({ backend }, { atOnce }) => backend.hibernate(atOnce),
  crash: ({ backend }, { skewMs, told }) => {
    backend.nextSkewMs = skewMs;
    backend.crash(told);
  },
  "crash-at-write": ({ backend }, { at, skewMs }) => {
    backend.nextSkewMs = skewMs;
    backend.crashAt = at;
  },
  replace: ({ backend }, { skewMs }) => {
    backend.nextSkewMs = skewMs;
    backend.replace();
  },
  "alarm-lag": ({ backend }, { ms }) => {
    backend.alarmLagMs = ms;
  },
  snapshot: ({ backend }) => backend.takeSnapshot(),
  restore: ({ backend, operator }, { snapshot, finishAfterMs }) => {
    const taken = backend.snapshots[snapshot % backend.snapshots.length];
    if (taken !== undefined) operator.restore(taken, finishAfterMs);
  },
  revoke: (world, { election, successor }) => world.operator.revoke(election, sessionIdOf(world, successor) ?? null),
  cleanup: ({ operator }, { force }) => operator.cleanup(force),
  pause: ({ operator }, { paused }) => operator.pause(paused),
  deploy: ({ backend, operator }, { policy, restart }) => {
    operator.deploy(policy);
    if (restart) backend.crash(true);
  },
  "storage-fault": ({ backend }, { attempt, count }) => {
    backend.storage.faults[attempt] = count;
  },
  "lose-alarms": ({ backend }, { count }) => {
    backend.alarmsToLose = count;
  },
  ready: withRunning((process, { ready, component }) => process.setReady(ready, component)),
  "deploy-choice": ({ operator }, { policy }) => operator.deploy(policy),
  "stay-out": withRunning((process, { election, ms }) => process.resign(election, undefined, ms)),
  flood: withRunning((process, { what, count }) => process.flood(what, count)),
  compute: withMachine((process, { ms }, world) => process.compute(world.now + ms)),
  "caller-compute": withCaller((caller, { ms }, world) => caller.compute(world.now + ms)),
  check: withRunning((process) => process.check()),
  "join-reader": withRunning((process, { component, eager }) => process.join(component, eager)),
  "leave-reader": withRunning((process) => process.leaveReader()),
  read: withRunning((process, { count }) => {
    for (const reader of process.readers) reader.take(count);
  }),
  calls: withCaller(({ calls }, { direction, fate, laterMs }) => calls.befall(direction, fate, laterMs)),
  "calls-astray": (world, { astray }) => {
    world.callsGoAstray = astray;
  },
  "caller-latency": withCaller(({ calls }, { ms }) => {
    calls.latencyMs = ms;
  }),
  "caller-sleep": withCaller((caller, { ms }, world) => caller.sleep(world.now + ms)),
  "caller-contend": withCaller((caller, { components }) => caller.contend(components)),
  "caller-ready": withCaller((caller, { ready }) => {
    caller.ready = ready;
  }),
  "caller-wants": withCaller((caller, { ready }) => caller.wants(ready)),
  caller: withCaller((caller, { does }) => (does === "release-calls" ? caller.calls.release() : caller[does]())),
};

export const MOVE_TYPES: readonly string[] = Object.keys(meanings);

export function perform(world: World, move: Move): void {
  world.tell(() => `MOVE ${JSON.stringify(move)}`);
  apply(world, move);
  world.judge.afterMove();
}

const apply = <T extends MoveType>(world: World, move: Of<T> & { readonly type: T }): void =>
  meanings[move.type as T](world, move);
