/** The conformance suite with contenders by RPC: a Durable Object for each process, in the real group's object's queue. */
import { env } from "cloudflare:workers";
import { createElectionClient } from "../../../client/index.ts";
import { electionsOf } from "../../../worker/index.ts";
import { type Driver, LONG_LEASE_MS, type Member } from "../../conformance/driver.ts";
import { conformance } from "../../conformance/suite.ts";
import { Relay } from "../client/relay.ts";
import { freshGroup, LEASE_MS, ORIGIN, objectOf, serverWith } from "../support.ts";
import { crash, RpcMember } from "./rpc-member.ts";

const TURN_MS = 10;

const byRpc: Driver = {
  name: "inside workerd, by RPC",
  lacks: {
    client: "it is a contender alone: nothing to open, and what it contends for is checked by tests of its own",
    onDisconnect: "no connection: between two calls there is nothing to lose",
  },
  // Polls renew, and they come soon however long the lease is.
  leaseMs: { "its end": LEASE_MS, renewals: LONG_LEASE_MS, nothing: LONG_LEASE_MS },
  async open(leaseMs, choice) {
    const policy = { leaseMs, ...choice };
    const elections = electionsOf(env.ELECTIONS, { policy: () => policy });
    const group = freshGroup("rpc-conformance");
    const members: RpcMember[] = [];
    const fetcher = new Relay(serverWith(policy));
    const watcher = createElectionClient({ url: ORIGIN, group, fetcher });
    const observe: Member["observe"] = (component, options) => watcher.observe(component, options);
    const surroundings = { group, elections, observe };
    return {
      turn: () => new Promise((resolve) => setTimeout(resolve, TURN_MS)),
      status: () => elections.status(group),
      // The objects of the contenders too.
      async restart() {
        await Promise.all([crash(objectOf(group)), ...members.map((member) => member.crash())]);
      },
      revoke(successor) {
        const order = successor?.sessionId === undefined ? {} : { successor: successor.sessionId };
        elections.revoke(group, "process", order).catch(() => {});
      },
      member(name, options = {}) {
        const member = new RpcMember(name, options, surroundings);
        members.push(member);
        return member;
      },
      async [Symbol.asyncDispose]() {
        await Promise.all([watcher.close(), ...members.map((member) => member.end())]);
      },
    };
  },
};

conformance(byRpc);
