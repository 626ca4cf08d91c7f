/** What an observer knows of the leaders: the fold of snapshots and changes. */
import { expect } from "vitest";
import type { LeaderInformation, Leaders } from "../../../shared/protocol/messages.ts";
import type { GroupState, Session } from "../../../worker/group/state.ts";
import { expectSame, expectTrue } from "./consistency.ts";

export class Mirror {
  readonly #leaders = new Map<string, LeaderInformation | null>();
  readonly #epochs = new Map<string, number>();
  #revision = 0;
  /** A snapshot has arrived over the present connection. */
  #fresh = false;

  get(component: string): LeaderInformation | null | undefined {
    return this.#leaders.get(component);
  }

  /** A new connection begins with a snapshot; until then nothing is known to be true. */
  stale(): void {
    this.#fresh = false;
  }

  fold({ revision, snapshot, leaders }: Leaders): void {
    if (snapshot) {
      expect(revision).toBeGreaterThanOrEqual(this.#revision);
      this.#leaders.clear();
      this.#fresh = true;
    } else {
      expectTrue(this.#fresh, "a change before the snapshot");
      expect(revision).toBeGreaterThan(this.#revision);
    }
    this.#revision = revision;
    for (const { component, leader } of leaders) this.#put(component, leader);
  }

  /** O4: for an observer epochs never go back. */
  #put(component: string, leader: LeaderInformation | null): void {
    expectTrue(
      (leader?.epoch ?? Infinity) >= (this.#epochs.get(component) ?? 0),
      `the epoch of ${component} goes back`,
    );
    if (leader !== null) this.#epochs.set(component, leader.epoch);
    this.#leaders.set(component, leader);
  }

  /** An observer whose frames arrive sees exactly what is published. Before `start` a change waits for it: nobody knows yet who watches. */
  expectTrueTo(state: GroupState, { watched }: Session): void {
    if (!this.#fresh) return;
    for (const [component, { record }] of state.components.entries()) {
      if (!watched.all && !watched.names.includes(component)) continue;
      if (!state.reconciled && state.unannounced.has(component)) continue;
      expectSame(this.#leaders.get(component) ?? null, record?.leader ?? null, `what is known of ${component}`);
    }
  }
}
