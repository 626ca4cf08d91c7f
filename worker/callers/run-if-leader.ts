/**
 * For invocations: a scheduled handler, a batch of a queue, a request. Runs a function if this invocation can lead now.
 * Afterwards it leaves nothing in the queue.
 */

import { invalidArgument, LeadershipLostError } from "../../shared/errors.ts";
import {
  createPlainLeadership,
  type Handle,
  type Leadership,
  type PlainLeadership,
} from "../../shared/leadership/leadership.ts";
import { Waiting } from "../../shared/leadership/waiting.ts";
import { mustBe, shown } from "../../shared/protocol/fields.ts";
import type { ProcessInfo } from "../../shared/protocol/messages.ts";
import { type ElectionKind, electionOf } from "../../shared/protocol/names.ts";
import type { LeaderStatus } from "../../shared/protocol/status.ts";
import { confirmError, refusalError } from "../../shared/refusals.ts";
import { unreachable } from "../../shared/unreachable.ts";
import type { Subject } from "./core/events.ts";
import { drainMs, initialState, nextDeadline, remainingMs } from "./core/state.ts";
import { Engine, type ShellEffect } from "./engine.ts";
import { type ElectionsBinding, electionsBy } from "./local-elections.ts";
import type { Elections } from "./service.ts";
import { optionsIn, settingsOf } from "./settings.ts";
import { unavailable } from "./unavailable.ts";

/** Options of `runIfLeader`. With `since`, the function is not run if a run was completed after that time. */
export interface RunOptions {
  readonly group: string;
  readonly component: string;
  /** Default `dedicated`: others can lead other components meanwhile. */
  readonly election?: ElectionKind;
  readonly process?: ProcessInfo;
  readonly priority?: number;
  /** How long the lease is kept while the function stops after a revoke. The smaller of this and the group's value counts. */
  readonly drainMs?: number;
  /**
   * Milliseconds since 1970, such as `controller.scheduledTime`. The function is not run if a run of this component was
   * completed after that time. A run that threw, or lost the lead, was not completed.
   */
  readonly since?: number;
}

const OPTIONS = ["group", "component", "election", "process", "priority", "drainMs", "since"];

/** Whether the function was run; if not, why. */
export type RunResult<T> =
  | { readonly ran: true; readonly value: T }
  /** `led`: somebody else leads, or comes first in the queue. `leader`: who leads, if anybody does. */
  | { readonly ran: false; readonly reason: "led"; readonly leader: LeaderStatus | null }
  /** `done`: a run was completed after `since`. */
  | { readonly ran: false; readonly reason: "done" };

/**
 * Calls `run` if this invocation can lead now. It leads while `run` runs, and renews meanwhile; `leadership.signal` aborts
 * when the lead is lost. Calls `run` at most once, always waits for it, and does not call it if the lead was lost before
 * `run` began. Rejects with the error of `run`, with a `LeadershipLostError` if the lead was lost before `run` returned, or
 * with an `ElectionError` if the group refuses or can't be reached.
 */
export async function runIfLeader<T>(
  binding: ElectionsBinding,
  options: RunOptions,
  run: (leadership: Omit<Leadership, "confirm" | "resign">) => T | PromiseLike<T>,
): Promise<RunResult<T>> {
  const { group, component, election = "dedicated", since } = optionsIn(options, OPTIONS);
  if (typeof run !== "function") throw invalidArgument(mustBe("run", "a function", shown(run)));
  if (since !== undefined && !Number.isFinite(since))
    throw invalidArgument(mustBe("since", "milliseconds since 1970", shown(since)));
  const elections = electionsBy(binding);
  const name = electionOf(component, election);
  const candidacy = new Invocation(elections, options);
  try {
    const leadership = await candidacy.acquire();
    if (leadership === null) return { ran: false, reason: "led", leader: candidacy.leader };
    // Only a leader can know: from here on nobody else completes a run.
    if (since !== undefined && (await wasCompleted(elections, { group, component, name, since }))) {
      return { ran: false, reason: "done" };
    }
    leadership.assertLeader(); // the group may have taken it back meanwhile
    const value = await run(leadership);
    await candidacy.complete();
    return { ran: true, value };
  } finally {
    await candidacy.leave();
  }
}

const unanswered = (cause: unknown): never => {
  throw unavailable(cause);
};

/** At least as many terms as a group keeps. */
const HISTORY_LIMIT = 1_000;

interface Question {
  readonly group: string;
  readonly component: string;
  readonly name: string;
  readonly since: number;
}

