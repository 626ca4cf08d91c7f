/**
 * What a caller tells those who wait: that an `onRevoke` has settled, that a term is over, that the group has heard of a
 * change, that it has left. It tells each of them once, not before it is so, and at the latest by the end of the turn.
 */
import type { ContenderState, Drain } from "../../worker/callers/core/state.ts";
import type { UserEffect } from "../../worker/callers/turns.ts";
import { demand } from "./violation.ts";

export class CallerWaits {
  readonly #name: string;
  /** The `onRevoke`s that run, and those of them that have settled without anybody being told. */
  readonly #running = new Set<string>();
  readonly #settled = new Set<string>();
  /** The terms whose release somebody may wait for. */
  #unreleased: Set<string>;
  /** The last change that somebody was told of, and the last one that a campaign has named which was answered. */
  #heard: number;
  #answered: number;
  #hasLeft = false;

  constructor(name: string, state: ContenderState) {
    this.#name = name;
    this.#unreleased = new Set(unreleased(state));
    this.#heard = this.#answered = state.changesTold;
  }

  // What happens

  adopted(before: ContenderState, after: ContenderState): void {
    for (const leaderSessionId of unreleased(after)) this.#unreleased.add(leaderSessionId);
    const { activity } = after;
    const wasLeaving = before.activity === "leaving" || before.activity === "returning";
    if (activity === "stopped" ? before.activity !== "stopped" : activity === "running" && wasLeaving)
      this.#hasLeft = true;
  }

  revoked(drain: Drain): void {
    this.#running.add(nameOf(drain));
  }

  settled(drain: Drain): void {
    if (this.#running.delete(nameOf(drain))) this.#settled.add(nameOf(drain));
  }

  /** A campaign was answered that had left after so many changes. */
  answered(changes: number): void {
    this.#answered = changes;
  }

  // What is told

  told(effect: UserEffect, state: ContenderState): void {
    switch (effect.type) {
      case "stopped":
        this.#settled.delete(nameOf(effect));
        return this.#demand(!this.#running.has(nameOf(effect)), `${nameOf(effect)} has stopped, while it runs`);
      case "released":
        return this.#released(effect.leaderSessionId, state);
      case "heard":
        return this.#hears(effect.change, state);
      case "left":
        this.#demand(this.#hasLeft, "it has left, before it has");
        this.#hasLeft = false;
        return;
      default:
    }
  }

  #released(leaderSessionId: string, state: ContenderState): void {
    const isFirst = this.#unreleased.delete(leaderSessionId);
    const isOver = !unreleased(state).includes(leaderSessionId);
    this.#demand(isFirst && isOver, `${leaderSessionId} is released, ${isFirst ? "before it is" : "once more"}`);
  }

  #hears(change: number, { activity }: ContenderState): void {
    this.#demand(change === this.#heard + 1, `change ${change} was heard after ${this.#heard}`);
    this.#heard = change;
    this.#demand(change <= this.#answered || activity !== "running", `change ${change} was heard, before it is`);
  }

  /** The turn is over. */
  turned(state: ContenderState): void {
    this.#demand(this.#settled.size === 0, `nothing of it: ${[...this.#settled].join()} has stopped`);
    const left = unreleased(state);
    const untold = [...this.#unreleased].filter((leaderSessionId) => !left.includes(leaderSessionId));
    this.#demand(untold.length === 0, `nothing of it: ${untold.join()} is released`);
    this.#demand(this.#heard === state.changesTold, `nothing of it: change ${state.changesTold} was heard`);
    this.#demand(!this.#hasLeft, "nothing of it: it has left");
  }

  #demand(holds: boolean, what: string): void {
    demand(holds, "C11", () => `${this.#name} tells those who wait ${what}`);
  }
}

const nameOf = ({ component, leaderSessionId }: Drain): string => `${component} of ${leaderSessionId}`;

const unreleased = ({ terms, farewells }: ContenderState): readonly string[] =>
  [...terms, ...farewells].map(({ leaderSessionId }) => leaderSessionId);
