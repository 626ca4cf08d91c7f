/** What the parts of a client share: the session, whoever waits for it to change, and whoever hears of it. */
import type { Confirm, Confirmed, Leaders } from "../shared/messages.ts";
import { createDriver, type Driver, type DriverPorts, type UserEffect } from "./driver.ts";
import { ClientClosedError, closeError, ElectionError, LeadershipLostError, ProtocolError } from "./errors.ts";
import { type ClientState, clientState, type LossReason, type Settings } from "./session/state.ts";

export type Granted = Extract<UserEffect, { readonly type: "grant" }>;

/** The shell's side of a contender. */
export interface Member {
  readonly component: string;
  grant(granted: Granted): void;
  revoke(reason: LossReason): void;
  fail(error: unknown): void;
}

/** A confirm that waits to be published. */
interface Pending {
  readonly message: Omit<Confirm, "id">;
  resolve(): void;
  reject(error: unknown): void;
}

export class Shell {
  /** By the number of the contender. */
  readonly members = new Map<number, Member>();
  readonly observers = new Set<(news: Leaders) => void>();
  readonly stateListeners = new Set<(state: ClientState) => void>();
  readonly errorListeners = new Set<(error: unknown) => void>();
  readonly driver: Driver;
  clientState: ClientState = "idle";
  #waiters = new Set<() => void>();
  #confirms = new Map<string, Pending>();
  #ids = 0;
  #failure: ElectionError | undefined;

  constructor(settings: Settings, ports: Pick<DriverPorts, "clock" | "connect">) {
    this.driver = createDriver(settings, {
      ...ports,
      perform: (effect) => this.#perform(effect),
      report: (error) => this.report(error),
      changed: () => this.#changed(),
    });
  }

  nextId(): number {
    return ++this.#ids;
  }

  /** Errors that belong to no contender, or to one that does not want them. */
  report(error: unknown): void {
    for (const listener of this.errorListeners) listener(error);
  }

  closedError(): ClientClosedError {
    return new ClientClosedError("client_closed", "the client is closed", this.#failure);
  }

  assertOpen(): void {
    if (this.driver.state().closing) throw this.closedError();
  }

  /** Resolves when the condition holds after an event; rejects when the signal aborts or the client is closed. */
  until(condition: () => boolean, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (signal?.aborted) reject(signal.reason);
        else if (condition()) resolve();
        else if (this.clientState === "closed") reject(this.closedError());
        else return;
        this.#waiters.delete(check);
        signal?.removeEventListener("abort", check);
      };
      this.#waiters.add(check);
      signal?.addEventListener("abort", check);
      check();
    });
  }

  /** Resolves when the server has published it, rejects when the signal aborts. */
  confirm(message: Omit<Confirm, "id">, signal: AbortSignal): Promise<void> {
    const id = String(this.nextId());
    return new Promise<void>((resolve, reject) => {
      this.#confirms.set(id, { message, resolve, reject });
      signal.addEventListener("abort", () => reject(signal.reason));
      this.driver.dispatch({ ...message, id });
    }).finally(() => this.#confirms.delete(id));
  }

  #changed(): void {
    const state = clientState(this.driver.state());
    if (state !== this.clientState) {
      this.clientState = state;
      for (const listener of this.stateListeners) listener(state);
    }
    for (const check of this.#waiters) check();
  }

  #perform(effect: UserEffect): void {
    switch (effect.type) {
      case "grant":
        return this.members.get(effect.contender)?.grant(effect);
      case "revoke":
        return this.members.get(effect.contender)?.revoke(effect.reason);
      case "confirmed":
        return this.#published(effect);
      case "leaders":
        for (const hear of this.observers) hear(effect);
        return;
      case "error":
        return this.#refuse(new ElectionError(effect.code, effect.message), effect.id, effect.component);
      case "lost":
        return this.#lose(closeError(effect.code), effect.fatal);
      case "violation":
        return this.report(new ProtocolError("protocol_error", `unexpected ${effect.message.type}`));
    }
  }

  /** A newer confirm stands for the older ones of its leadership: after a blip only the newest was sent again. */
  #published({ id, component, leaderSessionId }: Confirmed): void {
    for (const [key, { message, resolve }] of this.#confirms) {
      if (message.component === component && message.leaderSessionId === leaderSessionId) resolve();
      if (key === id) return;
    }
  }

  #refuse(error: ElectionError, id = "", component?: string): void {
    const confirm = this.#confirms.get(id);
    if (confirm) return confirm.reject(error.code === "not_leader" ? new LeadershipLostError("lost") : error);
    for (const member of this.members.values()) if (member.component === component) member.fail(error);
  }

  #lose(error: ElectionError, fatal: boolean): void {
    if (fatal) this.#failure = error;
    for (const member of this.members.values()) member.fail(error);
    this.report(error);
  }
}
