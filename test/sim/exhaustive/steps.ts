/** What may happen next in the small world: every delivery, every timer that is due, every fault that is left. */

import type { Effect, Event, Input } from "../../../client/session/events.ts";
import type { ClientMessage, Grant, Renewed, ServerMessage, Welcome } from "../../../shared/protocol/messages.ts";
import { hashOf } from "../../../testing/group/incarnation.ts";
import type { Packet } from "../../../testing/group/link.ts";
import { Storage } from "../../../testing/group/storage.ts";
import type { Attachment, EventBody, Frame } from "../../../worker/group/events.ts";
import type { Policy } from "../../../worker/group/policy.ts";
import type { Cores } from "../cores.ts";
import {
  abandon,
  clientAt,
  connect,
  crash,
  endStale,
  led,
  lose,
  perform,
  replace,
  sendDown,
  sendUp,
  spend,
  type Told,
  wireAt,
  withClient,
  withWire,
} from "./changes.ts";
import { type Budget, localNow, type SmallClient, type SmallState, START } from "./state.ts";

export interface Step {
  readonly label: string;
  readonly take: () => SmallState;
}

export class SmallWorld {
  readonly #cores: Cores;
  readonly #policy: Policy;

  constructor(cores: Cores) {
    this.#cores = cores;
    this.#policy = cores.group.createPolicy({ leaseMs: 2_000, drainMs: 500, horizonAheadMs: 2_000 });
  }

