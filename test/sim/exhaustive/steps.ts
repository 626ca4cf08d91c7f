/** What may happen next in the small world: every delivery, every timer that is due, every fault that is left. */

import type { Effect, Event, Input } from "../../../client/session/events.ts";
import type { ClientMessage, Grant, Renewed, ServerMessage, Welcome } from "../../../shared/protocol/messages.ts";
import { hashOf } from "../../../testing/group/incarnation.ts";
import type { Packet } from "../../../testing/group/link.ts";
import type { Attachment, EventBody, Frame } from "../../../worker/group/events.ts";
import type { Policy } from "../../../worker/group/policy.ts";
import type { Cores } from "../cores.ts";
import {
  abandon,
  accepted,
  arrivedDown,
  arrivedUp,
  clientAt,
  closedDown,
  closedUp,
  connect,
  crash,
  endStale,
  lead,
  lose,
  perform,
  replace,
  sendDown,
  sendUp,
  spend,
  type Told,
  wireOf,
  withClient,
} from "./changes.ts";
import { nonceOf } from "./print.ts";
import { type Budget, localNow, type SmallClient, type SmallState, START, type Wire } from "./state.ts";
import { emptyStorage, rowsOf, written } from "./storage.ts";

/** What a world begins with, and what may happen in it. */
export interface SmallSetup {
  /** Of each process, how fast its clock goes. */
  readonly rates: readonly number[];
  /** Who contends for what in the beginning, one after the other: z is dedicated, all else is in the process election. */
  readonly joins: readonly (readonly [process: number, component: string])[];
  /** What each process may contend for later: the first of these for which it does not. */
  readonly wishes: readonly string[];
  readonly tickMs: number;
  readonly budget: Budget;
}

export interface Step {
  readonly label: () => string;
  readonly take: () => SmallState;
}

export class SmallWorld {
  readonly #cores: Cores;
  readonly #setup: SmallSetup;
  readonly #policy: Policy;

  constructor(cores: Cores, setup: SmallSetup) {
    this.#cores = cores;
    this.#setup = setup;
    this.#policy = cores.group.createPolicy({ leaseMs: 2_000, drainMs: 500, horizonAheadMs: 2_000 });
  }

