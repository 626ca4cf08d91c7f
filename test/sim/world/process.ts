/**
 * One process: the shell around the shipped session core (what client/driver.ts does, in its order) on a machine with
 * its own clock, and an application with contenders and observers.
 */
import type { Effect, Event, Input } from "../../../client/session/events.ts";
import type { SessionState } from "../../../client/session/state.ts";
import type { ServerMessage } from "../../../shared/messages.ts";
import type { ElectionName } from "../../../shared/names.ts";
import type { Cores } from "../cores.ts";
import { AppContender } from "./contender.ts";
import type { Link, Packet } from "./link.ts";
import { MachineClock } from "./machine-clock.ts";
import { ObserverView } from "./observer-view.ts";
import type { ContenderSetup, ProcessSetup } from "./setup.ts";

export interface ProcessWorld {
  readonly cores: Cores;
  readonly now: number;
  random(): number;
  /** A connection attempt leaves. */
  connect(process: Process, attempt: number): Link;
  /** Before the effects of a transition are performed. */
  stepped(process: Process, step: Step): void;
  sent(process: Process, message: Extract<Effect, { readonly type: "send" }>["message"]): void;
  /** Before the core hears it. It may come from an abandoned connection. */
  heard(process: Process, link: Link, message: ServerMessage): void;
  tell(line: () => string): void;
}

export interface Step {
  readonly before: SessionState;
  readonly event: Event;
  readonly effects: readonly Effect[];
}

/** Where the process is: a frozen page and a sleeping machine run no code. */
export type Whereabouts = "running" | "asleep" | "frozen" | "dead";

export class Process {
  readonly #world: ProcessWorld;
  readonly name: string;
  readonly setup: ProcessSetup;
  readonly clock: MachineClock;
  readonly contenders: AppContender[] = [];
  readonly view: ObserverView;
  state: SessionState;
  link: Link | null = null;
  whereabouts: Whereabouts = "running";
  wakesAt = Infinity;
  /** How late its timers run. */
  timerLagMs = 0;
  #timerAt: number | null = null;
  #timerSetAt = 0;
  #effects: Effect[] = [];
  #busy = false;
  #numbers = 0;

  constructor(world: ProcessWorld, name: string, setup: ProcessSetup) {
    this.#world = world;
    this.name = name;
    this.setup = setup;
    const { rate, stopsAsleep, priority, onDisconnect, drainMs, lingerMs } = setup;
    this.clock = new MachineClock(world.cores.client.pessimistic, rate, stopsAsleep, () => world.now);
    this.view = new ObserverView(name);
    this.state = world.cores.client.initialState({
      process: { name, address: `http://${name}` },
      priority,
      onDisconnect,
      lingerMs,
      drainMs: drainMs ?? Infinity,
    });
  }

  get runs(): boolean {
    return this.whereabouts === "running";
  }

  /** What arrives is read, if only to be dropped. */
  get hears(): boolean {
    return this.runs || this.whereabouts === "dead";
  }

  // The application

  open(): void {
    for (const contender of this.setup.contenders) this.contend(contender);
    for (const component of this.setup.watched) this.observe(component);
  }

  /** The contender of a component that was not closed; there is at most one. */
  contenderOf(component: string): AppContender | undefined {
    return this.contenders.find((contender) => contender.info.component === component && !contender.closed);
  }

