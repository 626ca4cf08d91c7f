/** An operator of the group: revokes, cleans up, pauses, deploys, and restores storage by the two steps. */

import type { ElectionName } from "../../../shared/protocol/names.ts";
import type { Incarnation, Reply } from "../../../testing/group/incarnation.ts";
import type { Storage } from "../../../testing/group/storage.ts";
import type { PolicyOptions } from "../../../worker/group/policy.ts";
import type { Backend } from "./backend.ts";

/** How soon an operator takes the second step again whose object died under it. */
const RETRY_MS = 100;

/** What an operator reaches. */
export interface OperatedWorld {
  readonly now: number;
  readonly backend: Backend;
  tell(line: () => string): void;
}

export class Operator {
  readonly #world: OperatedWorld;
  /** What it does next of a restore. */
  #next: { readonly at: number; readonly step: () => void } | null = null;
  restoring = false;
  /** The group has no leader left, and its storage is about to go back: the shell refuses to open it then. */
  #isGoingBack = false;

  constructor(world: OperatedWorld) {
    this.#world = world;
  }

  revoke(election: ElectionName, successor: string | null): void {
    this.#ask("revoke", (request) => ({ type: "revoke", request, election, successor, note: null }));
  }

  cleanup(force: boolean): void {
    this.#ask("cleanup", (request) => ({ type: "cleanup", request, force }));
  }

  /** Opening the group cancels a restore that waits. */
  pause(paused: boolean): void {
    if (this.#isGoingBack) return this.#world.tell(() => "operator: pause -> refused");
    this.#object().dispatch({ type: "pause", paused });
  }

  deploy(options: PolicyOptions): void {
    this.#world.backend.options = options;
  }

  /** First step; the second follows `finishAfterMs` after storage went back. */
  restore(snapshot: Storage, finishAfterMs: number): void {
    if (this.restoring) return;
    this.restoring = true;
    this.#ask(
      "restore",
      (request) => ({ type: "restore", request }),
      (outcome) => {
        this.#isGoingBack = outcome?.type === "restorable";
        if (this.#isGoingBack) this.#then(0, () => this.#goBack(snapshot, finishAfterMs));
        else this.restoring = false; // cancelled, or the object died meanwhile: then the group stays paused
      },
    );
  }

  #goBack(snapshot: Storage, finishAfterMs: number): void {
    this.#world.tell(() => "storage goes back");
    this.#isGoingBack = false;
    this.#world.backend.restore(snapshot);
    this.#then(finishAfterMs, () => this.#finish());
  }

  #finish(): void {
    this.#world.tell(() => "operator: finish-restore");
    const object = this.#object();
    object.dispatch({ type: "finish-restore" });
    if (!object.alive) return this.#then(RETRY_MS, () => this.#finish());
    this.#world.backend.recordsAreOld = false;
    this.restoring = false;
  }

  /** Takes back what holds the group up, and looks at a restore that is under way. */
  heal(): void {
    if (this.restoring) this.#object().dispatch({ type: "tick" });
    else if (this.#world.backend.object().state.paused) this.#object().dispatch({ type: "pause", paused: false });
  }

  #object(): Incarnation {
    const object = this.#world.backend.object();
    object.configure(this.#world.backend.options);
    return object;
  }

  #ask(what: string, event: Parameters<Incarnation["ask"]>[0], then: Reply = () => {}): void {
    this.#world.tell(() => `operator: ${what}`);
    this.#object().ask(event, (outcome) => {
      this.#world.tell(() => `operator: ${what} -> ${JSON.stringify(outcome)}`);
      then(outcome);
    });
  }

  #then(afterMs: number, step: () => void): void {
    this.#next = { at: this.#world.now + afterMs, step };
  }

  get dueAt(): number {
    return this.#next?.at ?? Infinity;
  }

  act(): void {
    const step = this.#next?.step;
    this.#next = null;
    step?.();
  }
}
