/** How the small world changes: its connections, and the ends of its objects. Each gives back a new world. */
import type { ClientMessage, ServerMessage } from "../../../shared/protocol/messages.ts";
import type { Packet } from "../../../testing/group/link.ts";
import type { Effect } from "../../../worker/group/events.ts";
import { demand } from "../../support/violation.ts";
import type { Budget, SmallClient, SmallState, Wire } from "./state.ts";

export const spend = (state: SmallState, what: Exclude<keyof Budget, "tickMs">): SmallState => ({
  ...state,
  budget: { ...state.budget, [what]: state.budget[what] - 1 },
});

export function clientAt({ clients }: SmallState, index: number): SmallClient {
  const client = clients[index];
  if (client === undefined) throw new Error(`there is no client ${index}`);
  return client;
}

export function wireAt({ wires }: SmallState, place: number): Wire {
  const wire = wires[place];
  if (wire === undefined) throw new Error(`there is no connection ${place}`);
  return wire;
}

export const withClient = (state: SmallState, index: number, change: Partial<SmallClient>): SmallState => ({
  ...state,
  clients: state.clients.with(index, { ...clientAt(state, index), ...change }),
});

export const withWire = (state: SmallState, place: number, change: Partial<Wire>): SmallState => ({
  ...state,
  wires: state.wires.with(place, { ...wireAt(state, place), ...change }),
});

// What a process does with its connection

export function connect(state: SmallState, client: number, attempt: number): SmallState {
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
  return withClient({ ...state, wires: [...state.wires, wire] }, client, { wire: state.wires.length });
}

export function abandon(state: SmallState, client: number): SmallState {
  const { wire: place } = clientAt(state, client);
  if (place === null) return state;
  const said = sendUp(state, client, { type: "close", code: 1000 });
  return withClient(withWire(said, place, { clientOpen: false, down: [] }), client, { wire: null });
}

export function sendUp(state: SmallState, client: number, packet: Packet<ClientMessage>): SmallState {
  const { wire: place } = clientAt(state, client);
  if (place === null) return state;
  const wire = wireAt(state, place);
  return wire.severed ? state : withWire(state, place, { up: [...wire.up, packet] });
}

export function sendDown(state: SmallState, place: number, packet: Packet<ServerMessage>): SmallState {
  const { clientOpen, severed, down } = wireAt(state, place);
  return clientOpen && !severed ? withWire(state, place, { down: [...down, packet] }) : state;
}

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
      const place = placeOf(state, effect.attachment.connection);
      return place === null ? state : withWire(state, place, { attachment: effect.attachment });
    }
    case "send": {
      const place = placeOf(state, effect.connection);
      return place === null ? state : sendDown(state, place, { type: "frame", message: effect.message });
    }
    case "close": {
      const place = placeOf(state, effect.connection);
      if (place === null) return state;
      const told = sendDown(state, place, { type: "close", code: effect.code });
      return withWire(told, place, { server: "none", severed: true, up: [] });
    }
  }
}

function placeOf({ wires }: SmallState, connection: string): number | null {
  const place = wires.findIndex(({ attachment, server }) => server !== "none" && attachment?.connection === connection);
  return place < 0 ? null : place;
}

// Faults

export type Told = "none" | "client" | "server" | "both";

/** The connection is lost with all that is on its way. */
export function lose(state: SmallState, place: number, told: Told): SmallState {
  const close = { type: "close", code: 1006 } as const;
  const up = told === "server" || told === "both" ? [close] : [];
  const down = told === "client" || told === "both" ? [close] : [];
  return withWire(state, place, { up, down, severed: true });
}

export const crash = (state: SmallState): SmallState => ({ ...state, wires: ended(state, "current"), current: null });

/** Another host takes over, and this object does not notice. */
export const replace = (state: SmallState): SmallState => ({
  ...state,
  wires: state.wires.map((wire) => (wire.server === "current" ? { ...wire, server: "stale" } : wire)),
  stale: state.current,
  current: null,
});

export const endStale = (state: SmallState): SmallState => ({ ...state, wires: ended(state, "stale"), stale: null });

const ended = ({ wires }: SmallState, server: "current" | "stale"): readonly Wire[] =>
  wires.map((wire) => (wire.server === server ? closed(wire) : wire));

const closed = (wire: Wire): Wire => ({
  ...wire,
  server: "none",
  severed: true,
  up: [],
  down: wire.clientOpen && !wire.severed ? [...wire.down, { type: "close", code: 1006 }] : wire.down,
});

/** A component is granted a term: a later one than any before, or the one that its process leads. */
export function led(state: SmallState, index: number, epoch: number): SmallState {
  const joins = epoch === state.ledEpoch && index === state.ledBy;
  demand(joins || epoch > state.ledEpoch, "S5", () => `epoch ${epoch} leads after ${state.ledEpoch}`);
  return { ...state, ledEpoch: epoch, ledBy: index };
}
