/** What must hold after every event of a `GroupWorld`. */
import type { Grant } from "../../../shared/protocol/messages.ts";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import { load, save } from "../../../worker/group/rows.ts";
import type { GroupState } from "../../../worker/group/state.ts";
import { expectConsistent, expectIndexes, expectSame, expectTrue } from "./consistency.ts";
import { byKey, type Stored } from "./storage.ts";

const CLOCK_MARGIN = 1_000;

/**
 * What is written turn by turn is what would be saved at once; a load gives it back, and only leases differ: they grow
 * to horizon + sigma. Every index is right, before and after.
 */
export function expectStored(state: GroupState, { rows }: Stored, clock: number): void {
  const stored = byKey(rows);
  expectSame(stored, byKey(save(state)), "what is written turn by turn is what is saved at once");
  const loaded = load(rows, state.policy);
  expectSame(byKey(save(loaded)), stored, "a load gives back what is stored");
  const leases = leasesOf(loaded);
  for (const { name, state: before } of state.elections.values()) {
    if (!("leaseUntil" in before)) continue;
    const leaseUntil = leases.get(name) ?? 0;
    expectSame(leaseUntil, before.horizon + CLOCK_MARGIN, `the loaded lease of ${name}`);
    expectTrue(leaseUntil >= before.leaseUntil, `the lease of ${name} shrinks by a load`);
  }
  expectIndexes(loaded, 0); // a load knows no time
  expectConsistent(state, clock);
}

function leasesOf({ elections }: GroupState): ReadonlyMap<string, number> {
  const all = [...elections.values()];
  return new Map(all.flatMap(({ name, state }) => ("leaseUntil" in state ? [[name, state.leaseUntil]] : [])));
}

/** S3: the live socket of a leader has carried its exact lease through hibernation. */
export function expectExactLeases(before: GroupState, after: GroupState): void {
  const leases = leasesOf(before);
  for (const { name, state } of after.elections.values()) {
    if (!("leaseUntil" in state) || after.sessions.get(state.sessionId)?.link.type !== "connected") continue;
    if (!before.terms.has(state.leaderSessionId)) continue; // granted since the wake-up
    expectSame(state.leaseUntil, leases.get(name), `the lease of ${name} after hibernation`);
  }
}

/** A process, and what it may believe to lead. */
export interface Claimant {
  readonly name: string;
  readonly leases: ReadonlyMap<string, { readonly election: ElectionName; readonly until: number }>;
}

/** The promise itself, judged by what the processes may believe: true time against what they have received. */
export function expectOneLeaderEach(peers: readonly Claimant[], now: number): void {
  const leaders = new Map<string, string>();
  for (const { name, leases } of peers) {
    for (const [leaderSessionId, { election, until }] of leases) {
      if (until <= now) continue;
      const claim = `${name} by ${leaderSessionId}`;
      expectSame(leaders.get(election) ?? claim, claim, `two leaders of ${election}`);
      leaders.set(election, claim);
    }
  }
}

/** S5: every leadership has an epoch of its own, and they grow in the order in which they were given out. */
export class EpochLog {
  readonly #epochs = new Map<string, number>();
  #highest = 0;

  see({ leaderSessionId, epoch }: Pick<Grant, "leaderSessionId" | "epoch">): void {
    const known = this.#epochs.get(leaderSessionId);
    if (known === undefined) expectTrue(epoch > this.#highest, `epoch ${epoch} after ${this.#highest}`);
    else expectSame(epoch, known, `epoch of ${leaderSessionId}`);
    this.#epochs.set(leaderSessionId, epoch);
    this.#highest = Math.max(this.#highest, epoch);
  }
}
