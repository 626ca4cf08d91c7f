/** One contender as its application sees it: the callbacks that ran, and what they do. Judges C1, G2 and T3. */

import type { LossReason } from "../../shared/errors.ts";
import type { ContenderInfo } from "../../shared/protocol/messages.ts";
import { type ElectionName, electionOf } from "../../shared/protocol/names.ts";
import { demand } from "./violation.ts";

export const SLOW_DRAIN_MS = 1_500;

/**
 * What a contender's `onRevoke` does. `quick` returns nothing: it has settled in the event that has ended the term. `throw`
 * rejects: it settles at the same time, by an event of its own. `hung` settles when it is made to.
 */
export type Drain = "quick" | "slow" | "hung" | "throw";

export interface Granted {
  readonly leaderSessionId: string;
  readonly epoch: number;
}

export class AppContender {
  readonly id: number;
  readonly info: ContenderInfo;
  readonly election: ElectionName;
  drain: Drain;
  closed = false;
  /** It asks once whether it can lead now. */
  tries = false;
  granted: Granted | null = null;
  /** Its `onRevoke` runs, and settles at this monotonic time. */
  settlesAt: number | null = null;
  #lastEpoch = 0;
  grants = 0;

  constructor(id: number, info: ContenderInfo, drain: Drain) {
    this.id = id;
    this.info = info;
    this.election = electionOf(info.component, info.election);
    this.drain = drain;
  }

  get draining(): boolean {
    return this.settlesAt !== null;
  }

  /** Runs for leadership, and would run its term if it were granted one now. */
  get ready(): boolean {
    return !this.closed && !this.draining;
  }

  grant(granted: Granted): void {
    const who = `${this.info.component} #${this.id}`;
    demand(this.granted === null, "C1", () => `${who} is granted ${granted.epoch} twice without a revoke`);
    demand(!this.draining, "C1", () => `${who} is granted ${granted.epoch} before its last revoke has settled`);
    demand(!this.closed, "X4", () => `${who} is granted ${granted.epoch} after it was closed`);
    demand(!this.tries || this.grants === 0, "T3", () => `${who} has tried once, and is granted ${granted.epoch} too`);
    demand(granted.epoch > this.#lastEpoch, "G2", () => `${who}: epoch ${granted.epoch} after ${this.#lastEpoch}`);
    this.granted = granted;
    this.#lastEpoch = granted.epoch;
    this.grants += 1;
  }

  revoke(reason: LossReason, now: number): void {
    const who = `${this.info.component} #${this.id}`;
    demand(this.granted !== null, "C1", () => `${who} is revoked (${reason}) without a grant`);
    this.granted = null;
    this.closed ||= this.tries;
    this.settlesAt = now + { quick: 0, throw: 0, slow: SLOW_DRAIN_MS, hung: Infinity }[this.drain];
  }
}
