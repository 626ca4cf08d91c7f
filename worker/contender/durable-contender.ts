/**
 * A Durable Object that contends for long: leases by RPC and the object's own alarm. It holds no socket and keeps no
 * timer, so the object can hibernate between two calls, and what outlives that is in the object's storage.
 */

import { ElectionError, LeadershipLostError, type LossReason } from "../../shared/errors.ts";
import type { Metadata } from "../../shared/messages.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { logError } from "../log.ts";
import { electionsBy } from "../rpc/local-elections.ts";
import type { Effect, Subject } from "./core/events.ts";
import {
  type ContenderState,
  initialState,
  isWorthStoring,
  leadingTerm,
  load,
  nextDeadline,
  remainingMs,
  type Stored,
  save,
} from "./core/state.ts";
import { Engine } from "./engine.ts";
import { createTenure, type Leadership, type Tenure } from "./leadership.ts";
import type { ContenderChanges, DurableContenderOptions } from "./options.ts";
import { publishedOf, settingsOf, successorOf } from "./settings.ts";
import { Waiting } from "./waiting.ts";

/**
 * Lets a Durable Object contend for as long as it likes, hibernation and restarts included: it asks by RPC, woken by the
 * object's own alarm. The contract is that of the client's contenders (C1-C11).
 */
export class DurableContender<Component extends string = string> {
  readonly #storage: DurableObjectStorage;
  #options: DurableContenderOptions<Component>;
  readonly #key: string;
  readonly #engine: Engine;
  readonly #tenures = new Map<string, Tenure & { readonly leadership: Leadership }>();
  readonly #confirming = new Waiting();
  readonly #changed = new Set<() => void>();
  /** When the platform will call the alarm, as far as this incarnation knows. */
  #alarmAt: number | null = null;
  #wakes = 0;
  #departures = 0;

