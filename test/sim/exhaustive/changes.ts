/** How the small world changes: its connections, and the ends of its objects. Each gives back a new world. */
import type { ClientMessage, ServerMessage } from "../../../shared/protocol/messages.ts";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import type { Packet } from "../../../testing/group/link.ts";
import type { Effect } from "../../../worker/group/events.ts";
import { demand } from "../../support/violation.ts";
import type { Budget, SmallClient, SmallState, Wire } from "./state.ts";

export const spend = (state: SmallState, what: keyof Budget): SmallState => ({
  ...state,
  budget: { ...state.budget, [what]: state.budget[what] - 1 },
});

export function clientAt({ clients }: SmallState, index: number): SmallClient {
  const client = clients[index];
  if (client === undefined) throw new Error(`there is no client ${index}`);
  return client;
}

export const withClient = (state: SmallState, index: number, change: Partial<SmallClient>): SmallState => ({
  ...state,
  clients: state.clients.with(index, { ...clientAt(state, index), ...change }),
});

/** The connection of a process that it has now. */
export function wireOf({ wires, clients }: SmallState, index: number): Wire | null {
  const attempt = clients[index]?.attempt ?? null;
  return wires.find((wire) => wire.client === index && wire.attempt === attempt) ?? null;
}

/** Puts another connection in the place of this one; it is dropped when nothing of it can still matter. */
function withWire(state: SmallState, { client, attempt }: Wire, change: Partial<Wire>): SmallState {
  const place = state.wires.findIndex((wire) => wire.client === client && wire.attempt === attempt);
  const before = state.wires[place];
  if (before === undefined) return state;
  const wire = { ...before, ...change };
  return { ...state, wires: isFinished(wire) ? state.wires.toSpliced(place, 1) : state.wires.with(place, wire) };
}

const isFinished = ({ clientOpen, server, up }: Wire): boolean => server === "none" && up.length === 0 && !clientOpen;

/** The first packet has arrived. */
export const arrivedUp = (state: SmallState, wire: Wire): SmallState => withWire(state, wire, { up: wire.up.slice(1) });
export const arrivedDown = (state: SmallState, wire: Wire): SmallState =>
  withWire(state, wire, { down: wire.down.slice(1) });

/** The object has a socket from here on. */
export const accepted = (state: SmallState, wire: Wire, attachment: Wire["attachment"]): SmallState =>
  withWire(state, wire, { server: "current", attachment });

/** One side has read that it is over. */
export const closedUp = (state: SmallState, wire: Wire): SmallState =>
  withWire(state, wire, { server: "none", severed: true });
export function closedDown(state: SmallState, wire: Wire): SmallState {
  const closed = withWire(state, wire, { clientOpen: false, severed: true });
  const isOwn = clientAt(state, wire.client).attempt === wire.attempt;
  return isOwn ? withClient(closed, wire.client, { attempt: null }) : closed;
}

// What a process does with its connection

export function connect(state: SmallState, client: number, attempt: number): SmallState {
  if (state.wires.some((one) => one.client === client && one.attempt === attempt))
    return withClient(state, client, { attempt });
  const wire: Wire = {
    client,
    attempt,
    up: [{ type: "open" }],
    down: [],
    clientOpen: true,
    server: "none",
    severed: false,
    attachment: null,
  };
  const behind = state.wires.findIndex((other) => other.client > client);
  const wires = state.wires.toSpliced(behind < 0 ? state.wires.length : behind, 0, wire);
  return withClient({ ...state, wires }, client, { attempt });
}

export function abandon(state: SmallState, client: number, attempt: number): SmallState {
  const wire = state.wires.find((one) => one.client === client && one.attempt === attempt && one.clientOpen);
  if (wire === undefined) return state;
  const up = wire.severed ? wire.up : [...wire.up, { type: "close", code: 1000 } as const];
  const left = withWire(state, wire, { up, clientOpen: false, down: [] });
  return clientAt(state, client).attempt === attempt ? withClient(left, client, { attempt: null }) : left;
}

export function sendUp(state: SmallState, client: number, packet: Packet<ClientMessage>): SmallState {
  const wire = wireOf(state, client);
  return wire === null || wire.severed ? state : withWire(state, wire, { up: [...wire.up, packet] });
}

export const sendDown = (state: SmallState, wire: Wire, packet: Packet<ServerMessage>): SmallState =>
  wire.clientOpen && !wire.severed ? withWire(state, wire, { down: [...wire.down, packet] }) : state;

/** What the object does with its connections. */
export function perform(state: SmallState, effect: Effect): SmallState {
  switch (effect.type) {
    case "reply":
      return state;
    case "broadcast":
      return effect.connections.reduce(
        (next, connection) => perform(next, { type: "send", connection, message: effect.message }),
        state,
      );
    case "attach": {
      const wire = servedBy(state, effect.attachment.connection);
      return wire === null ? state : withWire(state, wire, { attachment: effect.attachment });
    }
    case "send": {
      const wire = servedBy(state, effect.connection);
      return wire === null ? state : sendDown(state, wire, { type: "frame", message: effect.message });
    }
    case "close": {
      const wire = servedBy(state, effect.connection);
      if (wire === null) return state;
      const told = sendDown(state, wire, { type: "close", code: effect.code });
      return withWire(told, wire, { server: "none", severed: true, up: [] });
    }
  }
}

const servedBy = ({ wires }: SmallState, connection: string): Wire | null =>
  wires.find(({ attachment, server }) => server !== "none" && attachment?.connection === connection) ?? null;

// Faults

export type Told = "none" | "client" | "server" | "both";

/** The connection is lost with all that is on its way. */
export function lose(state: SmallState, wire: Wire, told: Told): SmallState {
  const close = { type: "close", code: 1006 } as const;
  const up = told === "server" || told === "both" ? [close] : [];
  const down = told === "client" || told === "both" ? [close] : [];
  return withWire(state, wire, { up, down, severed: true });
}

export const crash = (state: SmallState): SmallState => ({ ...ended(state, "current"), current: null });

/** Another host takes over, and this object does not notice. */
export const replace = (state: SmallState): SmallState => ({
  ...state,
  wires: state.wires.map((wire) => (wire.server === "current" ? { ...wire, server: "stale" } : wire)),
  stale: state.current,
  current: null,
});

export const endStale = (state: SmallState): SmallState => ({ ...ended(state, "stale"), stale: null });

function ended(state: SmallState, server: "current" | "stale"): SmallState {
  const own = state.wires.filter((wire) => wire.server === server);
  return own.reduce((next, wire) => {
    const told = sendDown(next, wire, { type: "close", code: 1006 });
    return withWire(told, wire, { server: "none", severed: true, up: [] });
  }, state);
}

/** A component is granted a term: a later one than any before, or the one that its process leads. */
export function lead(state: SmallState, index: number, election: ElectionName, epoch: number): SmallState {
  const { epoch: last, by } = state.led[election] ?? { epoch: 0, by: index };
  const joins = epoch === last && index === by;
  demand(joins || epoch > last, "S5", () => `epoch ${epoch} leads ${election} after ${last}`);
  return joins ? state : { ...state, led: { ...state.led, [election]: { epoch, by: index } } };
}
