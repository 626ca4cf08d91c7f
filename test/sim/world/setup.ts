/** How a world begins. Plain data: a run is replayed from it and its moves. */
import type { PolicyOptions } from "../../../worker/group/policy.ts";
import type { Drain } from "../../support/app-contender.ts";

/** What a contender does inside its `onGrant`. */
export type OnGrant = "confirm" | "confirm-twice" | "close" | "resign" | "nothing";

export const COMPONENTS = ["x", "y", "z", "m"] as const;
export type ComponentName = (typeof COMPONENTS)[number];

/** From the oldest on. */
export const VERSIONS: readonly string[] = ["1.9.0", "1.10.0-rc.1", "1.10.0"];

/** For how long whoever resigns stays out of an election. */
export const LONGEST_STAY_OUT_MS = 20_000;

export interface ContenderSetup {
  /** x and y run in the process election, z in one of its own, m in either. */
  readonly component: ComponentName;
  readonly dedicated: boolean;
  readonly priority?: number;
  readonly onGrant: OnGrant;
  readonly drain: Drain;
}

export interface ProcessSetup {
  /** The rate of its clocks against true time; at least R / D. */
  readonly rate: number;
  /** Whether its monotonic clock stands still while the machine sleeps. */
  readonly stopsAsleep: boolean;
  readonly priority: number;
  /** Named in its metadata. */
  readonly version?: string;
  readonly onDisconnect: "keep" | "revoke";
  readonly drainMs?: number;
  readonly lingerMs: number;
  /** How long each of its tokens is good; absent: for ever. */
  readonly tokenMs?: number;
  readonly contenders: readonly ContenderSetup[];
  readonly watched: readonly (ComponentName | true)[];
  /** Runs in a Worker, whose clocks stand still while code runs. */
  readonly inWorker?: boolean;
  /** Has a second client, with contenders for the same components. */
  readonly twin?: boolean;
}

/** A process without a socket. */
export interface CallerSetup {
  readonly rate: number;
  readonly stopsAsleep: boolean;
  readonly priority: number;
  readonly components: readonly ComponentName[];
  /** Absent: D / 2. */
  readonly pollEveryMs?: number;
  readonly drainMs?: number;
  /** What its contenders' `onRevoke` does, while it is ready; until it is ready again they hang. */
  readonly drain: Exclude<Drain, "hung">;
  readonly inWorker?: boolean;
  /** Each time that it contends is an invocation of its own, which leads at once or not at all. */
  readonly tries?: boolean;
}

export interface Setup {
  readonly seed: number;
  readonly policy: PolicyOptions;
  /** The clock error of the first host. */
  readonly skewMs: number;
  /** Absent: as in the product, where so few sessions have no spread. */
  readonly returnsPerSecond?: number;
  readonly processes: readonly ProcessSetup[];
  /** Absent: none. */
  readonly callers?: readonly CallerSetup[];
}
