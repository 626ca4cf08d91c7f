/**
 * A Durable Object that contends for long, by RPC and its own alarm. It holds no socket, and keeps a timer only while somebody
 * waits, so it can hibernate between two calls. What has to outlive that is in the object's storage.
 *
 * Entry of the room `worker/callers`: contenders that call the group instead of holding a socket. `core/` is their pure
 * core. `worker/index.ts`, `worker/http` and `testing/` may import it; it imports `shared/` and other rooms of `worker/`,
 * and never `client/`.
 */

import { type ElectionError, LeadershipLostError, type LossReason } from "../../shared/errors.ts";
import { isStopping, leadingTerm } from "../../shared/holder/state.ts";
import { createInside } from "../../shared/inside.ts";
import {
  createLeadership,
  type Handle,
  type Leadership,
  type ResignOptions,
} from "../../shared/leadership/leadership.ts";
import { confirmError, refusalError } from "../../shared/refusals.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { logError } from "../http/log.ts";
import type { Subject } from "./core/events.ts";
import {
  type ContenderState,
  drainMs,
  initialState,
  isWorthStoring,
  load,
  nextDeadline,
  remainingMs,
  type Stored,
  save,
} from "./core/state.ts";
import { Engine, type ShellEffect } from "./engine.ts";
import { electionsBy } from "./local-elections.ts";
import type { ContenderChanges, DurableContenderOptions } from "./options.ts";
import {
  assertPublished,
  type Candidacy,
  candidacyOf,
  checkCallbacks,
  type Published,
  resignOptionsOf,
  settingsOf,
} from "./settings.ts";
import { unavailable } from "./unavailable.ts";
import { Waiting } from "./waiting.ts";

const CALLBACKS = ["onGrant", "onRevoke", "onError", "setAlarm"] as const;

/** A promise that waits for a condition. */
interface Waiter extends Pick<PromiseWithResolvers<void>, "resolve" | "reject"> {
  readonly isSo: () => boolean;
  readonly endsByRefusal: boolean;
}

/** Names the `onRevoke` of the component that runs; `null` where none runs. */
const drainOf = ({ info, phase }: ContenderState["contenders"][number]): string | null =>
  isStopping(phase) ? nameDrain(info.component, phase.leaderSessionId) : null;

const isLeaving = ({ phase }: ContenderState["contenders"][number]): boolean =>
  phase.type === "closing" || phase.type === "gone";

const nameDrain = (component: string, leaderSessionId: string): string => `${component} ${leaderSessionId}`;

/**
 * Lets a Durable Object contend for any length of time, across hibernation and restarts. The object's own alarm wakes
 * it, and it polls by RPC. Its contract is that of the client's contenders (C1-C11; `drainMs()` of C13).
 */
export class DurableContender<Component extends string = string> {
  readonly #storage: DurableObjectStorage;
  readonly #options: DurableContenderOptions<Component>;
  /** The options that may change. */
  #candidacy: Candidacy;
  readonly #key: string;
  readonly #engine: Engine;
  /** The terms that components lead by, by their names. */
  readonly #terms = new Map<string, Handle<Leadership>>();
  readonly #confirming = new Waiting();
  readonly #waiters = new Set<Waiter>();
  /** The `onRevoke` that the caller is in, as `drainOf` names it. */
  readonly #inside = createInside<string>(globalThis);
  /** When the platform will call the alarm, as far as this incarnation knows. */
  #alarmAt: number | null = null;
  #wakes = 0;
  #departures = 0;

  /** Starts nothing by itself. Throws a `TypeError` for wrong options. */
  constructor(ctx: Pick<DurableObjectState, "storage">, options: DurableContenderOptions<Component>) {
    this.#candidacy = candidacyOf(options, ["elections", ...CALLBACKS]);
    const settings = settingsOf(this.#candidacy);
    checkCallbacks(options, ...CALLBACKS);
    this.#storage = ctx.storage;
    this.#options = options;
    this.#key = `edge-election/contender/${options.group}`;
    const stored = ctx.storage.kv.get<Stored>(this.#key);
    this.#engine = new Engine(stored === undefined ? initialState(settings) : load(stored, settings), {
      elections: electionsBy(options.elections),
      group: options.group,
      adopt: (before, after) => this.#adopt(before, after),
      execute: (effect) => this.#execute(effect),
      callFailed: (cause) => this.#report(unavailable(cause)),
    });
    if (stored !== undefined && options.setAlarm === undefined) {
      void this.#attempt(() => this.#restoreAlarm(), {});
    }
  }

  /**
   * Contends from now on, across restarts, until `close`. Resolves after the first call. Call it at the first request or
   * in the constructor of the object. If it contends already, it only does what is due.
   */
  async start(): Promise<void> {
    this.#engine.dispatch({ type: "start" });
    await this.#engine.quiet();
  }