  /** Starts nothing by itself. Throws `TypeError` for wrong options. */
  constructor(ctx: Pick<DurableObjectState, "storage">, options: DurableContenderOptions<Component>) {
    const settings = settingsOf(options);
    this.#storage = ctx.storage;
    this.#options = options;
    this.#key = `edge-election/contender/${options.group}`;
    const stored = ctx.storage.kv.get<Stored>(this.#key);
    this.#engine = new Engine(stored === undefined ? initialState(settings) : load(stored, settings), {
      elections: electionsBy(options.elections),
      group: options.group,
      adopt: (before, after) => this.#adopt(before, after),
      execute: (effect) => this.#execute(effect),
      callFailed: (cause) => {
        this.#report(new ElectionError("unavailable", "the group could not be asked", cause, true));
      },
    });
    if (stored !== undefined && options.setAlarm === undefined) {
      void this.#attempt(() => this.#restoreAlarm(), {});
    }
  }

  /**
   * Contends from now on, over every restart, until `close`. Resolves after the first call. To be called at the first
   * request or in the constructor of the object; where it contends already, it only takes up what is due.
   */
  async start(): Promise<void> {
    this.#engine.dispatch({ type: "start" });
    await this.#engine.quiet();
  }

  /** Call it from the object's `alarm`, and wait for it. One that comes early does no harm. It does not reject. */
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

  /** Ends the terms, waits for every `onRevoke`, and leaves the group at once. `start` begins anew, also meanwhile. */
  async close(): Promise<void> {
    const before = this.#departures;
    this.#engine.dispatch({ type: "close" });
    await this.#until(() => this.#engine.state.activity === "stopped" || this.#departures > before);
  }

  /**
   * Contends as said from now on. A component that is named no more stops, and its siblings do not; one that is new joins
   * what its process leads. Resolves when the group has heard of it, which is after every `onRevoke` of those that stop.
   * Nothing of it is stored: the object's next incarnation goes by the options of its constructor.
   */
  async change(changes: ContenderChanges<Component>): Promise<void> {
    const options = { ...this.#options, ...changes };
    const settings = settingsOf(options);
    this.#options = options;
    this.#engine.dispatch({ type: "change", settings });
    const { changes: wanted } = this.#engine.state;
    await this.#until(() => {
      const { activity, changesTold, components } = this.#engine.state;
      if (activity !== "running") return true;
      return changesTold >= wanted && components.every(({ isLeaving }) => !isLeaving);
    });
  }

  /** The present term of a component, by default of the first; `null` when it does not lead. */
  leadership(component?: Component): Leadership | null {
    return this.#leadershipOf(component ?? this.#engine.state.settings.contenders[0]?.component ?? "");
  }

  #leadershipOf(component: string): Leadership | null {
    const term = leadingTerm(this.#engine.state, component);
    if (term === null) return null;
    const { election, leaderSessionId, epoch } = term;
    const { leadership } = this.#tenureOf({ component, election, leaderSessionId, epoch });
    return leadership.isLeader() ? leadership : null;
  }

  /** At call time; see `Leadership.isLeader`. */
  isLeader(component?: Component): boolean {
    return this.leadership(component) !== null;
  }

  /** Names this object as a successor; `null` while the group does not know it. */
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
    if (this.#changed.size > 0) queueMicrotask(() => this.#tellChanged());
  }

  #tellChanged(): void {
    for (const look of this.#changed) look();
  }

  #until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isSo()) return;
        this.#changed.delete(look);
        resolve();
      };
      this.#changed.add(look);
      look();
    });
  }

  /** Only ever to an earlier time: each move costs a row, and an alarm that comes early sets itself again. */
  #moveAlarm(state: ContenderState): void {
    const deadline = nextDeadline(state);
    if (deadline === null) return;
    if (this.#alarmAt !== null && this.#alarmAt > Date.now() && this.#alarmAt <= deadline) return;
    this.#alarmAt = deadline;
    const { setAlarm = (at: number) => this.#storage.setAlarm(at) } = this.#options;
    const otherwise = (): void => {
      this.#alarmAt = null;
    };
    void this.#attempt(() => setAlarm(deadline), { otherwise });
  }

  /** The platform gives an alarm up that has failed too often; one that is due or runs is not lost. */
  async #restoreAlarm(): Promise<void> {
    const at = await this.#storage.getAlarm();
    if (at === null && this.#alarmAt === null && this.#wakes === 0) this.#moveAlarm(this.#engine.state);
  }

  #execute(effect: Exclude<Effect, { readonly type: "call" }>): void {
    switch (effect.type) {
      case "grant":
        return this.#grant(effect.subject);
      case "revoke":
        return this.#revoke(effect.subject, effect.reason);
      case "confirmed":
        return this.#confirming.resolve(effect.component);
      case "unconfirmed": {
        const { component, code, message } = effect;
        const error = code === "not_leader" ? new LeadershipLostError("lost") : new ElectionError(code, message);
        return this.#confirming.reject(component, error);
      }
      case "refused":
        return this.#report(new ElectionError(effect.code, effect.message, undefined, true), effect.component);
      case "left":
        this.#departures += 1;
        return;
      default:
        return unreachable(effect);
    }
  }

  #grant(subject: Subject): void {
    const { leadership } = this.#tenureOf(subject);
    const { component } = subject;
    void this.#attempt(() => this.#options.onGrant?.(leadership), { component });
  }

  #revoke(subject: Subject, reason: LossReason): void {
    const { component, leaderSessionId } = subject;
    const tenure = this.#tenureOf(subject);
    const error = new LeadershipLostError(reason);
    this.#tenures.delete(component);
    tenure.end(error);
    this.#confirming.reject(component, error);
    void this.#attempt(() => this.#options.onRevoke?.(tenure.leadership, reason), { component }).then(() =>
      this.#engine.dispatch({ type: "settled", component, leaderSessionId }),
    );
  }

  /** After a restart the first who asks makes it anew. */
  #tenureOf(subject: Subject): Tenure & { readonly leadership: Leadership } {
    const { component, leaderSessionId } = subject;
    const known = this.#tenures.get(component);
    if (known?.leadership.leaderSessionId === leaderSessionId) return known;
    const tenure = createTenure(this.#options.group, subject, () =>
      remainingMs(this.#engine.state, component, leaderSessionId, Date.now()),
    );
    const leadership: Leadership = {
      ...tenure.leadership,
      confirm: (address, metadata) => this.#confirm(tenure.leadership, address, metadata),
      resign: (options) => this.#resign(leaderSessionId, options),
    };
    const made = { ...tenure, leadership };
    this.#tenures.set(component, made);
    return made;
  }

  async #confirm(leadership: Tenure["leadership"], address?: string, metadata?: Metadata): Promise<void> {
    const published = publishedOf({ address, metadata });
    leadership.assertLeader();
    const { component, leaderSessionId } = leadership;
    const done = this.#confirming.wait(component);
    this.#engine.dispatch({ type: "confirm", component, leaderSessionId, ...published });
    await done;
  }

  async #resign(leaderSessionId: string, options: { readonly successor?: string } = {}): Promise<void> {
    const isHere = (all: readonly { readonly leaderSessionId: string }[]): boolean =>
      all.some((one) => one.leaderSessionId === leaderSessionId);
    const successor = successorOf(options);
    const leads = this.#engine.state.terms.some(({ stage, ...term }) => stage === "leading" && isHere([term]));
    if (!leads) return;
    this.#engine.dispatch({ type: "resign", leaderSessionId, ...successor });
    await this.#until(() => !isHere(this.#engine.state.terms) && !isHere(this.#engine.state.farewells));
  }

  /** Runs what is up to it synchronously, and never rejects. */
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
    const { onError } = this.#options;
    try {
      if (onError === undefined) logError("contender_failed", error);
      else onError(error, component);
    } catch (inner) {
      logError("on_error_failed", inner);
    }
  }
}
