/** One process: an application with contenders and observers on the driver of one session, and what befalls its machine. */

import type { Input, PageEvent } from "../../../client/session/events.ts";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import type { Link, Packet } from "../../../testing/group/link.ts";
import { AppContender } from "../../support/app-contender.ts";
import { demand } from "../../support/violation.ts";
import type { Cores } from "../cores.ts";
import { ClientShell, type ClientShellPorts, type UserEffect } from "./client-shell.ts";
import { ObserverView } from "./observer-view.ts";
import { Reader } from "./reader.ts";
import { COMPONENTS, type ComponentName, type ContenderSetup, type ProcessSetup } from "./setup.ts";

/** Where the process is: a frozen page and a sleeping machine run no code; one that computes runs nothing else. */
export type Whereabouts = "running" | "computing" | "asleep" | "frozen" | "dead";

/** A contender that the process was set up with, or that a move has added. */
class SetUpContender extends AppContender {
  readonly setup: ContenderSetup;

  constructor(id: number, setup: ContenderSetup) {
    const { component, dedicated, priority, drain } = setup;
    const own = { election: "dedicated", ...(priority !== undefined && { priority }) } as const;
    super(id, { component, ...(dedicated && own) }, drain);
    this.setup = setup;
  }
}

/** The component as which a process stands by itself. */
const STANDS: ContenderSetup = { component: "y", dedicated: false, onGrant: "nothing", drain: "quick" };
/** A priority that nobody keeps. */
const MEANWHILE = 5;
/** A name that nobody else watches. */
const FLOODED = "flooded";

/** What an application says much more often than its client may send. */
export type Flood = "priority" | "confirm" | "watch" | "rejoin";

export interface ProcessPorts extends ClientShellPorts {
  /** `check()` has said that it leads. */
  assured(process: Process, election: ElectionName): void;
}

interface Check {
  readonly contender: SetUpContender;
  readonly leaderSessionId: string;
  /** The newest question by then. */
  readonly after: number;
}

export class Process extends ClientShell {
  readonly #ports: ProcessPorts;
  readonly name: string;
  readonly setup: ProcessSetup;
  readonly contenders: SetUpContender[] = [];
  readonly view: ObserverView;
  readonly observers: InstanceType<Cores["client"]["Observers"]>;
  readonly readers: Reader[] = [];
  readonly #eager = new Set<Reader>();
  /** The other client of the same process. */
  twin: Process | null = null;
  /** The priority that its application wants. */
  priority: number;
  /** How many frames its application has asked for without need. */
  flooded = 0;
  #checks: Check[] = [];
  whereabouts: Whereabouts = "running";
  wakesAt = Infinity;
  /** The questions whose answers its inquiries were told of. */
  readonly inquired: number[] = [];
  #numbers = 0;
  /** Components of which the application has said that they are not ready. */
  readonly #unready = new Set<string>();
  /** Those whose `onRevoke` has settled in the present event. */
  readonly #quick: SetUpContender[] = [];

  /** `named`: the name of its process, if that is another one. */
  constructor(ports: ProcessPorts, name: string, setup: ProcessSetup, named = name) {
    const { priority, version, onDisconnect, drainMs = Infinity, lingerMs } = setup;
    const metadata = version === undefined ? {} : { metadata: { version } };
    const process = { name: named, address: `http://${named}`, ...metadata };
    super(ports, { process, priority, onDisconnect, drainMs, lingerMs, asksForToken: true }, setup);
    this.#ports = ports;
    this.name = name;
    this.setup = setup;
    this.priority = priority;
    this.view = new ObserverView(name);
    this.observers = new ports.client.Observers((command) => this.dispatch(command));
  }

