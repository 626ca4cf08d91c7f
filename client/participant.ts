/**
 * One process in its group: the contenders and observers that share its session, what the effects of the session core
 * mean to them, and what waits for something to end. It decides nothing about leadership: the core does.
 */
import { invalid } from "../shared/errors.ts";
import { findTerm, isStopping, leaderSessionIdOf } from "../shared/holder/state.ts";
import { createInside, type Inside } from "../shared/inside.ts";
import { Inquiries } from "../shared/leadership/inquiries.ts";
import type { ResignOptions } from "../shared/leadership/leadership.ts";
import type { Refusal, ServerMessage } from "../shared/protocol/messages.ts";
import type { ElectionName } from "../shared/protocol/names.ts";
import { confirmError, refusalError } from "../shared/refusals.ts";
import { unreachable } from "../shared/unreachable.ts";
import type { Clock } from "./clock.ts";
import { closeError } from "./close-error.ts";
import { createDriver, type Driver, type DriverPorts, type UserEffect } from "./driver.ts";
import { Endings } from "./endings.ts";
import { ClientClosedError, type ElectionError, otherDeploymentError, ProtocolError } from "./errors.ts";
import { type ClientHealth, healthOf } from "./health.ts";
import { LedTerms } from "./led-terms.ts";
import { Listeners } from "./listeners.ts";
import { type Member, Members } from "./member.ts";
import { Observers } from "./observers.ts";
import { Outage, WARN_AFTER_MS } from "./outage.ts";
import type { Command } from "./session/events.ts";
import { type ClientState, clientState, type SessionSettings } from "./session/state.ts";
import { reportUncaught, warn } from "./uncaught.ts";

type Lost = Extract<UserEffect, { readonly type: "lost" }>;

/** How the session connects, and what ends with it. */
interface Network extends Pick<DriverPorts, "askToken" | "openSocket"> {
  /** Where the session is, for messages. */
  readonly url: string;
  /** Throws where no socket can ever be opened. */
  assertSockets(): void;
  /** What ends with a `ClientClosedError` waits for it first. */
  readonly farewell: (() => Promise<void> | undefined) | undefined;
  /** Called when the client is closed for good, and nobody listens. */
  readonly failed: (() => void) | undefined;
  /** Called when a session begins to be needed. The signal aborts when none is any longer. */
  followSession(ended: AbortSignal): void;
}

