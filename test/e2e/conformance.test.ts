/** The conformance suite against the real backend: sockets from Node, each client behind a proxy that can fail. */

import { afterAll } from "vitest";
import { createElectionClient } from "../../client/node/index.ts";
import { type LocalBackend, startLocalBackend } from "../../testing/index.ts";
import { statusOf } from "../../tools/harness/backend-answers.ts";
import { clientMember, type Driver, LONG_LEASE_MS, type Member } from "../conformance/driver.ts";
import { conformance } from "../conformance/suite.ts";
import { type FaultyProxy, startProxy } from "../support/proxy.ts";

const LEASE_MS = 3_000;
const TURN_MS = 10;

/** By their D. */
const backends = new Map<number, LocalBackend>();
let groups = 0;

async function backendFor(leaseMs: number): Promise<LocalBackend> {
  const backend = backends.get(leaseMs) ?? (await startLocalBackend({ leaseMs }));
  backends.set(leaseMs, backend);
  return backend;
}
afterAll(() => Promise.all([...backends.values()].map((backend) => backend.stop())));

const overSockets: Driver = {
  name: "over sockets from Node",
  lacks: {},
  leaseMs: { "its end": LEASE_MS, renewals: LEASE_MS, nothing: LONG_LEASE_MS },
  async open(leaseMs) {
    const backend = await backendFor(leaseMs);
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
      restart: () => backend.restart(),
      revoke(successor) {
        const body = JSON.stringify(successor === undefined ? {} : { successor: successor.sessionId });
        const headers = { "content-type": "application/json" };
        fetch(`${path}/elections/process/revoke`, { method: "POST", headers, body }).catch(() => {});
      },
      member(name, { address, ...options } = {}) {
        const proxy = proxies[members.length];
        if (proxy === undefined) throw new Error(`more than ${PROXIES} members in a test`);
        const process = { name, ...(address !== undefined && { address }) };
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

const PROXIES = 5;

conformance(overSockets);