  /** All clients of its process. */
  get clients(): readonly Process[] {
    return this.twin === null ? [this] : [this, this.twin];
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
  contenderOf(component: string): SetUpContender | undefined {
    return this.contenders.find((contender) => contender.info.component === component && !contender.closed);
  }

  contend(setup: ContenderSetup, tries = false): void {
    if (
      this.contenderOf(setup.component) !== undefined ||
      this.state.closing ||
      this.state.connection.type === "closed"
    )
      return;
    const contender = new SetUpContender(this.#number(), setup);
    contender.tries = tries;
    this.contenders.push(contender);
    const ready = !this.#unready.has(setup.component);
    this.dispatch({ type: "register", contender: contender.id, info: contender.info, ready, tries });
  }

  /** Contends only if its election is free now. */
  try(setup: ContenderSetup): void {
    this.contend(setup, true);
  }

  /** Stands by itself, until it is shut down. */
  stand(): void {
    if (this.contenderOf(STANDS.component) === undefined) this.contend(STANDS);
  }

  close(component: string): void {
    const contender = this.contenderOf(component);
    if (contender === undefined || contender.setup === STANDS) return;
    contender.closed = true;
    this.dispatch({ type: "deregister", contender: contender.id });
  }

  /** Closes the component and contends for it again at once, as an effect of React's StrictMode does. */
  rejoin(component: string): void {
    const contender = this.contenderOf(component);
    if (contender === undefined || contender.setup === STANDS) return;
    this.close(component);
    this.contend(contender.setup);
  }

  /** Publishes where the component's leader is; without an address, where its process is. */
  confirm(component: string, address?: string): void {
    const leaderSessionId = this.contenderOf(component)?.granted?.leaderSessionId ?? "";
    const part = { id: `c${this.#number()}`, component, leaderSessionId };
    this.dispatch({ type: "confirm", ...part, ...(address !== undefined && { address }) });
  }

  /** Without a component: all that it contends for. */
  setReady(ready: boolean, component?: ComponentName): void {
    for (const one of component === undefined ? COMPONENTS : [component])
      if (ready) this.#unready.delete(one);
      else this.#unready.add(one);
    this.dispatch({ type: "ready", ready, ...(component !== undefined && { component }) });
  }

  /** Whether all that stands in the election is ready, as far as the application has said. */
  isReadyIn(election: ElectionName): boolean {
    // It is refused, or waits for its predecessor to stop, or is a try that is yet to ask.
    const isUncounted = ({ id, tries }: AppContender): boolean =>
      this.state.contenders.some(
        ({ id: own, standing, phase }) =>
          own === id &&
          (standing.type === "refused" || phase.type === "queued" || (tries && standing.type === "untold")),
      );
    return !this.contenders.some(
      (one) => one.election === election && !one.closed && this.#unready.has(one.info.component) && !isUncounted(one),
    );
  }

  resign(election: ElectionName, successor?: string, stayOutMs?: number): void {
    const term = this.state.terms.find((one) => one.election === election && one.stage === "leading");
    if (term === undefined) return;
    const { leaderSessionId } = term;
    this.dispatch({
      type: "resign",
      leaderSessionId,
      ...(successor !== undefined && { successor }),
      ...(stayOutMs !== undefined && { stayOutMs }),
    });
  }

  inquire(): void {
    this.dispatch({ type: "inquire" });
  }

  /** Each of its contenders that was granted asks by `check()` whether it leads. */
  check(): void {
    const after = this.state.sentAt;
    const granted = this.contenders.flatMap((contender) => {
      const { leaderSessionId } = contender.granted ?? {};
      return leaderSessionId === undefined ? [] : [{ contender, leaderSessionId, after }];
    });
    this.#checks.push(...granted);
    if (granted.length > 0) this.inquire();
  }

  #answerChecks(sentAt: number): void {
    const answered = this.#checks.filter(({ after }) => after < sentAt);
    this.#checks = this.#checks.filter(({ after }) => after >= sentAt);
    const { now } = this.clock.look();
    for (const { contender, leaderSessionId } of answered) {
      const { id, granted, election } = contender;
      if (granted?.leaderSessionId !== leaderSessionId) continue;
      const leads = this.#ports.client.remainingMs(this.state, id, leaderSessionId, now) > 0;
      if (leads) this.#ports.assured(this, election);
    }
  }

  /** About so many times; each contender that leads confirms half as often. */
  flood(what: Flood, count: number): void {
    const { priority } = this;
    const times = Math.ceil(count / 2);
    this.flooded += times * (what === "confirm" ? this.contenders.filter(({ granted }) => granted !== null).length : 2);
    for (let left = times; left > 0; left--) this.#say(what);
    if (what === "priority") this.prioritize((priority + 1) % 3);
  }

  #say(what: Flood): void {
    const open = this.contenders.find((one) => !one.closed && one.setup !== STANDS);
    switch (what) {
      case "priority":
        this.prioritize(MEANWHILE);
        return this.prioritize(MEANWHILE);
      case "watch":
        this.observe(FLOODED);
        return this.unobserve(FLOODED);
      case "confirm":
        for (const { info, granted } of this.contenders) if (granted !== null) this.confirm(info.component);
        return;
      case "rejoin":
        if (open !== undefined) this.rejoin(open.info.component);
    }
  }

  prioritize(priority: number, component?: string): void {
    const dedicated = component !== undefined && this.contenderOf(component)?.info.election === "dedicated";
    if (component !== undefined && !dedicated) return;
    if (component === undefined) this.priority = priority;
    this.dispatch({ type: "priority", priority, ...(component !== undefined && { component }) });
  }

  observe(component: string | true): void {
    if (this.state.closing || this.state.connection.type === "closed") return;
    this.dispatch({ type: "observe", component });
  }

  unobserve(component: string | true): void {
    if (this.state.watched.includes(component)) this.dispatch({ type: "unobserve", component });
  }

  /** Observes as applications do. */
  join(watched: ComponentName | true, eager = false): void {
    if (this.state.closing || this.state.connection.type === "closed") return;
    const reader = new Reader(this.name, this.#ports.client, this.observers, watched);
    this.readers.push(reader);
    if (eager) this.#eager.add(reader);
  }

  /** Its oldest reader leaves. */
  leaveReader(): void {
    this.readers.shift()?.leave();
  }

  /** Settles what drains, the slow and the hung included. */
  settleAll(): void {
    const draining = this.contenders.filter((contender) => contender.draining);
    if (draining.length > 0) this.#settle(draining);
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
    if (this.whereabouts === "computing") return this.#computed();
    if (this.whereabouts !== "asleep") return;
    this.clock.wake();
    this.whereabouts = "running";
    this.wakesAt = Infinity;
  }

  /** Its code runs until then, and nothing else of it does. */
  compute(until: number): void {
    if (!this.runs) return;
    this.whereabouts = "computing";
    this.wakesAt = until;
  }

  /** It has not seen time pass, where clocks stand still meanwhile. */
  #computed(): void {
    this.whereabouts = "running";
    this.wakesAt = Infinity;
    this.check();
  }

