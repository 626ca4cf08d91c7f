/** The driver for sockets from Node to a real backend, each client behind a proxy that can fail. */
import { createElectionClient } from "../../client/node/index.ts";
import { statusOf } from "../../tools/harness/backend-answers.ts";
import { type FaultyProxy, startProxy } from "../../tools/harness/proxy.ts";
import { clientMember, type Driver, LONG_LEASE_MS, type Member } from "./driver.ts";

/** Where a lease is to end, and where none is while a busy machine stands still. */
const SHORT_LEASE_MS = 5_000;
const RENEWED_LEASE_MS = 10_000;
const TURN_MS = 10;
const PROXIES = 5;

export interface SocketBackend {
  readonly url: string;
  /** Ends the object of this group, and lets it come back. */
  restart(group: string): Promise<void>;
}

/** `start`: called once for each D, and each choice of a deployment. `settings`: further variables of the Worker. */
export function overSockets(
  name: string,
  start: (leaseMs: number, settings: Readonly<Record<string, string>>) => Promise<SocketBackend>,
): Driver {
  const backends = new Map<string, Promise<SocketBackend>>();
  let groups = 0;
  return {
    name,
    lacks: {},
    sideBySide: true,
    leaseMs: { "its end": SHORT_LEASE_MS, renewals: RENEWED_LEASE_MS, nothing: LONG_LEASE_MS },
    async open(leaseMs, { prefer, spread } = {}) {
      const settings = {
        ...(prefer !== undefined && { PREFER: `${prefer.order} ${prefer.metadata}` }),
        ...(spread !== undefined && { SPREAD: String(spread) }),
      };
      const key = JSON.stringify([leaseMs, settings]);
      const starting = backends.get(key) ?? start(leaseMs, settings);
      backends.set(key, starting);
      const backend = await starting;
      groups += 1;
      const group = `conformance-${groups}`;
      const path = `${backend.url}/v1/groups/${group}`;
      const members: Member[] = [];
      const proxies: FaultyProxy[] = [];
      // Members are made without waiting: there are as many proxies as any test needs.
      for (let count = 0; count < PROXIES; count++) proxies.push(await startProxy(Number(new URL(backend.url).port)));
      return {
        turn: () => new Promise((resolve) => setTimeout(resolve, TURN_MS)),
        status: () => statusOf(backend.url, group),
        restart: () => backend.restart(group),
        revoke(successor) {
          const body = JSON.stringify(successor === undefined ? {} : { successor: successor.sessionId });
          const headers = { "content-type": "application/json" };
          fetch(`${path}/elections/process/revoke`, { method: "POST", headers, body }).catch(() => {});
        },
        member(name, { address, metadata, ...options } = {}) {
          const proxy = proxies[members.length];
          if (proxy === undefined) throw new Error(`more than ${PROXIES} members in a test`);
          const process = { name, ...(address !== undefined && { address }), ...(metadata && { metadata }) };
          const client = createElectionClient({ ...options, url: proxy.url, group, process, signals: false });
          const faults = {
            cut: () => proxy.reset(),
            partition: () => proxy.partition("up", "down"),
            heal: () => proxy.heal(),
          };
          const member = clientMember(name, client, faults);
          members.push(member);
          return member;
        },
        async [Symbol.asyncDispose]() {
          for (const member of members) member.heal();
          await Promise.all(members.map((member) => member.close()));
          await Promise.all(proxies.map((proxy) => proxy.close()));
        },
      };
    },
  };
}
