/**
 * A Durable Object that contends for long, by RPC and its own alarm. It holds no socket, and keeps a timer only while somebody
 * waits, so it can hibernate between two calls. What has to outlive that is in the object's storage.
 *
 * Entry of the room `worker/callers`: contenders that call the group instead of holding a socket. `core/` is their pure
 * core. `worker/index.ts`, `worker/http` and `testing/` may import it; it imports `shared/` and other rooms of `worker/`,
 * and never `client/`.
 */

import { LeadershipLostError, type LossReason } from "../../shared/errors.ts";
import { findTerm, leadingTerm } from "../../shared/holder/state.ts";
import { createInside } from "../../shared/inside.ts";
import {
  createLeadership,
  type Handle,
  type Leadership,
  type ResignOptions,
} from "../../shared/leadership/leadership.ts";
import { Waiting } from "../../shared/leadership/waiting.ts";
import { confirmError, refusalError } from "../../shared/refusals.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { logError } from "../http/log.ts";
import type { Subject } from "./core/events.ts";
import {
  type ContenderState,
  type Drain,
  drainMs,
  drainsIn,
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

const CALLBACKS = ["onGrant", "onRevoke", "onError", "setAlarm"] as const;

const nameOf = ({ component, leaderSessionId }: Drain): string => `${component} ${leaderSessionId}`;

/**
 * Lets a Durable Object contend for any length of time, across hibernation and restarts. The object's own alarm wakes
 * it, and it polls by RPC. Its contract is that of the client's contenders: the rules C1-C11 of docs/RULES.md, and `drainMs()`
 * of C13.
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
  /** By component. */
  readonly #confirming = new Waiting<string>();
  /** As `nameOf` names them. */
  readonly #stopping = new Waiting<string>();
  /** By leader session id. */
  readonly #releasing = new Waiting<string>();
  /** By the number of the change. */
  readonly #changing = new Waiting<number>();
  readonly #leaving = new Waiting<"left">();
  /** The `onRevoke` that the caller is in, as `nameOf` names it. */
  readonly #inside = createInside<string>(globalThis);
  /** When the platform will call the alarm, as far as this incarnation knows. */
  #alarmAt: number | null = null;
  #wakes = 0;

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
   * Contends from now on, across restarts, until `close`. Resolves after the first call to the group. Call `start` at the
   * first request or in the constructor of the object. If the object contends already, `start` only does what is due.
   */
  async start(): Promise<void> {
    this.#engine.dispatch({ type: "start" });
    await this.#engine.quiet();
  }

  /** Call it from the object's `alarm`, and await it. An early alarm does no harm. Does not reject. */
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
   * Ends the terms, waits for every `onRevoke`, and then leaves the group at once. `start` begins anew, even before the object
   * has left. Inside an `onRevoke`, `close` does not wait for the `onRevoke` callbacks that run already; the object leaves
   * when they are over. With `nodejs_compat` this also holds after an `await` in the `onRevoke`; without it, only before the
   * first `await`.
   */
  async close(): Promise<void> {
    if (this.#engine.state.activity === "stopped") return;
    const left = this.#leaving.wait("left");
    const unawaited = this.#unawaited();
    this.#engine.dispatch({ type: "close" });
    await this.#over(left, unawaited);
  }

  /**
   * Changes what the object contends for. A component that is no longer named stops, and the others continue; a new
   * one joins what its process already leads. Resolves when the group has received the change, after every `onRevoke` of
   * components that stop (inside an `onRevoke`: see `close`). Rejects if the group refuses every call (`forbidden`);
   * even then the change counts. The change is not stored: after a restart the options of the constructor count.
   */
  async change(changes: ContenderChanges<Component>): Promise<void> {
    const candidacy = { ...this.#candidacy, ...candidacyOf(changes) };
    const settings = settingsOf(candidacy);
    this.#candidacy = candidacy;
    const unawaited = this.#unawaited();
    this.#engine.dispatch({ type: "change", settings });
    const closing = this.#engine.state.contenders.filter(({ phase }) => phase.type === "closing");
    const awaited = drainsIn({ contenders: closing }).map(nameOf);
    const stopped = this.#stopped(awaited.filter((name) => !unawaited.includes(name)));
    await this.#engine.attend(stopped.then(() => this.#heard()));
  }

  /** Resolves when the group has received all changes until now, or the object leaves. */
  async #heard(): Promise<void> {
    const { activity, changes, changesTold } = this.#engine.state;
    if (activity === "running" && changesTold < changes) await this.#changing.wait(changes);
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
  }

  /** As `over`; inside an `onRevoke` it also resolves once everything has stopped except what it must not wait for. */
  #over(over: Promise<void>, unawaited: readonly string[]): Promise<void> {
    if (unawaited.length === 0) return this.#engine.attend(over);
    const others = this.#running().filter((name) => !unawaited.includes(name));
    return this.#engine.attend(Promise.race([over, this.#stopped(others)]));
  }

  /** Resolves when these `onRevoke`s have settled. */
  async #stopped(names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => this.#stopping.wait(name)));
  }

  /** The `onRevoke`s that run now. */
  #running(): readonly string[] {
    return drainsIn(this.#engine.state).map(nameOf);
  }

  /** Inside an `onRevoke`: all that run now. It is one of them, and two of them may wait for each other. */
  #unawaited(): readonly string[] {
    const running = this.#running();
    return running.includes(this.#inside.current() ?? "") ? running : [];
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
        if (effect.component === undefined && !error.retryable) this.#changing.rejectAll(() => error);
        return this.#report(error, effect.component);
      }
      case "stopped":
        return this.#stopping.resolve(nameOf(effect));
      case "released":
        return this.#releasing.resolve(effect.leaderSessionId);
      case "heard":
        return this.#changing.resolve(effect.change);
      case "left":
        return this.#leaving.resolve("left");
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
      this.#inside.run(nameOf(subject), () => this.#options.onRevoke?.(leadership, reason));
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
    const chosen = resignOptionsOf(options);
    if (findTerm(this.#engine.state.terms, leaderSessionId)?.stage !== "leading") return;
    const released = this.#releasing.wait(leaderSessionId);
    const unawaited = this.#unawaited();
    this.#engine.dispatch({ type: "resign", leaderSessionId, ...chosen });
    await this.#over(released, unawaited);
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
