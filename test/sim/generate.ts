/** What random runs are made of: setups and moves. Faults that matter most come most often. */
import fc from "fast-check";
import { ATTEMPTS } from "../../testing/group/storage.ts";
import type { PolicyOptions } from "../../worker/group/policy.ts";
import type { CallerChoiceMove, CallerMove, ChoiceMove, FaultMove, Move, TenantMove, Who } from "./moves.ts";
import type { Flood } from "./world/process.ts";
import {
  type CallerSetup,
  COMPONENTS,
  type ContenderSetup,
  LONGEST_STAY_OUT_MS,
  type OnGrant,
  type ProcessSetup,
  type Setup,
  VERSIONS,
} from "./world/setup.ts";

type Weighted<T> = { readonly weight: number; readonly arbitrary: fc.Arbitrary<T> };

const often = <T>(...pairs: readonly (readonly [weight: number, value: T])[]): fc.Arbitrary<T> =>
  fc.oneof(...pairs.map(([weight, value]): Weighted<T> => ({ weight, arbitrary: fc.constant(value) })));

const optional = <K extends string, V>(key: K, arbitrary: fc.Arbitrary<V>): fc.Arbitrary<{ readonly [k in K]?: V }> =>
  fc
    .option(arbitrary, { nil: undefined })
    .map((value) => (value === undefined ? {} : { [key]: value }) as { [k in K]?: V });

/** Differences between the hosts' clocks: within the promised margin of a second. */
const skew = often([4, 0], [1, -500], [1, 500], [1, 250]);
const election = often<"process" | "component:z">([4, "process"], [1, "component:z"]);
const component = often(
  ...COMPONENTS.map((name): [number, (typeof COMPONENTS)[number]] => [name === "x" ? 3 : 1, name]),
);
const place = fc.nat({ max: 3 });
/** The leader matters most. */
const who: fc.Arbitrary<Who> = fc.oneof(
  { weight: 1, arbitrary: fc.constant("leader" as const) },
  { weight: 2, arbitrary: place },
);

const contender: fc.Arbitrary<ContenderSetup> = fc
  .tuple(
    component,
    fc.boolean(),
    optional("priority", fc.integer({ min: -1, max: 2 })),
    often<OnGrant>([6, "confirm"], [1, "confirm-twice"], [1, "nothing"], [1, "close"], [1, "resign"]),
    often<ContenderSetup["drain"]>([5, "quick"], [3, "slow"], [1, "hung"], [1, "throw"]),
  )
  .map(([name, either, priority, onGrant, drain]) => ({
    component: name,
    dedicated: name === "z" || (name === "m" && either),
    ...priority,
    onGrant,
    drain,
  }));

const process: fc.Arbitrary<ProcessSetup> = fc
  .tuple(
    // 0.8 is R / D: the slowest clock that is promised to be safe.
    often([2, 0.800_001], [1, 0.9], [4, 1], [1, 1.1]),
    fc.boolean(),
    often([5, 0], [1, 1], [1, 2]),
    often<"keep" | "revoke">([4, "keep"], [1, "revoke"]),
    optional("drainMs", often([1, 0], [2, 1_000], [1, 20_000])),
    often([3, 0], [1, 3_000]),
    optional("tokenMs", often([1, 5_000], [1, 20_000])),
    fc.uniqueArray(contender, { minLength: 0, maxLength: 3, selector: (one) => one.component }),
    fc.uniqueArray(fc.oneof(component, fc.constant(true as const)), { maxLength: 2 }),
  )
  .map(([rate, stopsAsleep, priority, onDisconnect, drainMs, lingerMs, tokenMs, contenders, watched]) => {
    const seeds: readonly ContenderSetup[] =
      contenders.length > 0 ? contenders : [{ component: "x", dedicated: false, onGrant: "confirm", drain: "quick" }];
    return { rate, stopsAsleep, priority, onDisconnect, ...drainMs, lingerMs, ...tokenMs, contenders: seeds, watched };
  });

const policy: fc.Arbitrary<PolicyOptions> = fc
  .tuple(
    often([4, 10_000], [1, 2_000], [1, 6_000]),
    often([3, 4_000], [1, 10_000], [1, 0]),
    often<PolicyOptions["preempt"]>([4, false], [1, { cooldownMs: 5_000 }]),
    optional("horizonAheadMs", often([1, 0], [1, 2_000], [2, 10_000])),
  )
  .map(([leaseMs, drainMs, preempt, ahead]) => ({ leaseMs, drainMs, preempt: preempt ?? false, ...ahead }));