  /** Call it from the object's `alarm`, and await it. An early alarm does no harm. It does not reject. */
  async alarm(): Promise<void> {
    this.#alarmAt = null;
    this.#wakes += 1;
    try {
      this.#engine.dispatch({ type: "tick" });
      await this.#engine.quiet();
    } catch (error) {
      this.#report(error);
    }
    this.#wakes -= 1;
    this.#moveAlarm(this.#engine.state);
  }

  /**
   * Ends the terms, waits for every `onRevoke`, and leaves the group at once. `start` begins anew, even before it has
   * left. Inside an `onRevoke` it does not wait for the `onRevoke` callbacks that run already; the object leaves when
   * they are over. With `nodejs_compat` this also holds after an `await` in the `onRevoke`; without it, only before the
   * first `await`.
   */
  async close(): Promise<void> {
    const before = this.#departures;
    const unawaited = this.#unawaited();
    this.#engine.dispatch({ type: "close" });
    await this.#until(() => {
      const hasLeft = this.#engine.state.activity === "stopped" || this.#departures > before;
      return hasLeft || this.#restStopped(unawaited);
    });
  }

  /**
   * Changes what the object contends for. A component that is no longer named stops, and its siblings continue; a new
   * one joins what its process already leads. Resolves when the group has received the change, after every `onRevoke` of
   * components that stop (inside an `onRevoke` as with `close`). Rejects if the group refuses every call (`forbidden`);
   * even then the change counts. The change is not stored: after a restart the options of the constructor count.
   */
  async change(changes: ContenderChanges<Component>): Promise<void> {
    const candidacy = { ...this.#candidacy, ...candidacyOf(changes) };
    const settings = settingsOf(candidacy);
    this.#candidacy = candidacy;
    const unawaited = this.#unawaited();
    this.#engine.dispatch({ type: "change", settings });
    const { changes: wanted } = this.#engine.state;
    const isHeard = (): boolean => {
      const { activity, changesTold, contenders } = this.#engine.state;
      if (activity !== "running") return true;
      return changesTold >= wanted && contenders.every((one) => !isLeaving(one) || unawaited.has(drainOf(one) ?? ""));
    };
    await this.#until(isHeard, "or refused");
  }

  /** The current term of a component, by default of the first; `null` if it does not lead. */
  leadership(component?: Component): Leadership | null {
    return this.#leadershipOf(component ?? this.#engine.state.settings.contenders[0]?.component ?? "");
  }

  #leadershipOf(component: string): Leadership | null {
    const term = leadingTerm(this.#engine.state, component);
    if (term === null) return null;
    const { election, leaderSessionId, epoch } = term;
    const { leadership } = this.#termOf({ component, election, leaderSessionId, epoch });
    return leadership.isLeader() ? leadership : null;
  }

  /** At call time; see `Leadership.isLeader`. */
  isLeader(component?: Component): boolean {
    return this.leadership(component) !== null;
  }

  /** The id by which others name this object as a successor; `null` before the group knows it. */
  get sessionId(): string | null {
    return this.#engine.state.session?.sessionId ?? null;
  }

  /** When `alarm` has to be called at the latest; `null` while it is closed. */
  get nextAlarmAt(): number | null {
    return nextDeadline(this.#engine.state);
  }

  // One turn

  #adopt(before: ContenderState, after: ContenderState): void {
    if (isWorthStoring(before, after)) this.#storage.kv.put(this.#key, save(after));
    // While an alarm is being answered the platform calls it again if this object dies: it is moved at its end.
    if (this.#wakes === 0) this.#moveAlarm(after);
    if (this.#waiters.size > 0) queueMicrotask(() => this.#tellWaiters());
  }

  #tellWaiters(): void {
    for (const waiter of this.#waiters) {
      if (!waiter.isSo()) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** Rejects those that wait for an answer which will not come. */
  #refuseWaiters(error: ElectionError): void {
    for (const waiter of this.#waiters) {
      if (!waiter.endsByRefusal) continue;
      this.#waiters.delete(waiter);
      waiter.reject(error);
    }
  }

  #until(isSo: () => boolean, end?: "or refused"): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiters.add({ isSo, resolve, reject, endsByRefusal: end === "or refused" });
    this.#tellWaiters();
    return this.#engine.attend(promise);
  }

  /** Inside an `onRevoke`: all that run now. It is one of them, and two of them may wait for each other. */
  #unawaited(): ReadonlySet<string> {
    const stopping = new Set(this.#engine.state.contenders.flatMap((one) => drainOf(one) ?? []));
    return stopping.has(this.#inside.current() ?? "") ? stopping : new Set();
  }

  /** Whether everything has stopped but what is not waited for; in one leadership, or in all. */
  #restStopped(unawaited: ReadonlySet<string>, leaderSessionId?: string): boolean {
    if (unawaited.size === 0) return false;
    return this.#engine.state.contenders.every((one) => {
      const { phase } = one;
      if (!isStopping(phase) || phase.leaderSessionId !== (leaderSessionId ?? phase.leaderSessionId)) return true;
      return unawaited.has(drainOf(one) ?? "");
    });
  }

  /** Only to an earlier time: each move costs a row, and an alarm that comes early sets itself again. */
  #moveAlarm(state: ContenderState): void {
    const deadline = nextDeadline(state);
    if (deadline === null) return;
    if (this.#alarmAt !== null && this.#alarmAt > this.#engine.clock.now() && this.#alarmAt <= deadline) return;
    this.#alarmAt = deadline;
    const otherwise = (): void => {
      this.#alarmAt = null;
    };
    const setAlarm = (): unknown =>
      this.#options.setAlarm === undefined ? this.#storage.setAlarm(deadline) : this.#options.setAlarm(deadline);
    void this.#attempt(setAlarm, { otherwise });
  }

  /** The platform drops an alarm that has failed too often. One that is due, or runs, is not lost. */
  async #restoreAlarm(): Promise<void> {
    const at = await this.#storage.getAlarm();
    if (at === null && this.#alarmAt === null && this.#wakes === 0) this.#moveAlarm(this.#engine.state);
  }

  #execute(effect: ShellEffect): void {
    switch (effect.type) {
      case "grant":
        return this.#grant(effect.subject);
      case "revoke":
        return this.#revoke(effect.subject, effect.reason);
      case "confirmed":
        return this.#confirming.resolve(effect.component);
      case "unconfirmed":
        return this.#confirming.reject(effect.component, confirmError(effect));
      case "tried": // it never tries
        return;
      case "refused": {
        const error = refusalError(effect);
        if (effect.component === undefined && !error.retryable) this.#refuseWaiters(error);
        return this.#report(error, effect.component);
      }
      case "left":
        this.#departures += 1;
        return;
      default:
        return unreachable(effect);
    }
  }

  #grant(subject: Subject): void {
    const { leadership } = this.#termOf(subject);
    const { component } = subject;
    const onGrant = (): unknown => this.#inside.run(undefined, () => this.#options.onGrant?.(leadership));
    void this.#attempt(onGrant, { component });
  }

  #revoke(subject: Subject, reason: LossReason): void {
    const { component, leaderSessionId } = subject;
    const { leadership, end } = this.#termOf(subject);
    const error = new LeadershipLostError(reason);
    this.#terms.delete(component);
    end(() => error);
    this.#confirming.reject(component, error);
    const onRevoke = (): unknown =>
      this.#inside.run(nameDrain(component, leaderSessionId), () => this.#options.onRevoke?.(leadership, reason));
    void this.#attempt(onRevoke, { component }).then(() =>
      this.#engine.dispatch({ type: "settled", component, leaderSessionId }),
    );
  }

  /** After a restart it is made anew when somebody asks for it. */
  #termOf(subject: Subject): Handle<Leadership> {
    const { component, leaderSessionId } = subject;
    const known = this.#terms.get(component);
    if (known?.leadership.leaderSessionId === leaderSessionId) return known;
    const term = createLeadership(
      { group: this.#options.group, ...subject },
      {
        remainingMs: () => remainingMs(this.#engine.state, component, leaderSessionId, this.#engine.clock.now()),
        drainMs: () => drainMs(this.#engine.state, component, leaderSessionId, this.#engine.clock.now()),
        inquire: () => this.#inquire(),
        assertPublished,
        confirm: (published) => this.#confirm(subject, published),
        resign: (options) => this.#resign(leaderSessionId, options),
      },
    );
    this.#terms.set(component, term);
    return term;
  }

  /** A `check` does not reject: what keeps the object from asking is reported. */
  async #inquire(): Promise<void> {
    try {
      await this.#engine.attend(this.#engine.inquire());
    } catch (error) {
      this.#report(error);
      throw error;
    }
  }

  async #confirm({ component, leaderSessionId }: Subject, published: Published): Promise<void> {
    const done = this.#confirming.wait(component);
    this.#engine.dispatch({ type: "confirm", component, leaderSessionId, ...published });
    await this.#engine.attend(done);
  }

  async #resign(leaderSessionId: string, options: ResignOptions = {}): Promise<void> {
    const isHere = (all: readonly { readonly leaderSessionId: string }[]): boolean =>
      all.some((one) => one.leaderSessionId === leaderSessionId);
    const chosen = resignOptionsOf(options);
    const leads = this.#engine.state.terms.some(({ stage, ...term }) => stage === "leading" && isHere([term]));
    if (!leads) return;
    const unawaited = this.#unawaited();
    this.#engine.dispatch({ type: "resign", leaderSessionId, ...chosen });
    await this.#until(() => {
      const isTold = !isHere(this.#engine.state.terms) && !isHere(this.#engine.state.farewells);
      return isTold || this.#restStopped(unawaited, leaderSessionId);
    });
  }

  /** Calls `work` synchronously. Never rejects. */
  async #attempt(
    work: () => unknown,
    { component, otherwise }: { readonly component?: string; readonly otherwise?: () => void },
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      otherwise?.();
      this.#report(error, component);
    }
  }

  #report(error: unknown, component?: string): void {
    try {
      if (this.#options.onError === undefined) logError("contender_failed", error);
      else this.#options.onError(error, component);
    } catch (inner) {
      logError("on_error_failed", inner);
    }
  }
}