  /** S8: the page's last turn. Nothing runs afterwards, not even what drains. */
  freeze(): void {
    if (!this.runs) return;
    this.dispatch({ type: "page", event: "freeze" });
    this.whereabouts = "frozen";
  }

  page(event: PageEvent): void {
    if (!this.runs) return;
    this.clock.arrive();
    this.dispatch({ type: "page", event });
  }

  thaw(): void {
    if (this.whereabouts !== "frozen") return;
    this.whereabouts = "running";
    this.dispatch({ type: "page", event: "resume" });
  }

  kill(): void {
    this.whereabouts = "dead";
    this.wakesAt = Infinity;
  }

  #granted({ contender: id, leaderSessionId, epoch }: Extract<UserEffect, { readonly type: "grant" }>): void {
    const contender = this.#find(id);
    contender?.grant({ leaderSessionId, epoch });
    if (contender === undefined) return;
    demand(this.isReadyIn(contender.election), "Q7", () => `epoch ${epoch} is granted to what is not ready`);
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

  /** Its try has come to nothing. */
  #untaken(id: number): void {
    const contender = this.#find(id);
    if (contender === undefined || !contender.tries || contender.grants > 0) return;
    contender.closed = true;
    this.contenders.splice(this.contenders.indexOf(contender), 1);
  }

  #find(id: number): SetUpContender | undefined {
    return this.contenders.find((contender) => contender.id === id);
  }

  #number(): number {
    this.#numbers += 1;
    return this.#numbers;
  }

  /** All in one turn, as the shell reports those that settle together. */
  #settle(contenders: readonly SetUpContender[]): void {
    for (const contender of contenders) contender.settlesAt = null;
    this.dispatch({ type: "settled", contenders: contenders.map(({ id }) => id) });
    for (const contender of contenders) {
      if (contender.closed) this.contenders.splice(this.contenders.indexOf(contender), 1);
    }
  }

  /** What returns no promise has settled: all that an event ends in one step, after its effects. */
  #settleQuick(ids: readonly number[]): void {
    const quick = this.contenders.filter(
      ({ id, draining, drain }) => ids.includes(id) && draining && drain === "quick",
    );
    if (quick.length === 0 || this.#quick.push(...quick) > quick.length) return;
    this.afterwards(() => this.#settle(this.#quick.splice(0)));
  }

  // What arrives, and what time brings

  protected override perform(effect: UserEffect): void {
    switch (effect.type) {
      case "grant":
        return this.#granted(effect);
      case "revoke":
        for (const id of effect.contenders) this.#find(id)?.revoke(effect.reason, this.clock.monotonic);
        return this.#settleQuick(effect.contenders);
      case "tried":
      case "refused":
        return this.#untaken(effect.contender);
      case "inquired":
        this.inquired.push(effect.sentAt);
        return this.#answerChecks(effect.sentAt);
      case "leaders":
        return this.#leaders(effect);
      default:
    }
  }

  #leaders(effect: Extract<UserEffect, { readonly type: "leaders" }>): void {
    const isOld = this.link?.recordsAreOld === true;
    this.view.fold(effect, isOld);
    if (isOld) for (const reader of this.readers) reader.isMisled = true;
    this.observers.receive(effect);
    for (const reader of this.#eager) reader.take(Infinity);
  }

  override dispatch(input: Input, connection?: number): void {
    super.dispatch(input, connection);
    if (this.state.connection.type !== "open") this.observers.forget();
  }

  override receive(link: Link, packet: Packet<string>): void {
    if (this.whereabouts !== "dead") super.receive(link, packet);
  }

  get dueAt(): number {
    if (this.whereabouts === "asleep" || this.whereabouts === "computing") return this.wakesAt;
    return this.runs ? Math.min(this.timerDueAt, this.#settleDueAt) : Infinity;
  }

  get #settleDueAt(): number {
    const first = Math.min(...this.contenders.map(({ settlesAt }) => settlesAt ?? Infinity));
    return first === Infinity ? Infinity : this.clock.trueTimeOf(first);
  }

  act(): void {
    if (this.whereabouts === "asleep" || this.whereabouts === "computing") return this.wake();
    if (this.timerDueAt < this.#settleDueAt) return this.ring();
    const now = this.#ports.trueNow();
    this.clock.ring(this.#settleDueAt);
    const isDue = ({ settlesAt }: AppContender) => settlesAt !== null && this.clock.trueTimeOf(settlesAt) <= now;
    const due = this.contenders.filter(isDue);
    if (due.length === 0) this.ring();
    else this.#settle(due);
  }
}
