/** The terms that contenders lead by: their handles, and the callbacks that follow a grant, an extension and a revoke. */
import { drainMs, remainingMs } from "../shared/holder/state.ts";
import type { Inside } from "../shared/inside.ts";
import { createLeadership, type Handle, type Leadership, type ResignOptions } from "../shared/leadership/leadership.ts";
import type { Confirm } from "../shared/protocol/messages.ts";
import { assertPublished, assertResignOptions } from "./checks.ts";
import { Confirms } from "./confirms.ts";
import type { Driver, UserEffect } from "./driver.ts";
import { isLoss, LeadershipLostError, type LossReason } from "./errors.ts";
import type { Listeners } from "./listeners.ts";
import type { Member, Members } from "./member.ts";
import type { Command } from "./session/events.ts";
import { maxDrainMs } from "./session/state.ts";

type Granted = Extract<UserEffect, { readonly type: "grant" }>;

interface Ports {
  readonly driver: Pick<Driver, "state" | "now" | "afterwards">;
  readonly members: Members;
  readonly inside: Inside<number>;
  readonly listeners: Listeners;
  nextId(): number;
  /** Resolves when the group has answered something that was asked after this call. */
  inquire(): Promise<void>;
  dispatch(command: Command): void;
  /** `caller`: the contender whose callback asks, where that is known. */
  resign(leaderSessionId: string, options: ResignOptions, caller: number | undefined): Promise<void>;
  /** Called when the callbacks of these contenders have settled, before the session knows it. */
  settled(contenders: readonly number[]): void;
}

/** What `await` may have to wait for. Whether it has a `then`, only `await` finds out: a proxy shows it to nothing else. */
const mayWait = (result: unknown): boolean =>
  (typeof result === "object" && result !== null) || typeof result === "function";

export class LedTerms {
  readonly confirms: Confirms = new Confirms();
  readonly #group: string;
  readonly #ports: Ports;
  /** By the number of the contender. */
  readonly #terms = new Map<number, Handle<Leadership>>();
  /** Contenders whose callbacks have settled, until the session is told. */
  readonly #settled: number[] = [];

  constructor(group: string, ports: Ports) {
    this.#group = group;
    this.#ports = ports;
  }

  /** Calls nothing where callbacks that came before have ended the term already, or have taken longer than its lease. */
  grant({ contender, election, leaderSessionId, epoch }: Granted): void {
    const { driver, inside, members, inquire, resign } = this.#ports;
    const member = members.get(contender);
    const leftMs = (): number => {
      inside.mark();
      return remainingMs(driver.state(), contender, leaderSessionId, driver.now());
    };
    if (!member || leftMs() <= 0) return;
    const { component } = member;
    const term = createLeadership(
      { group: this.#group, component, election, leaderSessionId, epoch },
      {
        mark: () => inside.mark(),
        remainingMs: leftMs,
        drainMs: () => {
          inside.mark();
          const state = driver.state();
          return drainMs(state, contender, leaderSessionId, { now: driver.now(), maxDrainMs: maxDrainMs(state) });
        },
        inquire,
        assertPublished: (published) => assertPublished(published, driver.state().session?.limits.metadataBytes),
        confirm: (published) => this.#confirm({ component, leaderSessionId, ...published }),
        resign: async (options = {}) => {
          assertResignOptions(options);
          await resign(leaderSessionId, options, member.resignSkipsOwnDrain ? contender : undefined);
        },
      },
    );
    this.#terms.set(contender, term);
    member.leadership = term.leadership;
    void this.#attempt(contender, member, term.leadership, () => member.callbacks.onGrant?.(term.leadership));
  }

  /** Calls `onExtend` of all contenders that lead by this term. */
  extend(leaderSessionId: string): void {
    for (const [contender, { leadership }] of [...this.#terms]) {
      const member = this.#ports.members.get(contender);
      if (!member?.callbacks.onExtend || leadership.leaderSessionId !== leaderSessionId) continue;
      void this.#attempt(
        contender,
        member,
        leadership,
        () => leadership.isLeader() && member.callbacks.onExtend?.(leadership),
      );
    }
  }

  /** All of them get the same error, as they have ended together. A contender that was never granted the term has nothing to stop. */
  revoke(contenders: readonly number[], reason: LossReason): void {
    let error: LeadershipLostError | undefined;
    const why = (): LeadershipLostError => (error ??= new LeadershipLostError(reason));
    for (const contender of contenders) {
      const term = this.#terms.get(contender);
      const member = this.#ports.members.get(contender);
      this.#terms.delete(contender);
      if (!term || !member) {
        this.#settle(contender);
        continue;
      }
      const { leadership } = term;
      term.end(why);
      this.confirms.end(leadership, why);
      const settle = (): void => this.#settle(contender);
      const onRevoke = (): unknown => member.callbacks.onRevoke?.(leadership, reason);
      const running = this.#attempt(contender, member, leadership, onRevoke);
      if (running === undefined) settle();
      else void running.then(settle);
    }
  }

  /**
   * An error of a callback concerns its own component only; a loss that it throws after the end of its term is ignored.
   * Returns nothing if the callback has settled, otherwise a promise that never rejects.
   */
  #attempt(
    contender: number,
    member: Member,
    leadership: Leadership,
    callback: () => unknown,
  ): Promise<void> | undefined {
    const fail = (error: unknown): void => {
      if (leadership.isLeader() || !isLoss(error)) this.#ports.listeners.fail(error, member.callbacks);
    };
    try {
      const result = this.#ports.inside.run(contender, callback);
      return mayWait(result) ? awaited(result, fail) : undefined;
    } catch (error) {
      fail(error);
      return undefined;
    }
  }

  /** Reports all that settle in the same turn together: eight components cost one step of the session. */
  #settle(contender: number): void {
    if (this.#settled.push(contender) > 1) return;
    this.#ports.driver.afterwards(() => {
      const contenders = this.#settled.splice(0);
      // First: the dispatch may call these contenders again, and those calls have not settled.
      this.#ports.settled(contenders);
      this.#ports.dispatch({ type: "settled", contenders });
    });
  }

  #confirm(wanted: Omit<Confirm, "id" | "type">): Promise<void> {
    const message: Confirm = { type: "confirm", id: String(this.#ports.nextId()), ...wanted };
    return this.confirms.add(message, () => this.#ports.dispatch(message));
  }
}

async function awaited(result: unknown, fail: (error: unknown) => void): Promise<void> {
  try {
    await result;
  } catch (error) {
    fail(error);
  }
}