  /** The first process leads, the second waits, and nothing is on its way. */
  begin(budget: Budget): SmallState {
    const client = (name: string): SmallClient => ({
      state: this.#cores.client.initialState({
        process: { name },
        priority: 0,
        onDisconnect: "keep",
        drainMs: Infinity,
        lingerMs: 60_000,
      }),
      wire: null,
      contenders: {},
      drains: [],
      leases: {},
      statements: [],
    });
    const state: SmallState = {
      now: START,
      clients: [client("A"), client("B")],
      wires: [],
      current: null,
      stale: null,
      storage: new Storage(),
      nonces: 0,
      ledEpoch: 0,
      ledBy: 0,
      budget,
    };
    return this.#settleDown(this.#contend(this.#settleDown(this.#contend(state, 0, "x")), 1, "x"));
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

  *#deliveries(state: SmallState): Generator<Step> {
    for (const [place, wire] of state.wires.entries()) {
      if (wire.up.length > 0)
        yield { label: `up ${place} ${describe(wire.up[0])}`, take: () => this.#arriveUp(state, place) };
      if (wire.down.length > 0) {
        yield { label: `down ${place} ${describe(wire.down[0])}`, take: () => this.#arriveDown(state, place) };
      }
    }
  }

  *#timers(state: SmallState): Generator<Step> {
    for (const [index, client] of state.clients.entries()) {
      const deadline = this.#cores.client.nextDeadline(client.state);
      if (deadline !== null && deadline <= localNow(state, index)) {
        yield { label: `timer ${index}`, take: () => this.#tell(state, index, { type: "tick" }) };
      }
      for (const { contender } of client.drains) {
        yield { label: `settle ${index} ${contender}`, take: () => this.#settle(state, index, contender) };
      }
    }
    const { alarmAt } = state.storage;
    if (alarmAt !== null && alarmAt <= state.now) yield { label: "alarm", take: () => this.#alarm(state) };
    if (state.budget.ticks > 0)
      yield { label: "tick", take: () => ({ ...spend(state, "ticks"), now: state.now + state.budget.tickMs }) };
  }

  *#faults(state: SmallState): Generator<Step> {
    for (const index of state.clients.keys()) {
      yield* this.#faultsOf(state, index);
      yield* this.#wishesOf(state, index);
    }
    const { budget, current, stale } = state;
    if (current === null) return;
    if (budget.crashes > 0) yield { label: "crash", take: () => crash(spend(state, "crashes")) };
    if (budget.hibernations > 0) {
      yield { label: "hibernate", take: () => this.#start({ ...spend(state, "hibernations"), current: null }) };
    }
    if (budget.replacements > 0 && stale === null) {
      yield { label: "replace", take: () => replace(spend(state, "replacements")) };
    }
    if (budget.revokes > 0) {
      const revoke = { type: "revoke", request: "r", election: "process", successor: null, note: null } as const;
      yield { label: "revoke", take: () => this.#turn(spend(state, "revokes"), revoke, "current") };
    }
  }

  *#faultsOf(state: SmallState, index: number): Generator<Step> {
    const { wire, state: session } = clientAt(state, index);
    const isWhole = wire !== null && !wireAt(state, wire).severed;
    if (isWhole && state.budget.cuts > 0) {
      yield { label: `cut ${index}`, take: () => lose(spend(state, "cuts"), wire, "client") };
    }
    if (isWhole && state.budget.losses > 0) {
      for (const told of TOLD) {
        yield { label: `lose ${index} (told: ${told})`, take: () => lose(spend(state, "losses"), wire, told) };
      }
    }
    const term = session.terms.find(({ stage }) => stage === "leading");
    if (term === undefined || state.budget.resigns === 0) return;
    const resign = { type: "resign", leaderSessionId: term.leaderSessionId } as const;
    yield { label: `resign ${index}`, take: () => this.#tell(spend(state, "resigns"), index, resign) };
  }

  /** What an application may do with its contenders. */
  *#wishesOf(state: SmallState, index: number): Generator<Step> {
    const { contenders } = clientAt(state, index);
    const { budget } = state;
    if (budget.contends > 0 && contenders["y"] === undefined) {
      yield { label: `contend ${index} y`, take: () => this.#contend(spend(state, "contends"), index, "y") };
    }
    for (const component of Object.keys(contenders)) {
      const closed = (what: "closes" | "rejoins") => this.#close(spend(state, what), index, component);
      if (budget.closes > 0) yield { label: `close ${index} ${component}`, take: () => closed("closes") };
      if (budget.rejoins === 0) continue;
      yield { label: `rejoin ${index} ${component}`, take: () => this.#contend(closed("rejoins"), index, component) };
    }
  }

  // Processes

  #contend(state: SmallState, index: number, component: string): SmallState {
    const client = clientAt(state, index);
    const contender = 1 + Math.max(0, ...client.state.contenders.map(({ id }) => id));
    const running = withClient(state, index, { contenders: { ...client.contenders, [component]: contender } });
    return this.#tell(running, index, { type: "register", contender, info: { component } });
  }

  #close(state: SmallState, index: number, component: string): SmallState {
    const { [component]: contender = 0, ...contenders } = clientAt(state, index).contenders;
    return this.#tell(withClient(state, index, { contenders }), index, { type: "deregister", contender });
  }

  #tell(state: SmallState, index: number, input: Input, attempt?: number): SmallState {
    const client = clientAt(state, index);
    const event = { input, connection: attempt ?? client.state.attempt, now: localNow(state, index), random: 0 };
    const next = this.#cores.client.transition(client.state, event);
    const told = { state: next.state, ...judged(client, event, next.effects) };
    return next.effects.reduce((result, effect) => performUp(result, index, effect), withClient(state, index, told));
  }

  #settle(state: SmallState, index: number, contender: number): SmallState {
    const drains = clientAt(state, index).drains.filter((drain) => drain.contender !== contender);
    return this.#tell(withClient(state, index, { drains }), index, { type: "settled", contenders: [contender] });
  }

  #arriveDown(state: SmallState, place: number): SmallState {
    const { down: all, client, attempt } = wireAt(state, place);
    const [packet, ...down] = all;
    if (packet === undefined) return state;
    const rest = withWire(state, place, { down });
    switch (packet.type) {
      case "open":
        return this.#tell(rest, client, { type: "opened" }, attempt);
      case "beat":
        return this.#tell(rest, client, { type: "pong" }, attempt);
      case "frame":
        return this.#tell(rest, client, packet.message, attempt);
      case "close": {
        const closed = withWire(rest, place, { clientOpen: false, severed: true });
        const gone = clientAt(closed, client).wire === place ? withClient(closed, client, { wire: null }) : closed;
        return this.#tell(gone, client, { type: "lost", code: packet.code }, attempt);
      }
    }
  }

  // The object

  #arriveUp(state: SmallState, place: number): SmallState {
    const { up: all, server, attachment } = wireAt(state, place);
    const [packet, ...up] = all;
    if (packet === undefined) return state;
    const rest = withWire(state, place, { up });
    if (packet.type === "open") return this.#accept(this.#start(rest), place);
    if (server === "none") return rest;
    if (packet.type === "beat") return sendDown(rest, place, { type: "beat" });
    const connection = attachment?.connection ?? "";
    if (packet.type === "close") {
      const closed = withWire(rest, place, { server: "none", severed: true });
      return this.#turn(closed, { type: "disconnect", connection }, server);
    }
    const [frame, nonces] = read(packet.message, state.nonces);
    return this.#turn({ ...rest, nonces }, { type: "frame", connection, frame }, server);
  }

  #accept(state: SmallState, place: number): SmallState {
    const connection = `n${state.nonces}`;
    const attachment: Attachment = { connection, connectedAt: state.now, sessionId: null, leases: [] };
    const bound = withWire({ ...state, nonces: state.nonces + 1 }, place, { server: "current", attachment });
    return sendDown(this.#turn(bound, { type: "connect", connection }, "current"), place, { type: "open" });
  }

  #alarm(state: SmallState): SmallState {
    const storage = state.storage.copy();
    storage.alarmAt = null;
    const { current, ...rest } = this.#start({ ...state, storage });
    const woken = current === null ? null : { ...current, alarmAt: null };
    return this.#turn({ ...rest, current: woken }, { type: "tick" }, "current");
  }

  /** The object's constructor, unless it is in memory. */
  #start(state: SmallState): SmallState {
    const { current, storage, wires, now } = state;
    if (current !== null) return state;
    const group = this.#cores.group.load(storage.load(), this.#policy);
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
    const event = { ...body, now: state.now, nonce: `n${state.nonces}` };
    const { state: group, effects, touched } = core.transition(object.group, event);
    const changes = core.rowChanges(object.group, group, touched);
    const moved = earlierAlarm(object.alarmAt, core.nextDeadline(group), state.now);
    const writes = changes.length > 0 || moved !== null;
    if (which === "stale" && writes) return endStale(state);
    const storage = writes ? state.storage.copy() : state.storage;
    storage.write({ rows: changes, settings: null, alarmAt: moved });
    const turned = {
      ...state,
      storage,
      nonces: state.nonces + 1,
      [which]: { group, alarmAt: moved ?? object.alarmAt },
    };
    return effects.reduce(perform, turned);
  }
}