async function wasCompleted(elections: Elections, { group, component, name, since }: Question): Promise<boolean> {
  const terms = await elections.history(group, HISTORY_LIMIT).catch(unanswered);
  return terms.some(
    ({ election, endedAt, confirmed }) =>
      election === name && endedAt !== null && endedAt > since && confirmed.some((one) => one.component === component),
  );
}

class Invocation {
  readonly #group: string;
  readonly #engine: Engine;
  readonly #completing = new Waiting<string>();
  #term: Handle<PlainLeadership> | null = null;
  /** What its try was told, if it does not lead. */
  #tried: { readonly leader: LeaderStatus | null } | null = null;
  #loss: LeadershipLostError | null = null;
  #failure: Error | null = null;
  #timer: unknown;
  #isOver = false;

  constructor(elections: Elections, { group, component, election = "dedicated", since: _, ...options }: RunOptions) {
    this.#group = group;
    const settings = settingsOf({ group, components: [component], election, ...options });
    this.#engine = new Engine(initialState({ ...settings, tries: true }), {
      elections,
      group,
      adopt: () => queueMicrotask(() => this.#moveTimer()),
      execute: (effect) => this.#execute(effect),
      callFailed: (error) => {
        this.#failure = unavailable(error);
      },
    });
  }

  /** Who leads in its place, as far as its try was told. */
  get leader(): LeaderStatus | null {
    return this.#tried?.leader ?? null;
  }

  /** One call. `null`: not its turn. */
  async acquire(): Promise<PlainLeadership | null> {
    this.#engine.dispatch({ type: "start" });
    await this.#engine.quiet();
    // Without a session there was no answer: the call has failed, or has taken too long.
    const isUnheard = this.#engine.state.session === null && this.#tried === null;
    if (this.#term === null && (isUnheard || this.#failure !== null)) throw this.#failure ?? unavailable(undefined);
    return this.#term?.leadership ?? null;
  }

  /** Marks the term as completed, which needs the lead. */
  async complete(): Promise<void> {
    const { leadership } = this.#term ?? {};
    if (leadership === undefined || this.#loss !== null) throw this.#loss ?? new LeadershipLostError("lost");
    leadership.assertLeader();
    const { component, leaderSessionId } = leadership;
    const done = this.#completing.wait(component);
    this.#engine.dispatch({ type: "confirm", component, leaderSessionId });
    await done;
  }

  /** Nothing runs any longer. If this does not reach the group, the end of its lease does. */
  async leave(): Promise<void> {
    this.#isOver = true;
    this.#settle();
    this.#engine.dispatch({ type: "close" });
    await this.#engine.quiet();
    this.#engine.clock.clearTimeout(this.#timer);
  }

  #moveTimer(): void {
    this.#engine.clock.clearTimeout(this.#timer);
    const deadline = nextDeadline(this.#engine.state);
    // While a call is under way the engine keeps the deadlines.
    if (this.#isOver || deadline === null || this.#engine.state.call !== null) return;
    const { clock } = this.#engine;
    const tick = (): void => this.#engine.dispatch({ type: "tick" });
    this.#timer = clock.setTimeout(tick, Math.max(1, deadline - clock.now()));
  }

  #execute(effect: ShellEffect): void {
    switch (effect.type) {
      case "grant":
        this.#term = this.#termOf(effect.subject);
        return;
      case "revoke": {
        const loss = new LeadershipLostError(effect.reason);
        this.#loss = loss;
        this.#term?.end(() => loss);
        this.#completing.reject(effect.subject.component, loss);
        // It does not lead again. The lease is kept while the function stops.
        this.#engine.dispatch({ type: "close" });
        if (this.#isOver) this.#settle();
        return;
      }
      case "confirmed":
        return this.#completing.resolve(effect.component);
      case "unconfirmed":
        return this.#completing.reject(effect.component, confirmError(effect));
      case "tried":
        this.#tried = effect;
        return;
      case "refused":
        this.#failure = refusalError(effect);
        return;
      case "stopped":
      case "released":
      case "heard":
      case "left":
        return;
      default:
        return unreachable(effect);
    }
  }

  #termOf(subject: Subject): Handle<PlainLeadership> {
    const { component, leaderSessionId } = subject;
    return createPlainLeadership(
      { group: this.#group, ...subject },
      {
        remainingMs: () => remainingMs(this.#engine.state, component, leaderSessionId, this.#engine.clock.now()),
        drainMs: () => drainMs(this.#engine.state, component, leaderSessionId, this.#engine.clock.now()),
        inquire: () => this.#engine.inquire(),
      },
    );
  }

  /** The function has stopped. */
  #settle(): void {
    const { leadership } = this.#term ?? {};
    if (leadership === undefined) return;
    const { component, leaderSessionId } = leadership;
    this.#engine.dispatch({ type: "settled", component, leaderSessionId });
  }
}
