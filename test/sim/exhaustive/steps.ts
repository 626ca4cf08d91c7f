/** What may happen next in the small world: every delivery, every timer that is due, every fault that is left. */
import type { Input } from "../../../client/session/events.ts";
import type { ClientMessage, ServerMessage } from "../../../shared/messages.ts";
import type { Attachment, EventBody, Frame } from "../../../worker/group/events.ts";
import type { Policy } from "../../../worker/group/policy.ts";
import type { GroupState } from "../../../worker/group/state.ts";
import type { Cores } from "../cores.ts";
import { hashOf } from "../world/incarnation.ts";
import type { Packet } from "../world/link.ts";
import { Storage } from "../world/storage.ts";
import { demand } from "../world/violation.ts";
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
import { type Budget, localNow, type SmallClient, type SmallState, START, TICK_MS } from "./state.ts";

export interface Step {
  readonly label: string;
  readonly take: () => SmallState;
}

export class SmallWorld {
  readonly #cores: Cores;
  readonly #policy: Policy;

  constructor(cores: Cores) {
    this.#cores = cores;
    this.#policy = cores.group.createPolicy({ leaseMs: 2_000, drainMs: 500 });
  }

  begin(budget: Budget): SmallState {
    const client = (name: string): SmallClient => ({
      state: this.#cores.client.initialState({
        process: { name },
        priority: 0,
        onDisconnect: "keep",
        drainMs: Infinity,
        lingerMs: 0,
      }),
      wire: null,
      draining: false,
    });
    const state: SmallState = {
      now: START,
      clients: [client("A"), client("B")],
      wires: [],
      group: null,
      stale: null,
      storage: new Storage(),
      alarmAt: null,
      nonces: 0,
      ledEpoch: 0,
      budget,
    };
    const register = { type: "register", contender: 1, info: { component: "x" } } as const;
    return this.#settleDown(this.#tell(this.#settleDown(this.#tell(state, 0, register)), 1, register));
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
      if (client.draining) yield { label: `settle ${index}`, take: () => this.#settle(state, index) };
    }
    const { alarmAt } = state.storage;
    if (alarmAt !== null && alarmAt <= state.now) yield { label: "alarm", take: () => this.#alarm(state) };
    if (state.budget.ticks > 0)
      yield { label: "tick", take: () => ({ ...spend(state, "ticks"), now: state.now + TICK_MS }) };
  }

  *#faults(state: SmallState): Generator<Step> {
    const { budget, clients, group, stale } = state;
    for (const [index, { wire, state: session }] of clients.entries()) {
      if (wire !== null && budget.losses > 0) {
        for (const told of ["client", "server", "both"] as const) {
          yield { label: `lose ${index} ${told}`, take: () => lose(spend(state, "losses"), wire, told) };
        }
      }
      const term = session.terms.find(({ stage }) => stage === "leading");
      if (term !== undefined && budget.resigns > 0) {
        const { leaderSessionId } = term;
        yield {
          label: `resign ${index}`,
          take: () => this.#tell(spend(state, "resigns"), index, { type: "resign", leaderSessionId }),
        };
      }
    }
    if (group === null) return;
    if (budget.crashes > 0) yield { label: "crash", take: () => crash(spend(state, "crashes")) };
    if (budget.hibernations > 0)
      yield { label: "hibernate", take: () => this.#start({ ...spend(state, "hibernations"), group: null }) };
    if (budget.replacements > 0 && stale === null)
      yield { label: "replace", take: () => replace(spend(state, "replacements")) };
    if (budget.revokes > 0) {
      const revoke = { type: "revoke", request: "r", election: "process", successor: null, note: null } as const;
      yield { label: "revoke", take: () => this.#turn(spend(state, "revokes"), revoke, "current") };
    }
  }

  // Processes

  #tell(state: SmallState, index: number, input: Input, attempt?: number): SmallState {
    const client = state.clients[index];
    if (client === undefined) return state;
    const now = localNow(state, index);
    const connection = attempt ?? client.state.attempt;
    const next = this.#cores.client.transition(client.state, { input, connection, now, random: 0 });
    let result = withClient(state, index, { ...client, state: next.state });
    for (const effect of next.effects) {
      if (effect.type === "connect") result = connect(abandon(result, index), index, effect.connection);
      else if (effect.type === "disconnect") result = abandon(result, index);
      else if (effect.type === "send") result = sendUp(result, index, { type: "frame", message: effect.message });
      else if (effect.type === "ping") result = sendUp(result, index, { type: "beat" });
      else if (effect.type === "revoke")
        result = withClient(result, index, { ...clientAt(result, index), draining: true });
      else if (effect.type === "grant") result = led(result, effect.epoch);
    }
    return result;
  }

  #settle(state: SmallState, index: number): SmallState {
    const settled = withClient(state, index, { ...clientAt(state, index), draining: false });
    return this.#tell(settled, index, { type: "settled", contender: 1 });
  }

  #arriveDown(state: SmallState, place: number): SmallState {
    const wire = wireAt(state, place);
    const [packet, ...down] = wire.down;
    const rest = withWire(state, place, { ...wire, down, ...(packet?.type === "close" && { clientOpen: false }) });
    if (packet === undefined) return rest;
    const { client, attempt } = wire;
    switch (packet.type) {
      case "open":
        return this.#tell(rest, client, { type: "opened" }, attempt);
      case "beat":
        return this.#tell(rest, client, { type: "pong" }, attempt);
      case "frame":
        return this.#tell(rest, client, packet.message, attempt);
      case "close": {
        const current = clientAt(rest, client);
        const gone = current.wire === place ? withClient(rest, client, { ...current, wire: null }) : rest;
        return this.#tell(gone, client, { type: "lost", code: packet.code }, attempt);
      }
    }
  }

  // The object

  #arriveUp(state: SmallState, place: number): SmallState {
    const wire = wireAt(state, place);
    const [packet, ...up] = wire.up;
    const rest = withWire(state, place, { ...wire, up });
    if (packet === undefined) return rest;
    if (packet.type === "open") return this.#accept(this.#start(rest), place);
    if (wire.server === "none") return rest;
    if (packet.type === "beat") return sendDown(rest, place, { type: "beat" });
    const connection = wire.attachment?.connection ?? "";
    if (packet.type === "close") {
      const closed = withWire(rest, place, { ...wireAt(rest, place), server: "none" });
      return this.#turn(closed, { type: "disconnect", connection }, wire.server);
    }
    const [frame, nonces] = read(packet.message, state.nonces);
    return this.#turn({ ...rest, nonces }, { type: "frame", connection, frame }, wire.server);
  }

  #accept(state: SmallState, place: number): SmallState {
    const connection = `n${state.nonces}`;
    const attachment: Attachment = { connection, connectedAt: state.now, sessionId: null, leases: [] };
    const accepted: Wire = { ...wireAt(state, place), server: "current", attachment };
    const bound = withWire({ ...state, nonces: state.nonces + 1 }, place, accepted);
    return sendDown(this.#turn(bound, { type: "connect", connection }, "current"), place, { type: "open" });
  }

  #alarm(state: SmallState): SmallState {
    const storage = state.storage.copy();
    storage.alarmAt = null;
    const started = this.#start({ ...state, storage });
    return this.#turn({ ...started, alarmAt: null }, { type: "tick" }, "current");
  }

  /** The object's constructor, unless it is in memory. */
  #start(state: SmallState): SmallState {
    if (state.group !== null) return state;
    const group = this.#cores.group.load(state.storage.load(), this.#policy);
    const { alarmAt } = state.storage;
    const known = alarmAt !== null && alarmAt > state.now ? alarmAt : null;
    const attachments = state.wires.flatMap(({ server, attachment }) =>
      server === "current" && attachment ? [attachment] : [],
    );
    return this.#turn({ ...state, group, alarmAt: known }, { type: "start", attachments }, "current");
  }

  /** One turn of the current object or of the replaced one, whose first write fails. */
  #turn(state: SmallState, body: EventBody, server: "current" | "stale"): SmallState {
    const before = server === "current" ? state.group : state.stale;
    if (before === null) return state;
    const { group: core } = this.#cores;
    const event = { ...body, now: state.now, nonce: `n${state.nonces}` };
    const { state: after, effects, touched } = core.transition(before, event);
    const changes = core.rowChanges(before, after, touched);
    const deadline = core.nextDeadline(after);
    const kept = state.alarmAt !== null && state.alarmAt > state.now && deadline !== null && state.alarmAt <= deadline;
    const moved = deadline === null || kept ? null : deadline;
    if (server === "stale" && (changes.length > 0 || moved !== null)) return endStale(state);
    const storage = changes.length > 0 || moved !== null ? state.storage.copy() : state.storage;
    storage.write(changes);
    if (moved !== null) storage.alarmAt = moved;
    const turned = { ...state, storage, nonces: state.nonces + 1, alarmAt: moved ?? state.alarmAt };
    return effects.reduce(perform, server === "current" ? { ...turned, group: after } : { ...turned, stale: after });
  }

  // What must hold

  judge(state: SmallState): void {
    const holders = state.clients.flatMap(({ state: session }, index) => {
      const now = localNow(state, index);
      const held = session.terms.some(
        ({ stage, leaseUntil, leaderSessionId }) =>
          stage !== "offered" &&
          leaseUntil > now &&
          session.contenders.some((contender) => contender.leaderSessionId === leaderSessionId),
      );
      return held ? [index] : [];
    });
    demand(holders.length < 2, "I1", () => "both hold the election");
    if (state.group !== null) this.#judgeGroup(state.group, state);
  }

  #judgeGroup(group: GroupState, { storage, wires }: SmallState): void {
    for (const { state } of group.elections.values()) {
      if (!("horizon" in state)) continue;
      demand(state.leaseUntil <= state.horizon + 1_000, "S3", () => "a lease reaches beyond its horizon");
      const row = storage.election("process")?.state;
      demand(row?.type === state.type, "S3", () => "storage does not know who holds the election");
    }
    const sockets = wires.filter(({ server }) => server === "current").length;
    demand(group.connections.size === sockets, "size", () => "the group counts connections that are not there");
  }
}

function read(message: ClientMessage, nonces: number): readonly [Frame, number] {
  if (message.type !== "hello") return [{ type: "message", message }, nonces];
  const secret = `n${nonces}`;
  const presentedHash = message.resume === undefined ? null : hashOf(message.resume.secret);
  return [{ type: "hello", message, secret: { secret, hash: hashOf(secret) }, presentedHash }, nonces + 1];
}

const describe = (packet: Packet<ClientMessage | ServerMessage> | undefined): string =>
  packet?.type === "frame" ? packet.message.type : String(packet?.type);