  /** All have joined: whoever came first leads, the others wait, and nothing is on its way. */
  begin(): SmallState {
    const { rates, joins, budget } = this.#setup;
    const client = (rate: number): SmallClient => ({
      rate,
      state: this.#cores.client.initialState({
        process: {},
        priority: 0,
        onDisconnect: "keep",
        drainMs: Infinity,
        lingerMs: 60_000,
      }),
      attempt: null,
      contenders: {},
      drains: [],
      leases: {},
      statements: [],
    });
    const state: SmallState = {
      now: START,
      clients: rates.map(client),
      wires: [],
      current: null,
      stale: null,
      storage: emptyStorage,
      nonces: 0,
      led: {},
      budget,
    };
    return joins.reduce((next, [index, component]) => this.#settleDown(this.#contend(next, index, component)), state);
  }

  /** Delivers everything, in order. */
  #settleDown(state: SmallState): SmallState {
    const [step] = this.#deliveries(state);
    return step === undefined ? state : this.#settleDown(step.take());
  }

  // What may happen

  *steps(state: SmallState): Generator<Step> {
    yield* this.#deliveries(state);
    yield* this.#timers(state);
    yield* this.#faults(state);
  }

  /** The next packet of each process for which nothing else can happen, now or until it has arrived. */
  *alone(state: SmallState): Generator<Step> {
    if (state.budget.ticks > 0) return;
    for (const index of state.clients.keys()) {
      const wire = wireOf(state, index);
      if (wire === null || wire.down.length === 0 || !this.#isAlone(state, index, wire)) continue;
      yield { label: () => `down ${index} ${describe(wire.down[0])}`, take: () => this.#arriveDown(state, wire) };
    }
  }

  #isAlone(state: SmallState, index: number, wire: Wire): boolean {
    const { budget } = state;
    const client = clientAt(state, index);
    if (hasAnother(state, index)) return false;
    if (!wire.severed && budget.cuts + budget.losses > 0) return false;
    if (this.#isDue(state, client) || client.drains.length > 0) return false;
    return this.#wishesOf(state, index).next().done === true;
  }

  *#deliveries(state: SmallState): Generator<Step> {
    for (const wire of state.wires) {
      const { client, attempt, up, down } = wire;
      const name = () => `${client}${attempt === clientAt(state, client).attempt ? "" : ` (attempt ${attempt})`}`;
      if (up.length > 0)
        yield { label: () => `up ${name()} ${describe(up[0])}`, take: () => this.#arriveUp(state, wire) };
      if (down.length > 0)
        yield { label: () => `down ${name()} ${describe(down[0])}`, take: () => this.#arriveDown(state, wire) };
    }
  }

  #isDue(state: SmallState, client: SmallClient): boolean {
    const deadline = this.#cores.client.nextDeadline(client.state);
    return deadline !== null && deadline <= localNow(state, client);
  }

  *#timers(state: SmallState): Generator<Step> {
    for (const [index, client] of state.clients.entries()) {
      if (this.#isDue(state, client)) {
        yield { label: () => `timer ${index}`, take: () => this.#tell(state, index, { type: "tick" }) };
      }
      for (const { contender } of client.drains) {
        yield { label: () => `settle ${index} ${contender}`, take: () => this.#settle(state, index, contender) };
      }
    }
    const { alarmAt } = state.storage;
    if (alarmAt !== null && alarmAt <= state.now) yield { label: () => "alarm", take: () => this.#alarm(state) };
    if (state.budget.ticks > 0)
      yield { label: () => "tick", take: () => ({ ...spend(state, "ticks"), now: state.now + this.#setup.tickMs }) };
  }

  *#faults(state: SmallState): Generator<Step> {
    for (const index of state.clients.keys()) {
      yield* this.#lossesOf(state, index);
      yield* this.#wishesOf(state, index);
    }
    const { budget, current, stale } = state;
    if (current === null) return;
    if (budget.crashes > 0) yield { label: () => "crash", take: () => crash(spend(state, "crashes")) };
    if (budget.hibernations > 0) {
      yield {
        label: () => "hibernate",
        take: () => this.#start({ ...spend(state, "hibernations"), current: null }),
      };
    }
    if (budget.replacements > 0 && stale === null) {
      yield { label: () => "replace", take: () => replace(spend(state, "replacements")) };
    }
    if (budget.revokes > 0) {
      const revoke = { type: "revoke", request: "r", election: "process", successor: null, note: null } as const;
      yield { label: () => "revoke", take: () => this.#turn(spend(state, "revokes"), revoke, "current") };
    }
  }

  *#lossesOf(state: SmallState, index: number): Generator<Step> {
    const wire = wireOf(state, index);
    if (wire === null || wire.severed) return;
    if (state.budget.cuts > 0) {
      yield { label: () => `cut ${index}`, take: () => lose(spend(state, "cuts"), wire, "client") };
    }
    if (state.budget.losses === 0) return;
    for (const told of TOLD) {
      yield { label: () => `lose ${index} (told: ${told})`, take: () => lose(spend(state, "losses"), wire, told) };
    }
  }

  /** What an application may do: with what it leads, and with its contenders. */
  *#wishesOf(state: SmallState, index: number): Generator<Step> {
    const { contenders, state: session } = clientAt(state, index);
    const { budget } = state;
    for (const { stage, leaderSessionId, election } of budget.resigns > 0 ? session.terms : []) {
      if (stage !== "leading") continue;
      const resign = { type: "resign", leaderSessionId } as const;
      yield {
        label: () => `resign ${index} ${election}`,
        take: () => this.#tell(spend(state, "resigns"), index, resign),
      };
    }
    yield* this.#readinessOf(state, index);
    const absent = this.#setup.wishes.find((component) => contenders[component] === undefined);
    if (budget.contends > 0 && absent !== undefined) {
      const label = () => `contend ${index} ${absent}`;
      yield { label, take: () => this.#contend(spend(state, "contends"), index, absent) };
    }
    for (const component of budget.closes + budget.rejoins > 0 ? Object.keys(contenders) : []) {
      const closed = (what: "closes" | "rejoins") => this.#close(spend(state, what), index, component);
      if (budget.closes > 0) yield { label: () => `close ${index} ${component}`, take: () => closed("closes") };
      if (budget.rejoins === 0) continue;
      yield {
        label: () => `rejoin ${index} ${component}`,
        take: () => this.#contend(closed("rejoins"), index, component),
      };
    }
  }

  *#readinessOf(state: SmallState, index: number): Generator<Step> {
    const { contenders } = clientAt(state, index).state;
    if (state.budget.readies === 0 || contenders.length === 0) return;
    const ready = contenders.some((one) => !one.ready);
    yield {
      label: () => `${ready ? "" : "not "}ready ${index}`,
      take: () => this.#tell(spend(state, "readies"), index, { type: "ready", ready }),
    };
  }

  // Processes

  #contend(state: SmallState, index: number, component: string): SmallState {
    const client = clientAt(state, index);
    const contender = 1 + Math.max(0, ...client.state.contenders.map(({ id }) => id));
    const running = withClient(state, index, { contenders: { ...client.contenders, [component]: contender } });
    const info = { component, ...(component === "z" && { election: "dedicated" as const }) };
    return this.#tell(running, index, { type: "register", contender, info });
  }

  #close(state: SmallState, index: number, component: string): SmallState {
    const { [component]: contender = 0, ...contenders } = clientAt(state, index).contenders;
    return this.#tell(withClient(state, index, { contenders }), index, { type: "deregister", contender });
  }

  #tell(state: SmallState, index: number, input: Input, attempt?: number): SmallState {
    const client = clientAt(state, index);
    const event = { input, connection: attempt ?? client.state.attempt, now: localNow(state, client), random: 0 };
    const next = this.#cores.client.transition(client.state, event);
    const told = { state: next.state, ...judged(client, event, next.effects) };
    return next.effects.reduce((result, effect) => performUp(result, index, effect), withClient(state, index, told));
  }

  #settle(state: SmallState, index: number, contender: number): SmallState {
    const drains = clientAt(state, index).drains.filter((drain) => drain.contender !== contender);
    return this.#tell(withClient(state, index, { drains }), index, { type: "settled", contenders: [contender] });
  }

  #arriveDown(state: SmallState, wire: Wire): SmallState {
    const { down, client, attempt } = wire;
    const [packet] = down;
    if (packet === undefined) return state;
    const rest = arrivedDown(state, wire);
    switch (packet.type) {
      case "open":
        return this.#tell(rest, client, { type: "opened" }, attempt);
      case "beat":
        return this.#tell(rest, client, { type: "pong" }, attempt);
      case "frame":
        return this.#tell(rest, client, packet.message, attempt);
      case "close":
        return this.#tell(closedDown(rest, wire), client, { type: "lost", code: packet.code }, attempt);
    }
  }

  // The object

  #arriveUp(state: SmallState, wire: Wire): SmallState {
    const { up, server, attachment } = wire;
    const [packet] = up;
    if (packet === undefined) return state;
    if (packet.type === "open") return this.#accept(this.#start(arrivedUp(state, wire)), wire);
    const rest = arrivedUp(state, wire);
    if (server === "none") return rest;
    if (packet.type === "beat") return sendDown(rest, wire, { type: "beat" });
    const connection = attachment?.connection ?? "";
    if (packet.type === "close") return this.#turn(closedUp(rest, wire), { type: "disconnect", connection }, server);
    const [frame, nonces] = read(packet.message, state.nonces);
    return this.#turn({ ...rest, nonces }, { type: "frame", connection, frame }, server);
  }

  #accept(state: SmallState, wire: Wire): SmallState {
    const connection = nonceOf(state.nonces);
    const attachment: Attachment = { connection, connectedAt: state.now, sessionId: null, leases: [] };
    const bound = accepted({ ...state, nonces: state.nonces + 1 }, wire, attachment);
    return sendDown(this.#turn(bound, { type: "connect", connection }, "current"), wire, { type: "open" });
  }

  #alarm(state: SmallState): SmallState {
    const { current, ...rest } = this.#start({ ...state, storage: { ...state.storage, alarmAt: null } });
    const woken = current === null ? null : { ...current, alarmAt: null };
    return this.#turn({ ...rest, current: woken }, { type: "tick" }, "current");
  }

  /** The object's constructor, unless it is in memory. */
  #start(state: SmallState): SmallState {
    const { current, storage, wires, now } = state;
    if (current !== null) return state;
    const group = this.#cores.group.load(rowsOf(storage), this.#policy);
    const alarmAt = storage.alarmAt !== null && storage.alarmAt > now ? storage.alarmAt : null;
    const own = wires.filter(({ server }) => server === "current");
    const attachments = own.flatMap(({ attachment }) => (attachment === null ? [] : [attachment]));
    return this.#turn({ ...state, current: { group, alarmAt } }, { type: "start", attachments }, "current");
  }

  /** One turn of the current object or of the replaced one, whose first write fails. */
  #turn(state: SmallState, body: EventBody, which: "current" | "stale"): SmallState {
    const object = state[which];
    if (object === null) return state;
    const { group: core } = this.#cores;
    const event = { ...body, now: state.now, nonce: nonceOf(state.nonces) };
    const { state: group, effects, touched } = core.transition(object.group, event);
    const changes = core.rowChanges(object.group, group, touched);
    const moved = earlierAlarm(object.alarmAt, core.nextDeadline(group), state.now);
    if (which === "stale" && (changes.length > 0 || moved !== null)) return endStale(state);
    const turned = {
      ...state,
      storage: written(state.storage, changes, moved),
      nonces: state.nonces + 1,
      [which]: { group, alarmAt: moved ?? object.alarmAt },
    };
    return effects.reduce(perform, turned);
  }
}