/** In one world of four even a few sessions are a crowd. */
export const setups: fc.Arbitrary<Setup> = fc
  .record({
    seed: fc.integer(),
    policy,
    skewMs: skew,
    processes: fc.array(process, { minLength: 2, maxLength: 4 }),
  })
  .map((setup) => (setup.seed % 4 === 0 ? { ...setup, returnsPerSecond: 1 } : setup));

const time = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 400 }) },
  { weight: 3, arbitrary: fc.integer({ min: 400, max: 4_000 }) },
  { weight: 3, arbitrary: fc.integer({ min: 4_000, max: 14_000 }) },
);
const latency = fc.oneof(fc.constant(10), fc.integer({ min: 0, max: 500 }), fc.integer({ min: 500, max: 9_000 }));
const few = fc.nat({ max: 3 });

/** One generator for each kind of move, with its weight. */
type Generators<M extends Move> = {
  readonly [T in M["type"]]: readonly [number, fc.Arbitrary<Omit<Extract<M, { type: T }>, "type">>];
};

const generators: Generators<Exclude<Move, CallerMove | CallerChoiceMove | ChoiceMove | FaultMove | TenantMove>> = {
  advance: [22, fc.record({ ms: time })],
  happen: [16, fc.record({ count: fc.integer({ min: 1, max: 6 }) })],
  stall: [4, fc.record({ ms: time })],
  deliver: [
    8,
    fc.record({
      who,
      direction: fc.constantFrom("up" as const, "down" as const),
      count: fc.integer({ min: 1, max: 3 }),
      older: fc.boolean(),
    }),
  ],
  cut: [10, fc.record({ who, keepUp: few, keepDown: few, told: fc.constantFrom("none", "client", "server", "both") })],
  hold: [6, fc.record({ who, direction: fc.constantFrom("up", "down", "both") })],
  release: [6, fc.record({ who })],
  latency: [5, fc.record({ who, upMs: latency, downMs: latency })],
  sleep: [4, fc.record({ who, ms: time })],
  "set-clock": [2, fc.record({ who, byMs: fc.integer({ min: -20_000, max: 20_000 }) })],
  "timer-lag": [2, fc.record({ who, ms: fc.constantFrom(0, 50, 1_000, 60_000) })],
  freeze: [2, fc.record({ who })],
  thaw: [2, fc.record({ who })],
  page: [2, fc.record({ who, event: fc.constantFrom("visible" as const, "online" as const, "offline" as const) })],
  kill: [2, fc.record({ who, told: fc.boolean() })],
  spawn: [3, fc.record({ place, setup: process })],
  contend: [5, fc.record({ who, setup: contender })],
  try: [4, fc.record({ who, setup: contender })],
  stand: [1, fc.record({ who })],
  close: [5, fc.record({ who, component })],
  rejoin: [5, fc.record({ who, component })],
  token: [2, fc.record({ who, components: fc.subarray([...COMPONENTS]) })],
  resign: [
    5,
    fc.tuple(who, election, optional("successor", place)).map(([w, e, s]) => ({ who: w, election: e, ...s })),
  ],
  priority: [
    2,
    fc
      .tuple(who, fc.integer({ min: -1, max: 3 }), optional("component", fc.constant("z" as const)))
      .map(([w, priority, c]) => ({ who: w, priority, ...c })),
  ],
  drain: [
    2,
    fc.record({ who, drain: fc.constantFrom("quick" as const, "slow" as const, "hung" as const, "throw" as const) }),
  ],
  settle: [2, fc.record({ who })],
  observe: [2, fc.record({ who, component: fc.oneof(component, fc.constant(true as const)) })],
  unobserve: [1, fc.record({ who, component: fc.oneof(component, fc.constant(true as const)) })],
  shutdown: [2, fc.record({ who })],
  hibernate: [4, fc.record({})],
  crash: [4, fc.record({ skewMs: skew, told: fc.boolean() })],
  "crash-at-write": [3, fc.record({ at: fc.constantFrom("before" as const, "after" as const), skewMs: skew })],
  replace: [4, fc.record({ skewMs: skew })],
  "alarm-lag": [1, fc.record({ ms: fc.constantFrom(0, 500, 5_000) })],
  snapshot: [2, fc.record({})],
  restore: [2, fc.record({ snapshot: few, finishAfterMs: fc.constantFrom(0, 0, 1_000) })],
  revoke: [4, fc.tuple(election, optional("successor", place)).map(([e, s]) => ({ election: e, ...s }))],
  cleanup: [1, fc.record({ force: often([3, true], [1, false]) })],
  pause: [1, fc.record({ paused: fc.boolean() })],
  deploy: [2, fc.record({ policy, restart: fc.boolean() })],
};