function read(message: ClientMessage, nonces: number): readonly [Frame, number] {
  if (message.type !== "hello") return [{ type: "message", message }, nonces];
  const secret = `n${nonces}`;
  const presentedHash = message.resume === undefined ? null : hashOf(message.resume.secret);
  return [{ type: "hello", message, secret: { secret, hash: hashOf(secret) }, presentedHash }, nonces + 1];
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
  const drainMs = Math.min(input.type === "revoke" ? input.drainMs : Infinity, session?.drainMs ?? Infinity);
  const begun = effects.flatMap((effect) => {
    if (effect.type !== "revoke") return [];
    const { leaderSessionId } = effect;
    return effect.contenders.map((contender) => ({ contender, leaderSessionId, until: now + drainMs }));
  });
  const drains = [...client.drains, ...begun];
  const { leases, statements } = client;
  if (event.connection !== attempt) return { leases, statements, drains };
  if (input.type === "renewed" || input.type === "welcome") return { ...promised(client, input, now), drains };
  return { leases: input.type === "grant" ? granted(client, input) : leases, statements, drains };
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

/** What it states is remembered, from the moment when it leaves. */
function noted(state: SmallState, index: number, message: ClientMessage): SmallState {
  if (!("sentAt" in message) || message.sentAt === undefined) return state;
  const { sentAt } = message;
  const held = ("held" in message && message.held) || [];
  const before = message.type === "hello" ? [] : clientAt(state, index).statements;
  return withClient(state, index, { statements: [...before, { sentAt, at: localNow(state, index), held }] });
}

/** What a process does. */
function performUp(state: SmallState, index: number, effect: Effect): SmallState {
  switch (effect.type) {
    case "connect":
      return connect(abandon(state, index), index, effect.connection);
    case "disconnect":
      return abandon(state, index);
    case "send":
      return sendUp(noted(state, index, effect.message), index, { type: "frame", message: effect.message });
    case "ping":
      return sendUp(state, index, { type: "beat" });
    case "grant":
      return led(state, index, effect.epoch);
    default:
      return state;
  }
}

const TOLD: readonly Told[] = ["none", "client", "server", "both"];

const describe = (packet: Packet<ClientMessage | ServerMessage> | undefined): string =>
  packet?.type === "frame" ? packet.message.type : String(packet?.type);
