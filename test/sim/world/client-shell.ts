/**
 * The shell around the shipped session core, on a machine with its own clock: what client/driver.ts does, in its order.
 * It feeds the core, does the effects one after the other, then sets the one timer; what effects cause queues up.
 */
import type { Effect, Event, Input } from "../../../client/session/events.ts";
import type { SessionSettings, SessionState } from "../../../client/session/state.ts";
import { encode } from "../../../shared/protocol/codec.ts";
import type { ServerMessage } from "../../../shared/protocol/messages.ts";
import { parseServerMessage } from "../../../shared/protocol/server-codec.ts";
import type { Link, Packet } from "../../../testing/group/link.ts";
import type { Cores } from "../cores.ts";
import { MachineClock, type MachineSetup } from "./machine-clock.ts";

export interface ClientTurn {
  readonly before: SessionState;
  readonly event: Event;
  readonly effects: readonly Effect[];
}

/** Effects for those who use the session. */
export type UserEffect = Exclude<Effect, { readonly type: "connect" | "disconnect" | "send" | "ping" }>;

export interface ClientShellPorts {
  readonly client: Cores["client"];
  trueNow(): number;
  random(): number;
  /** A connection attempt leaves. */
  connect(attempt: number): Link;
  /** Before the effects of a transition are performed. */
  stepped(step: ClientTurn): void;
  sent(message: Extract<Effect, { readonly type: "send" }>["message"]): void;
  /** Before the core receives it. It may come from an abandoned connection. */
  heard(link: Link, message: ServerMessage): void;
}

export abstract class ClientShell {
  readonly #ports: ClientShellPorts;
  readonly clock: MachineClock;
  state: SessionState;
  /** The current connection. */
  link: Link | null = null;
  /** All that it has not abandoned, by their attempts. */
  readonly #links = new Map<number, Link>();
  /** How late its timer runs. */
  timerLagMs = 0;
  #timerAt: number | null = null;
  /** What the core was last told of the time. */
  #lookedAt = 0;
  readonly #effects: (Effect | (() => void))[] = [];
  #busy = false;

  constructor(ports: ClientShellPorts, settings: SessionSettings, machine: MachineSetup) {
    this.#ports = ports;
    this.clock = new MachineClock(ports.client.pessimistic, machine, () => ports.trueNow());
    this.state = ports.client.initialState(settings);
  }

  protected abstract perform(effect: UserEffect): void;

  dispatch(input: Input, connection = this.state.attempt): void {
    const event: Event = { input, connection, ...this.clock.look(), random: this.#ports.random() };
    this.#lookedAt = event.now;
    const before = this.state;
    const { state, effects } = this.#ports.client.transition(before, event);
    this.state = state;
    this.#ports.stepped({ before, event, effects });
    this.#effects.push(...effects);
    if (this.#busy) return;
    this.#busy = true;
    for (let effect = this.#effects.shift(); effect !== undefined; effect = this.#effects.shift())
      this.#execute(effect);
    this.#busy = false;
    this.#arm();
  }

  /** After the effects of the present event. */
  protected afterwards(work: () => void): void {
    this.#effects.push(work);
  }

  #execute(effect: Effect | (() => void)): void {
    if (typeof effect === "function") return effect();
    const now = this.#ports.trueNow();
    switch (effect.type) {
      case "connect":
        this.link = this.#links.get(effect.connection) ?? this.#ports.connect(effect.connection);
        this.#links.set(effect.connection, this.link);
        return;
      case "disconnect":
        return this.#abandon(effect.connection);
      case "send":
        if (this.link === null) return;
        this.#ports.sent(effect.message);
        return this.link.up.send({ type: "frame", message: encode(effect.message) }, now);
      case "ping":
        return this.link?.up.send({ type: "beat" }, now);
      default:
        return this.perform(effect);
    }
  }

  #abandon(connection: number): void {
    const link = this.#links.get(connection);
    if (link === undefined) return;
    this.#closed(link);
    link.up.send({ type: "close", code: 1000 }, this.#ports.trueNow());
  }

  #closed(link: Link): void {
    link.clientOpen = false;
    this.#links.delete(link.attempt);
    if (this.link === link) this.link = null;
  }

  receive(link: Link, packet: Packet<string>): void {
    const connection = link.attempt;
    this.clock.arrive();
    switch (packet.type) {
      case "open":
        return this.dispatch({ type: "opened" }, connection);
      case "beat":
        return this.dispatch({ type: "pong" }, connection);
      case "frame": {
        const message = parseServerMessage(packet.message);
        this.#ports.heard(link, message);
        return this.dispatch(message, connection);
      }
      case "close":
        this.#closed(link);
        return this.dispatch({ type: "lost", code: packet.code }, connection);
    }
  }

  // The timer, on the monotonic clock

  #arm(): void {
    const deadline = this.#ports.client.nextDeadline(this.state);
    // By the last look it may be less than a rounding error away: no timer of a platform comes again in the same moment.
    const least = deadline !== null && deadline > this.#lookedAt ? 1 : 0;
    const now = this.clock.standsStill ? this.#lookedAt : this.clock.peek();
    const delay = deadline === null ? null : Math.max(least, Math.ceil(deadline - now));
    this.#timerAt = delay === null ? null : this.clock.monotonic + delay;
  }

  protected get timerDueAt(): number {
    return this.#timerAt === null ? Infinity : this.clock.trueTimeOf(this.#timerAt) + this.timerLagMs;
  }

  protected ring(): void {
    this.clock.ring(this.timerDueAt - this.timerLagMs);
    this.#timerAt = null;
    this.dispatch({ type: "tick" });
  }
}
