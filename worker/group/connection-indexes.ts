/** What is known of connections beside themselves: by when each owes a hello, when its credentials end, when its caller is due. */
import type { Connection, GroupState } from "./state.ts";

type Indexes = Pick<GroupState, "connections" | "silent" | "expiring" | "polled">;

/** With one that is not there yet. */
export function withConnection(state: GroupState, connection: Connection): Indexes {
  const { id, sessionId, helloUntil, access, polling } = connection;
  const { connections, silent, expiring, polled } = state;
  return {
    connections: connections.set(id, connection),
    silent: sessionId === null ? silent.set({ at: helloUntil, name: id }, id) : silent,
    expiring: access.until === undefined ? expiring : expiring.set({ at: access.until, name: id }, id),
    polled: polling === undefined ? polled : polled.set({ at: polling.until, name: id }, id),
  };
}

/** Without it, as it is known. */
export function withoutConnection(state: GroupState, { id, helloUntil, access, polling }: Connection): Indexes {
  return {
    connections: state.connections.delete(id),
    silent: state.silent.delete({ at: helloUntil, name: id }),
    expiring: state.expiring.delete({ at: access.until ?? 0, name: id }),
    polled: state.polled.delete({ at: polling?.until ?? 0, name: id }),
  };
}
