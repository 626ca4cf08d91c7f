/** The driver for the test group in memory: time is virtual, and every platform will do. */
import { createTestGroup } from "../../testing/index.ts";
import { clientMember, type Driver, LONG_LEASE_MS } from "./driver.ts";

const LEASE_MS = 2_000;
const TURN_MS = 5;

export const inMemory: Driver = {
  name: "in memory",
  lacks: {},
  leaseMs: { "its end": LEASE_MS, renewals: LEASE_MS, nothing: LONG_LEASE_MS },
  async open(leaseMs, choice) {
    const group = createTestGroup({ policy: { leaseMs, ...choice } });
    return {
      turn: () => group.advance(TURN_MS),
      status: async () => group.status(),
      restart: async () => group.restart(),
      revoke: (successor) => void group.revoke(successor === undefined ? {} : { successor: successor.client }),
      member(name, { address, metadata, ...options } = {}) {
        const process = { ...(address !== undefined && { address }), ...(metadata && { metadata }) };
        const client = group.client({ name, ...options, process });
        const faults = {
          cut: () => group.cut(client),
          partition: () => group.partition(client),
          heal: () => group.heal(client),
        };
        return clientMember(name, client, faults);
      },
      async [Symbol.asyncDispose]() {},
    };
  },
};