function read(message: ClientMessage, nonces: number): readonly [Frame, number] {
  if (message.type !== "hello") return [{ type: "message", message }, nonces];
  const secret = nonceOf(nonces);
  const presentedHash = message.resume === undefined ? null : hashOf(message.resume.secret);
  const made = { secret: { secret, hash: hashOf(secret) }, presentedHash, deployment: "d" };
  return [{ type: "hello", message, ...made }, nonces + 1];
}

/** The shell moves its alarm only to an earlier time; one that is overdue is set anew. */
function earlierAlarm(alarmAt: number | null, deadline: number | null, now: number): number | null {
  if (deadline === null) return null;
  return alarmAt !== null && alarmAt > now && alarmAt <= deadline ? null : deadline;
}

/** What the judge keeps of a process: what it was promised, and what it drains. */
function judged(
  client: SmallClient,
  event: Event,
  effects: readonly Effect[],
): Pick<SmallClient, "drains" | "leases" | "statements"> {
  const { input, now } = event;
  const { session, attempt } = client.state;
  const isCurrent = event.connection === attempt;
  const drainMs = Math.min(input.type === "revoke" ? input.drainMs : Infinity, session?.drainMs ?? Infinity);
  const begun = effects.flatMap((effect) => {
    if (effect.type !== "revoke") return [];
    const { election, leaderSessionId } = effect;
    return effect.contenders.map((contender) => ({ contender, election, leaderSessionId, until: now + drainMs }));
  });
  const drains = [...client.drains, ...begun];
  const { leases, statements } = client;
  // A frame that arrives comes by a connection that the process has not abandoned: what it answers counts on any (N19).
  if (input.type === "renewed" || input.type === "welcome") return { ...promised(client, input, now), drains };
  return { leases: isCurrent && input.type === "grant" ? granted(client, input) : leases, statements, drains };
}

