/** What befalls the member that leads most elections, or the server of all. */
import { pause } from "../sockets.ts";
import type { Member, Stage } from "./stage.ts";

export type FaultName = "stop" | "half-open" | "backend" | "clock-forward" | "clock-back" | "clock-back-half-open";

export interface Fault {
  /** Who led an election before it was struck: the members that the fault strikes. */
  readonly strikes: "the leader" | "everybody";
  /** Resolves when it is over, with the time from which a stopped process ran again. */
  readonly befall: (stage: Stage, target: Member, leaseMs: number) => Promise<number | undefined>;
}

/** Two and a half leases: etcd3 gives up after two, and is to be seen doing so. */
const LASTS_LEASES = 2.5;
/** A step or a crash is over at once; who loses the lead by it does so within a lease. */
const SHOWS_LEASES = 1.5;
const STEP_MS = 60_000;

async function breakPath({ path }: Member, leaseMs: number): Promise<undefined> {
  path?.partition("up", "down");
  await pause(LASTS_LEASES * leaseMs);
  path?.heal();
}

const stepBy =
  (ms: number): Fault["befall"] =>
  async (_stage, target, leaseMs) => {
    await target.step?.(ms);
    await pause(SHOWS_LEASES * leaseMs);
    return undefined;
  };

export const FAULTS: Readonly<Record<FaultName, Fault>> = {
  stop: {
    strikes: "the leader",
    async befall({ now }, target, leaseMs) {
      target.stop();
      await pause(LASTS_LEASES * leaseMs);
      const resumedAt = now();
      target.resume();
      return resumedAt;
    },
  },
  "half-open": {
    strikes: "the leader",
    befall: (_stage, target, leaseMs) => breakPath(target, leaseMs),
  },
  backend: {
    strikes: "everybody",
    async befall({ crash }, _target, leaseMs) {
      await crash?.();
      await pause(SHOWS_LEASES * leaseMs);
      return undefined;
    },
  },
  "clock-forward": {
    strikes: "the leader",
    befall: stepBy(STEP_MS),
  },
  "clock-back": {
    strikes: "the leader",
    befall: stepBy(-STEP_MS),
  },
  "clock-back-half-open": {
    strikes: "the leader",
    async befall(_stage, target, leaseMs) {
      await target.step?.(-STEP_MS);
      return breakPath(target, leaseMs);
    },
  },
};
