/** The conformance suite with the shipped client inside workerd, connected through a fetcher to the real object. */
import { abortAllDurableObjects } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { createElectionClient } from "../../../client/index.ts";
import type { GroupStatus } from "../../../shared/protocol/status.ts";
import { createElectionApp } from "../../../worker/index.ts";
import { type Choice, clientMember, type Driver, LONG_LEASE_MS, type Member } from "../../conformance/driver.ts";
import { conformance } from "../../conformance/suite.ts";
import { ask, freshGroup, LEASE_MS, ORIGIN, pathOf, type Server, TOKEN, withToken } from "../support.ts";
import { Relay } from "./relay.ts";

const TURN_MS = 10;

function serverFor(leaseMs: number, choice?: Choice): Server {
  if (leaseMs === LEASE_MS && choice === undefined) return (request) => exports.default.fetch(request);
  const app = createElectionApp({ policy: () => ({ leaseMs, ...choice }) });
  return (request) => app.fetch(request, env);
}

const throughFetcher: Driver = {
  name: "inside workerd, through a fetcher",
  lacks: {},
  leaseMs: { "its end": LEASE_MS, renewals: LEASE_MS, nothing: LONG_LEASE_MS },
  async open(leaseMs, choice) {
    const server = serverFor(leaseMs, choice);
    const asAdmin = withToken(server);
    const group = freshGroup("conformance");
    const members: Member[] = [];
    return {
      turn: () => new Promise((resolve) => setTimeout(resolve, TURN_MS)),
      status: async () => (await ask<GroupStatus>("GET", pathOf(group), { server: asAdmin })).body,
      restart: () => abortAllDurableObjects(),
      revoke(successor) {
        const body = successor === undefined ? {} : { successor: successor.sessionId };
        ask("POST", pathOf(group, "/elections/process/revoke"), { server: asAdmin, body }).catch(() => {});
      },
      member(name, { address, metadata, ...options } = {}) {
        const relay = new Relay(server);
        const process = { name, ...(address !== undefined && { address }), ...(metadata && { metadata }) };
        const own = { url: ORIGIN, group, process, token: TOKEN, fetcher: relay };
        const client = createElectionClient({ ...options, ...own });
        const member = clientMember(name, client, relay);
        members.push(member);
        return member;
      },
      async [Symbol.asyncDispose]() {
        for (const member of members) member.heal();
        await Promise.all(members.map((member) => member.close()));
      },
    };
  },
};

conformance(throughFetcher);