  contend(setup: ContenderSetup): void {
    if (this.contenderOf(setup.component) !== undefined || this.state.closing || this.state.connection === "closed")
      return;
    const contender = new AppContender(this.#number(), setup);
    this.contenders.push(contender);
    this.dispatch({ type: "register", contender: contender.id, info: contender.info });
  }

  close(component: string): void {
    const contender = this.contenderOf(component);
    if (contender === undefined) return;
    contender.closed = true;
    this.dispatch({ type: "deregister", contender: contender.id });
  }

  /** Publishes where the component's leader is; without an address, where its process is. */
  confirm(component: string, address?: string): void {
    const leaderSessionId = this.contenderOf(component)?.granted?.leaderSessionId ?? "";
    const part = { id: `c${this.#number()}`, component, leaderSessionId };
    this.dispatch({ type: "confirm", ...part, ...(address !== undefined && { address }) });
  }

  resign(election: ElectionName, successor?: string): void {
    const term = this.state.terms.find((one) => one.election === election && one.stage === "leading");
    if (term === undefined) return;
    const { leaderSessionId } = term;
    this.dispatch({ type: "resign", leaderSessionId, ...(successor !== undefined && { successor }) });
  }

  prioritize(priority: number, component?: string): void {
    const dedicated = component !== undefined && this.contenderOf(component)?.info.election === "dedicated";
    if (component !== undefined && !dedicated) return;
    this.dispatch({ type: "priority", priority, ...(component !== undefined && { component }) });
  }

  observe(component: string | true): void {
    if (this.state.closing || this.state.connection === "closed") return;
    this.dispatch({ type: "observe", component });
  }

  unobserve(component: string | true): void {
    if (this.state.watched.includes(component)) this.dispatch({ type: "unobserve", component });
  }

  /** Settles what drains, the slow and the hung included. */
  settleAll(): void {
    for (const contender of [...this.contenders]) if (contender.draining) this.#settle(contender);
  }

  shutdown(): void {
    for (const contender of this.contenders) contender.closed = true;
    this.dispatch({ type: "bye" });
  }

  // The machine

  sleep(wakesAt: number): void {
    if (!this.runs) return;
    this.clock.sleep();
    this.whereabouts = "asleep";
    this.wakesAt = wakesAt;
  }

  wake(): void {
    if (this.whereabouts !== "asleep") return;
    this.clock.wake();
    this.whereabouts = "running";
    this.wakesAt = Infinity;
  }

  /** S8: the page's last turn. Nothing runs afterwards, not even what drains. */
  freeze(): void {
    if (!this.runs) return;
    this.dispatch({ type: "page", event: "freeze" });
    this.whereabouts = "frozen";
  }

  thaw(): void {
    if (this.whereabouts !== "frozen") return;
    this.whereabouts = "running";
    this.dispatch({ type: "page", event: "resume" });
  }

  kill(): void {
    this.whereabouts = "dead";
    this.#timerAt = null;
    this.wakesAt = Infinity;
    if (this.link !== null) this.link.clientOpen = false;
  }

  // The driver

  dispatch(input: Input, connection = this.state.attempt): void {
    const { client } = this.#world.cores;
    const event: Event = { input, connection, now: this.clock.look(), random: this.#world.random() };
    const before = this.state;
    const { state, effects } = client.transition(before, event);
    this.state = state;
    this.#world.stepped(this, { before, event, effects });
    this.#effects.push(...effects);
    if (this.#busy) return;
    this.#busy = true;
    for (let effect = this.#effects.shift(); effect !== undefined; effect = this.#effects.shift())
      this.#perform(effect);
    this.#busy = false;
    this.#arm();
  }

  #arm(): void {
    const deadline = this.#world.cores.client.nextDeadline(this.state);
    this.#timerSetAt = this.clock.monotonic;
    const delay = deadline === null ? null : Math.max(0, Math.ceil(deadline - this.clock.peek()));
    this.#timerAt = delay === null ? null : this.#timerSetAt + delay;
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "connect":
        this.#abandon();
        this.link = this.#world.connect(this, effect.connection);
        return;
      case "disconnect":
        return this.#abandon();
      case "send":
        if (this.link === null) return;
        this.#world.sent(this, effect.message);
        return this.link.up.send({ type: "frame", message: effect.message }, this.#world.now);
      case "ping":
        return this.link?.up.send({ type: "beat" }, this.#world.now);
      case "grant":
        return this.#granted(effect);
      case "revoke":
        return this.#find(effect.contender)?.revoke(effect.reason, this.clock.monotonic);
      case "leaders":
        return this.view.fold(effect, this.link?.recordsAreOld === true);
      case "confirmed":
      case "error":
      case "lost":
      case "violation":
        return;
      default:
        effect satisfies never;
    }
  }

  #abandon(): void {
    if (this.link === null) return;
    this.link.clientOpen = false;
    this.link.up.send({ type: "close", code: 1000 }, this.#world.now);
    this.link = null;
  }

  #granted({ contender: id, leaderSessionId, epoch }: Extract<Effect, { readonly type: "grant" }>): void {
    const contender = this.#find(id);
    contender?.grant({ leaderSessionId, epoch });
    if (contender === undefined) return;
    const { component } = contender.info;
    const confirm = (address?: string) => this.confirm(component, address);
    switch (contender.setup.onGrant) {
      case "confirm":
        return confirm();
      case "confirm-twice":
        confirm("http://first");
        return confirm();
      case "close":
        // Once: a contender that always did so would keep its election turning.
        return contender.grants === 1 ? this.close(component) : confirm();
      case "resign":
        return contender.grants === 1 ? this.resign(contender.election) : confirm();
      case "nothing":
        return;
    }
  }

  #find(id: number): AppContender | undefined {
    return this.contenders.find((contender) => contender.id === id);
  }

  #number(): number {
    this.#numbers += 1;
    return this.#numbers;
  }

  #settle(contender: AppContender): void {
    contender.settlesAt = null;
    this.dispatch({ type: "settled", contender: contender.id });
    if (contender.closed) this.contenders.splice(this.contenders.indexOf(contender), 1);
  }

  // What arrives

  receive(link: Link, packet: Packet<ServerMessage>): void {
    const connection = link.attempt;
    if (this.whereabouts === "dead") return;
    switch (packet.type) {
      case "open":
        return this.dispatch({ type: "opened" }, connection);
      case "beat":
        return this.dispatch({ type: "pong" }, connection);
      case "frame":
        this.#world.heard(this, link, packet.message);
        return this.dispatch(packet.message, connection);
      case "close":
        link.clientOpen = false;
        if (this.link === link) this.link = null;
        return this.dispatch({ type: "lost", code: packet.code }, connection);
    }
  }

  // What time brings

  get dueAt(): number {
    if (this.whereabouts === "asleep") return this.wakesAt;
    if (!this.runs) return Infinity;
    return Math.min(this.#timerDueAt, this.#settleDueAt);
  }

  get #timerDueAt(): number {
    return this.#timerAt === null ? Infinity : this.clock.trueTimeOf(this.#timerAt) + this.timerLagMs;
  }

  get #settleDueAt(): number {
    const first = Math.min(...this.contenders.map(({ settlesAt }) => settlesAt ?? Infinity));
    return first === Infinity ? Infinity : this.clock.trueTimeOf(first);
  }

  act(): void {
    if (this.whereabouts === "asleep") return this.wake();
    const due = this.contenders.find(({ settlesAt }) => settlesAt !== null && settlesAt <= this.clock.monotonic + 1e-6);
    if (due !== undefined && this.#settleDueAt <= this.#timerDueAt) return this.#settle(due);
    this.#timerAt = null;
    this.dispatch({ type: "tick" });
  }
}