function arbitrariesOf<M extends Move>(of: Generators<M>): fc.Arbitrary<Move>[] {
  const pairs = Object.entries<readonly [number, fc.Arbitrary<object>]>(of);
  return pairs.flatMap(([type, [weight, arbitrary]]) => {
    const move = arbitrary.map((fields) => ({ type, ...fields }) as Move);
    return Array<fc.Arbitrary<Move>>(weight).fill(move);
  });
}

export const moves = arbitrariesOf(generators);

// Processes without a socket

const components = fc.uniqueArray(often<CallerSetup["components"][number]>([4, "x"], [1, "y"], [2, "z"], [1, "m"]), {
  minLength: 0,
  maxLength: 4,
});

const caller: fc.Arbitrary<CallerSetup> = fc
  .tuple(
    often([2, 0.800_001], [3, 1], [1, 1.1]),
    fc.boolean(),
    often([4, 0], [1, 2]),
    components,
    fc.tuple(
      optional("pollEveryMs", often([2, 1_000], [1, 3_000], [1, 20_000])),
      optional("drainMs", often([1, 1_000], [1, 5_000])),
    ),
    often<CallerSetup["drain"]>([2, "quick"], [3, "slow"]),
  )
  .map(([rate, stopsAsleep, priority, named, [pollEveryMs, drainMs], drain]) => ({
    rate,
    stopsAsleep,
    priority,
    components: named.length > 0 ? named : (["x"] as const),
    drain,
    ...pollEveryMs,
    ...drainMs,
  }));

export const setupsWithCallers: fc.Arbitrary<Setup> = fc
  .tuple(setups, fc.array(process, { minLength: 1, maxLength: 2 }), fc.array(caller, { minLength: 1, maxLength: 2 }))
  .map(([setup, processes, callers]) => ({ ...setup, processes, callers }));

const direction = fc.constantFrom("up" as const, "down" as const);
const callerPlace = fc.nat({ max: 1 });

const callerGenerators: Generators<CallerMove> = {
  calls: [
    10,
    fc.record({
      place: callerPlace,
      direction,
      fate: often<"lose" | "repeat" | "hold">([3, "lose"], [1, "repeat"], [3, "hold"]),
      laterMs: time,
    }),
  ],
  "calls-astray": [2, fc.record({ astray: fc.boolean() })],
  "caller-latency": [3, fc.record({ place: callerPlace, ms: fc.constantFrom(10, 10, 300, 2_000) })],
  "caller-sleep": [3, fc.record({ place: callerPlace, ms: time })],
  "caller-contend": [4, fc.record({ place: callerPlace, components })],
  "caller-ready": [2, fc.record({ place: callerPlace, ready: fc.boolean() })],
  caller: [
    12,
    fc.record({
      place: callerPlace,
      does: often<"resign" | "leave" | "restart" | "release-calls">(
        [3, "resign"],
        [1, "leave"],
        [3, "restart"],
        [4, "release-calls"],
      ),
    }),
  ],
};

const callerChoiceGenerators: Generators<CallerChoiceMove> = {
  "caller-wants": [12, fc.record({ place: callerPlace, ready: fc.boolean() })],
};

const faultGenerators: Generators<FaultMove> = {
  "lose-alarms": [8, fc.record({ count: often([3, 1], [1, 3], [1, 1_000]) })],
  "storage-fault": [20, fc.record({ attempt: fc.constantFrom(...ATTEMPTS), count: fc.integer({ min: 1, max: 3 }) })],
};

/** The only processes that stand in two dedicated elections: z, and m. */
const chooser: fc.Arbitrary<ProcessSetup> = fc
  .tuple(process, optional("version", fc.constantFrom(...VERSIONS)), often([2, 0], [1, 1]))
  .map(([setup, version, priority]) => ({
    ...setup,
    ...version,
    priority,
    contenders: [
      ...setup.contenders.filter(({ component: name }) => name !== "m" && name !== "z"),
      ...(["z", "m"] as const).map((name) => ({
        ...{ component: name, dedicated: true, onGrant: "confirm" as const },
        drain: setup.contenders[0]?.drain ?? "quick",
      })),
    ],
  }));