type Promised = Pick<SmallClient, "leases" | "statements">;

/** The leases after an answer. One that comes after the end of a lease revives nothing (S6). */
function promised({ state, leases, statements }: SmallClient, answer: Renewed | Welcome, now: number): Promised {
  const { at = 0, held: asked = [] } = statements.find(({ sentAt }) => sentAt === answer.sentAt) ?? {};
  const { renewDeadlineMs = 0 } = (answer.type === "welcome" ? answer : state.session)?.lease ?? {};
  const good = answer.held.filter((id) => asked.includes(id) && (leases[id] ?? Infinity) > now);
  const extended = good.map((id) => [id, Math.max(leases[id] ?? 0, at + renewDeadlineMs)]);
  return {
    leases: { ...leases, ...Object.fromEntries(extended) },
    statements: statements.filter(({ sentAt }) => sentAt >= answer.sentAt),
  };
}

/** A grant promises the term from the statement that it names (S1). */
function granted({ state, leases, statements }: SmallClient, message: Grant): SmallClient["leases"] {
  if (message.joined) return leases;
  const { at = 0 } = statements.find(({ sentAt }) => sentAt === message.sentAt) ?? {};
  return { ...leases, [message.leaderSessionId]: at + (state.session?.lease.renewDeadlineMs ?? 0) };
}

/** Whether the process listens to a connection beside its current one. */
const hasAnother = ({ wires, clients }: SmallState, index: number): boolean =>
  wires.some(
    ({ client, attempt, clientOpen }) => client === index && clientOpen && attempt !== clients[index]?.attempt,
  );

/** What it states is remembered, from the moment when it leaves. */
function noted(state: SmallState, index: number, message: ClientMessage): SmallState {
  if (!("sentAt" in message) || message.sentAt === undefined) return state;
  const { sentAt } = message;
  const held = ("held" in message && message.held) || [];
  const client = clientAt(state, index);
  const before = message.type === "hello" && !hasAnother(state, index) ? [] : client.statements;
  return withClient(state, index, { statements: [...before, { sentAt, at: localNow(state, client), held }] });
}

/** What a process does. */
function performUp(state: SmallState, index: number, effect: Effect): SmallState {
  switch (effect.type) {
    case "connect":
      return connect(state, index, effect.connection);
    case "disconnect":
      return abandon(state, index, effect.connection);
    case "send":
      return sendUp(noted(state, index, effect.message), index, { type: "frame", message: effect.message });
    case "ping":
      return sendUp(state, index, { type: "beat" });
    case "grant":
      return lead(state, index, effect.election, effect.epoch);
    default:
      return state;
  }
}

const TOLD: readonly Told[] = ["none", "client", "server", "both"];

const describe = (packet: Packet<ClientMessage | ServerMessage> | undefined): string =>
  packet?.type === "frame" ? packet.message.type : String(packet?.type);