export class Participant {
  readonly members: Members = new Members();
  readonly observers: Observers = new Observers((command) => this.dispatch(command));
  readonly inside: Inside<number> = createInside(globalThis);
  readonly listeners: Listeners = new Listeners(this.inside);
  readonly clock: Clock;
  readonly driver: Driver;
  readonly #network: Network;
  readonly #endings = new Endings();
  readonly #inquiries = new Inquiries({
    sentAt: () => this.driver.state().sentAt,
    ask: () => this.dispatch({ type: "inquire" }),
  });
  #session: AbortController | undefined;
  readonly #terms: LedTerms;
  /** The state that the listeners received last. */
  #state: ClientState = "idle";
  #ids = 0;
  #ending: { readonly cause: ElectionError | undefined } | undefined;
  #downAt: number | null = null;
  #outage: Outage | null = null;
  #hasWarned = false;
  /** The deployment that the last `welcome` named. It outlives sessions. */
  #deployment: string | null = null;

  constructor(group: string, settings: SessionSettings, clock: Clock, network: Network) {
    this.#network = network;
    this.clock = clock;
    this.driver = createDriver(settings, {
      clock,
      ...network,
      perform: (effect) => this.#perform(effect),
      report: (error) => this.listeners.report(error),
      changed: () => this.#changed(),
    });
    const { driver, members, inside, listeners } = this;
    this.#terms = new LedTerms(group, {
      driver,
      members,
      inside,
      listeners,
      nextId: () => this.nextId(),
      inquire: () => this.#inquiries.inquire(),
      dispatch: (command) => this.dispatch(command),
      resign: (...order) => this.resign(...order),
      settled: (contenders) => this.#endings.settled(contenders),
    });
  }

  get state(): ClientState {
    return clientState(this.driver.state());
  }

  health(): ClientHealth {
    const outage = { downAt: this.#downAt, failures: this.#outage?.failures ?? 0, lastError: this.listeners.lastError };
    return healthOf(this.driver.state(), this.driver.now(), outage);
  }

  async held<T>(outcome: Promise<T>): Promise<T> {
    try {
      return await outcome;
    } catch (error) {
      if (error instanceof ClientClosedError) await this.#network.farewell?.();
      throw error;
    }
  }

  nextId(): number {
    return ++this.#ids;
  }

  /** Runs inside of no callback: what it sets off, timers and sockets included, belongs to its listeners. */
  dispatch(command: Command): void {
    this.inside.run(undefined, () => this.driver.dispatch(command));
  }

  closedError(): ClientClosedError {
    const cause = this.#ending?.cause;
    return new ClientClosedError("client_closed", cause?.message ?? "the client is closed: close() was called", cause);
  }

  assertOpen(): void {
    if (this.#ending) throw this.closedError();
  }

  /** For everything that needs a session: throws where there can be none. */
  assertConnectable(): void {
    this.assertOpen();
    this.#network.assertSockets();
  }

  register(member: Member, ready: boolean): number {
    const { component, election, priority, onTried } = member;
    this.assertConnectable();
    this.members.assertFree(component);
    const contender = this.nextId();
    this.members.add(contender, member);
    const info = { component, ...(election && { election }), ...(priority !== undefined && { priority }) };
    this.dispatch({ type: "register", contender, info, ready, tries: onTried !== undefined });
    return contender;
  }

  /** Resolves when the contender has left. Its component is free at once. */
  async close(contender: number, { left }: Member): Promise<void> {
    this.members.close(contender);
    this.dispatch({ type: "deregister", contender });
    const over = this.members.has(contender) ? left.promise : Promise.resolve();
    await this.#stopped(over, (other) => other === contender);
  }

  /**
   * As `over`; inside a callback it waits for the other callbacks only. `concerns`: which contenders it is about. `caller`:
   * in whose callback it is called, where that is known.
   */
  #stopped(
    over: Promise<void>,
    concerns: (contender: number, leaderSessionId: string | null) => boolean,
    caller: number | undefined = this.inside.current(),
  ): Promise<void> {
    this.inside.mark();
    if (caller === undefined) return over;
    const running = this.driver
      .state()
      .contenders.filter((one) => isStopping(one.phase) && concerns(one.id, leaderSessionIdOf(one)));
    return this.#endings.stopped(
      over,
      caller,
      running.map(({ id }) => id),
    );
  }

  /** Resolves when all terms are over, the group was told, and the last socket has closed or was given its time for it. */
  async leave(): Promise<void> {
    this.#ending ??= { cause: undefined };
    this.dispatch({ type: "bye" });
    await this.#stopped(this.#endings.client.promise, () => true);
    if (this.state === "closed") await this.driver.disconnected();
  }

  async resignFrom(election: ElectionName, options: ResignOptions): Promise<void> {
    for (const term of this.driver.state().terms) {
      if (term.election === election) await this.resign(term.leaderSessionId, options);
    }
  }

  /**
   * Resolves when every contender of the term has stopped, but for the callback that asks. Does nothing for a term that
   * has ended. The caller has checked the options.
   */
  async resign(leaderSessionId: string, options: ResignOptions, caller?: number): Promise<void> {
    const { successor, stayOutMs } = options;
    if (findTerm(this.driver.state().terms, leaderSessionId)?.stage !== "leading") return;
    const over = this.#endings.terms.wait(leaderSessionId);
    this.dispatch({
      type: "resign",
      leaderSessionId,
      ...(successor !== undefined && { successor }),
      ...(stayOutMs !== undefined && { stayOutMs }),
    });
    await this.#stopped(over, (_, other) => other === leaderSessionId, caller);
  }

  setPriority(priority: number, component?: string): void {
    const isDedicated = (member: Member): boolean => member.component === component && member.election === "dedicated";
    if (component !== undefined && !this.members.all().some(isDedicated)) {
      throw invalid("component", `must have a dedicated contender in this client; ${component} has none`);
    }
    this.dispatch({ type: "priority", priority, ...(component !== undefined && { component }) });
  }

  setReady(ready: boolean, component?: string): void {
    if (component !== undefined && !this.members.all().some((member) => member.component === component))
      throw invalid("component", `must have a contender in this client; ${component} has none`);
    this.dispatch({ type: "ready", ready, ...(component !== undefined && { component }) });
  }

  #changed(): void {
    const { state } = this;
    if (state !== "connected") this.observers.forget();
    if (state !== "connecting" && state !== "suspended") this.#downAt = this.#outage = null;
    else this.#downAt ??= this.driver.now();
    if (state !== this.#state) {
      this.#state = state;
      // One of them may change it: then the others receive the newer one.
      for (const listener of this.listeners.states) {
        if (state === this.#state) this.listeners.notify([listener], state);
      }
    }
  }

  #perform(effect: UserEffect): void {
    switch (effect.type) {
      case "grant":
        return this.#terms.grant(effect);
      case "extended":
        return this.#terms.extend(effect.leaderSessionId);
      case "revoke":
        return this.#terms.revoke(effect.contenders, effect.reason);
      case "ended":
        return this.#endings.terms.resolve(effect.leaderSessionId);
      case "left":
        return this.members.left(effect.contender);
      case "started":
        return this.#start();
      case "idle":
        return this.#session?.abort();
      case "closed":
        return this.#close();
      case "inquired":
        return this.#inquiries.answered(effect.sentAt);
      case "deployment":
        return this.#meet(effect.deployment);
      case "confirmed":
        return this.#terms.confirms.published(effect);
      case "leaders":
        return this.observers.receive(effect);
      case "tried":
        return this.members.get(effect.contender)?.onTried?.(effect.leader);
      case "refused":
        return this.#refuse(effect);
      case "error":
        return this.#fail(effect);
      case "lost":
        return this.#lose(effect);
      case "violation":
        return this.#reportViolation(effect.message.type);
      default:
        return unreachable(effect);
    }
  }

  /** Not within the call that needs the session. */
  #start(): void {
    this.#session = new AbortController();
    const { signal } = this.#session;
    queueMicrotask(() => signal.aborted || this.#network.followSession(signal));
  }

  /** What has not come by now will not come. */
  #close(): void {
    this.#session?.abort();
    const error = (): ClientClosedError => this.closedError();
    this.members.fail(error);
    this.observers.close(error);
    this.#endings.clientClosed(error);
  }

  #reportViolation(type: ServerMessage["type"]): void {
    const problem = `${this.#network.url} has sent a ${type} that makes no sense here, and it was ignored`;
    const remedy = "use the same version of the package on both sides";
    this.listeners.report(new ProtocolError("protocol_error", `${problem}: ${remedy}`));
  }

  #refuse({ contender, code, message }: Extract<UserEffect, { readonly type: "refused" }>): void {
    const member = this.members.get(contender);
    if (!member || !this.members.isOpen(contender)) return;
    const error = refusalError({ code, message: `${this.#network.url} refuses ${member.component}: ${message}` });
    if (member.onRefused) member.onRefused(error);
    else this.listeners.fail(error, member.callbacks);
    this.listeners.lastError = error;
  }

  #fail(refusal: Refusal): void {
    const { id, observed } = refusal;
    if (observed !== undefined) return this.observers.refuse(observed, refusalError(refusal));
    const wasConfirm = id !== undefined && this.#terms.confirms.refuse(id, confirmError(refusal));
    if (!wasConfirm) this.listeners.report(refusalError(refusal));
  }

  /** Another deployment has other groups: what it grants says nothing about the one before (E15). */
  #meet(deployment: string): void {
    const before = this.#deployment;
    this.#deployment = deployment;
    if (before === null || before === deployment) return;
    const error = otherDeploymentError(this.#network.url, before, deployment);
    this.listeners.lastError = error;
    if (this.#isHeard()) this.#tell(error);
    else warn(error.message);
  }

  #lose(loss: Lost): void {
    const now = this.driver.now();
    this.#outage ??= new Outage(now);
    const { asksForToken = false } = this.driver.state().settings;
    const error = closeError(loss, { url: this.#network.url, asksForToken }, this.#outage.fail(now));
    this.listeners.lastError = error;
    if (loss.fatal) this.#ending ??= { cause: error };
    if (this.#isHeard()) {
      if (this.#outage.isNews(error, now) || loss.fatal) this.#tell(error);
    } else if (loss.fatal) {
      if (this.#isWaitedFor()) return;
      reportUncaught(error);
      this.#network.failed?.();
    } else if (this.#outage.lastedMs(now) >= WARN_AFTER_MS) this.#warn(error);
  }

  #isHeard(): boolean {
    return this.listeners.errors.size > 0 || this.members.all().some(({ callbacks }) => callbacks.onError);
  }

  /** By scopes and observers: they reject with the reason. */
  #isWaitedFor(): boolean {
    return this.observers.some() || this.members.all().some(({ onRefused }) => onRefused);
  }

  /** To every contender that wants to know, and once to the client. */
  #tell(error: ElectionError): void {
    for (const { callbacks } of this.members.all()) if (callbacks.onError) this.listeners.fail(error, callbacks);
    this.listeners.report(error);
  }

  #warn({ message }: ElectionError): void {
    if (!this.#hasWarned) warn(`${message}; the client keeps trying. client.onError receives such errors`);
    this.#hasWarned = true;
  }
}