const choosing: fc.Arbitrary<PolicyOptions> = fc
  .tuple(
    policy,
    often([3, true], [1, false]),
    optional("prefer", fc.record({ metadata: fc.constant("version"), order: fc.constantFrom("newest", "oldest") })),
  )
  .map(([options, spread, prefer]) => ({ ...options, spread, ...prefer }));

export const setupsWithChoice: fc.Arbitrary<Setup> = fc
  .tuple(setups, choosing, fc.array(chooser, { minLength: 2, maxLength: 4 }))
  .map(([setup, chosen, processes]) => ({ ...setup, policy: chosen, processes }));

const choiceGenerators: Generators<ChoiceMove> = {
  ready: [
    12,
    fc
      .tuple(who, fc.boolean(), optional("component", component))
      .map(([w, ready, named]) => ({ who: w, ready, ...named })),
  ],
  "deploy-choice": [2, fc.record({ policy: choosing })],
  "stay-out": [5, fc.record({ who, election, ms: fc.integer({ min: 1, max: LONGEST_STAY_OUT_MS }) })],
};

/** There m is dedicated everywhere. */
const { contend: _, ...others } = generators;
const withChoice: Generators<
  Exclude<Move, CallerMove | CallerChoiceMove | FaultMove | TenantMove | { readonly type: "contend" }>
> = {
  ...others,
  spawn: [3, fc.record({ place, setup: chooser })],
  ...choiceGenerators,
};

export const movesWithChoice = arbitrariesOf(withChoice);

export const movesWithFaults = [...moves, ...arbitrariesOf(faultGenerators)];

export const movesWithCallers = [...moves, ...arbitrariesOf(callerGenerators)];

export const movesWithChoosyCallers = [...movesWithCallers, ...arbitrariesOf(callerChoiceGenerators)];

// Several clients in a process, Workers, and applications that say much and read slowly

/** The slower ones let so much wait that it lasts longer than a lease. */
const limits = fc.constantFrom({ messagesPerSecond: 10 }, { messagesPerSecond: 100 });

const tenant: fc.Arbitrary<ProcessSetup> = fc
  .tuple(process, fc.boolean(), often([1, true], [2, false]))
  .map(([setup, inWorker, twin]) => ({ ...setup, watched: [], inWorker, twin }));

const tenantCaller: fc.Arbitrary<CallerSetup> = fc
  .tuple(caller, fc.boolean(), fc.boolean())
  .map(([setup, inWorker, tries]) => ({ ...setup, inWorker, tries }));

export const setupsWithTenants: fc.Arbitrary<Setup> = fc
  .tuple(
    setups,
    limits,
    fc.array(tenant, { minLength: 1, maxLength: 2 }),
    fc.array(tenantCaller, { minLength: 0, maxLength: 2 }),
  )
  .map(([setup, limited, processes, callers]) => ({
    ...setup,
    policy: { ...setup.policy, limits: limited },
    processes,
    callers,
  }));

const watched = fc.oneof(component, fc.constant(true as const));

const tenantGenerators: Generators<TenantMove> = {
  flood: [
    16,
    fc.record({
      who,
      what: often<Flood>([3, "priority"], [1, "confirm"], [1, "watch"], [2, "rejoin"]),
      count: often([1, 90], [2, 200]),
    }),
  ],
  compute: [8, fc.record({ who, ms: fc.integer({ min: 1_000, max: 14_000 }) })],
  "caller-compute": [4, fc.record({ place: callerPlace, ms: fc.integer({ min: 1_000, max: 14_000 }) })],
  check: [2, fc.record({ who })],
  "join-reader": [4, fc.record({ who, component: watched })],
  "leave-reader": [1, fc.record({ who })],
  read: [6, fc.record({ who, count: fc.integer({ min: 1, max: 8 }) })],
};

/** Those who read observe by that alone. */
const { observe: __, unobserve: ___, ...unread } = generators;

export const movesWithTenants = [
  ...arbitrariesOf<
    Exclude<
      Move,
      CallerMove | CallerChoiceMove | ChoiceMove | FaultMove | TenantMove | { type: "observe" | "unobserve" }
    >
  >({
    ...unread,
    spawn: [3, fc.record({ place, setup: tenant })],
    "set-clock": [6, fc.record({ who, byMs: fc.integer({ min: -20_000, max: 20_000 }) })],
  }),
  ...arbitrariesOf<CallerMove>(callerGenerators),
  ...arbitrariesOf<TenantMove>(tenantGenerators),
];
