/** Contenders without a socket, through the binding of the groups and through the entrypoint for other Workers. */
import { createExecutionContext, evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { electionsAt } from "../../../worker/callers/remote-elections.ts";
import { policyIfReadable, policyIfSet } from "../../../worker/http/env-policy.ts";
import {
  type CampaignAnswer,
  type Elections,
  ElectionsEntrypoint,
  electionsOf,
  type PolledSession,
  type Refused,
  runIfLeader,
} from "../../../worker/index.ts";
import { wrong } from "../../support/wrong.ts";
import { isTouched } from "../http/routes.ts";
import {
  ask,
  counted,
  electionOf,
  errorOf,
  fireAlarm,
  freshGroup,
  join,
  LEASE_MS,
  ORIGIN,
  objectOf,
  pathOf,
  type Server,
  serverWith,
  serviceWith,
  stopClock,
  TOKEN,
} from "../support.ts";

const policy = () => ({ leaseMs: LEASE_MS });
const X = [{ component: "dispatcher" }];

const fetcherOf = (server: Server) => ({
  fetch: async (url: string, init: RequestInit) => server(new Request(url, init)),
});

/** A caller that does as the contract says: one call after the other, `attempt` growing. */
class Caller {
  readonly elections: Elections;
  readonly group: string;
  last: CampaignAnswer | null = null;
  #attempt = 0;
  #sentAt = 0;

  constructor(elections: Elections, group: string) {
    this.elections = elections;
    this.group = group;
  }

  session(): PolledSession {
    this.#attempt += 1;
    if (this.last === null) throw new Error("there is no session yet");
    return { sessionId: this.last.sessionId, secret: this.last.secret, attempt: this.#attempt };
  }

  held(): string[] {
    return (this.last?.leaderships ?? []).map(({ leaderSessionId }) => leaderSessionId);
  }

  async campaign(held = this.held()): Promise<CampaignAnswer> {
    this.#sentAt += 1;
    const session = this.last === null ? {} : { session: this.session() };
    return this.#take(
      await this.elections.campaign(this.group, { ...session, contenders: X, held, sentAt: this.#sentAt }),
    );
  }

  async renew(): Promise<CampaignAnswer> {
    this.#sentAt += 1;
    const renewal = { session: this.session(), held: this.held(), sentAt: this.#sentAt };
    return this.#take(await this.elections.renew(this.group, renewal));
  }

  #take(answer: CampaignAnswer | Refused): CampaignAnswer {
    if (answer.type === "refused") throw new Error(answer.code);
    expect(answer.sentAt).toBe(this.#sentAt);
    this.last = answer;
    return answer;
  }
}

const ways: readonly (readonly [string, () => Elections])[] = [
  ["the binding of the groups", () => electionsOf(env.ELECTIONS, { policy })],
  ["the entrypoint of a service binding", () => serviceWith()],
  [
    "the address of a deployment",
    () => electionsAt({ url: ORIGIN, token: TOKEN, fetcher: fetcherOf(serverWith(policy())) }),
  ],
];

describe.each(ways)("by %s", (_name, elections) => {
  test("[S1] [Q1] a caller and a socket session take turns in one queue, with common epochs", async () => {
    const group = freshGroup();
    const caller = new Caller(elections(), group);
    const [first] = (await caller.campaign()).leaderships;
    const { client, welcome } = await join(group);
    expect(await electionOf(group)).toMatchObject({
      state: "leading",
      leader: { leaderSessionId: first?.leaderSessionId },
      candidates: [{ sessionId: welcome.sessionId }],
    });
    const [leaderSessionId = ""] = caller.held();
    const released = await caller.elections.release(group, { session: caller.session(), leaderSessionId });
    expect(released).toEqual({ type: "released" });
    const grant = await client.win();
    expect(grant.epoch).toBeGreaterThan(first?.epoch ?? Infinity);
    expect((await caller.campaign([])).leaderships).toEqual([]);
    client.send({ type: "resign", leaderSessionId: grant.leaderSessionId });
    await client.settle();
    const [second] = (await caller.campaign()).leaderships;
    expect(second?.epoch).toBeGreaterThan(grant.epoch);
  });

  test("[K1] [K2] confirms are seen by everybody; looking up and fencing work", async () => {
    const group = freshGroup();
    const caller = new Caller(elections(), group);
    const [held] = (await caller.campaign()).leaderships;
    const { leaderSessionId = "", epoch = 0 } = held ?? {};
    const confirmation = { session: caller.session(), component: "dispatcher", leaderSessionId, address: "here" };
    expect(await caller.elections.confirm(group, confirmation)).toEqual({ type: "confirmed" });
    expect(await caller.elections.getLeader(group, "dispatcher")).toMatchObject({ address: "here", epoch });
    const question = { component: "dispatcher", leaderSessionId, epoch };
    expect(await caller.elections.checkFence(group, question)).toMatchObject({ current: true });
    await caller.elections.release(group, { session: caller.session() });
    expect(await caller.elections.checkFence(group, question)).toMatchObject({ current: false });
    expect(await caller.elections.history(group, 1)).toMatchObject([{ epoch, reason: "closed" }]);
    const late = { ...confirmation, session: caller.session() };
    expect(await caller.elections.confirm(group, late)).toMatchObject({ type: "refused", code: "unknown_session" });
  });

  test("[C6] [S10] a revoke comes with the next call, and waits for the release", async () => {
    const group = freshGroup();
    const caller = new Caller(elections(), group);
    await caller.campaign();
    const revoked = caller.elections.revoke(group, "process", { reason: "by hand", successor: "nobody" });
    // Two requests over HTTP have no order.
    await expect.poll(async () => (await electionOf(group))?.state).toBe("revoking");
    const [told] = (await caller.renew()).leaderships;
    expect(told?.revoked).toMatchObject({ reason: "transferred" });
    const [leaderSessionId = ""] = caller.held();
    await caller.elections.release(group, { session: caller.session(), leaderSessionId });
    expect(await revoked).toMatchObject({ type: "revoked", to: null, passedOver: "nobody" });
    expect(await caller.elections.revoke(group, "process")).toMatchObject({ type: "not_led" });
  });
});

test("[S3] [N5] the group's object is evicted between two calls: same term, and the session goes on", async () => {
  const group = freshGroup();
  const caller = new Caller(electionsOf(env.ELECTIONS, { policy }), group);
  const [before] = (await caller.campaign()).leaderships;
  await evictDurableObject(objectOf(group));
  const answer = await caller.campaign();
  expect(answer).toMatchObject({ resumed: true, leaderships: [{ leaderSessionId: before?.leaderSessionId }] });
  await evictDurableObject(objectOf(group));
  expect(await caller.renew()).toMatchObject({ leaderships: [{ leaderSessionId: before?.leaderSessionId }] });
});

test("[S3] renewals below the horizon write nothing", async () => {
  const group = freshGroup();
  stopClock();
  const caller = new Caller(electionsOf(env.ELECTIONS, { policy }), group);
  await caller.campaign();
  const { rowsWritten } = await counted(group, async () => {
    for (let call = 0; call < 10; call += 1) await caller.renew();
  });
  expect(rowsWritten).toBe(0);
});

test("[S2] a caller that has gone silent is replaced once its lease is over, by the platform's alarm", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const caller = new Caller(electionsOf(env.ELECTIONS, { policy }), group);
  await caller.campaign();
  const { client } = await join(group);
  pass(LEASE_MS - 1);
  await fireAlarm(group);
  expect(await client.settle()).toEqual([]);
  pass(1);
  await fireAlarm(group);
  await client.win();
});

test("[E18] the variables of the Worker count for calls by the binding of the groups, by the entrypoint, and by a stub", async () => {
  for (const elections of [electionsOf(env.ELECTIONS), serviceWith()]) {
    const answer = await new Caller(elections, freshGroup()).campaign();
    expect(answer.lease.durationMs).toBe(LEASE_MS);
  }
  const group = freshGroup();
  const direct = { server: (request: Request) => objectOf(group).fetch(request) };
  expect((await join(group, {}, direct)).welcome.lease.durationMs).toBe(LEASE_MS);
});

test("[E18] settings that somebody has set stay where a caller brings none", async () => {
  const group = freshGroup();
  const chosen = electionsOf(env.ELECTIONS, { policy: () => ({ leaseMs: 3_000 }) });
  expect((await new Caller(chosen, group).campaign()).lease.durationMs).toBe(3_000);
  const direct = { server: (request: Request) => objectOf(group).fetch(request) };
  for (const _ of ["the same incarnation", "the next one"]) {
    expect((await join(group, {}, direct)).welcome.lease.durationMs).toBe(3_000);
    await evictDurableObject(objectOf(group));
  }
  expect([policyIfSet({}), policyIfSet({ LEASE_MS: "" })]).toEqual([undefined, undefined]);
  // Variables that can't be read keep no object from waking up.
  expect(() => policyIfSet({ LIMITS: "{" })).toThrow("LIMITS is no JSON object");
  expect(policyIfReadable({ LIMITS: "{" })).toBeUndefined();
});

test("[E2] wrong arguments are refused with the field, and nothing happens", async () => {
  const service = electionsOf(env.ELECTIONS, { policy });
  const group = freshGroup();
  const campaign = { contenders: X, sentAt: 1 };
  await expect(service.campaign("..", campaign)).rejects.toThrow("group must be");
  await expect(service.campaign(group, { ...campaign, priority: Number.NaN })).rejects.toThrow("priority must be");
  await expect(service.campaign(group, { ...campaign, contenders: [{ component: "" }] })).rejects.toThrow(
    "contenders[0].component must be",
  );
  await expect(service.history(group, 0)).rejects.toThrow("limit must be");
  expect(await service.status(group)).toMatchObject({ sessions: 0, elections: [] });
});

test("the sessions of a binding's subject are counted as those of a token's", async () => {
  const group = freshGroup();
  const limited = () => ({ leaseMs: LEASE_MS, limits: { sessionsPerSubject: 1 } });
  const of = (subject: string) => electionsOf(env.ELECTIONS, { policy: limited, access: { role: "contend", subject } });
  const campaign = (elections: Elections) => elections.campaign(group, { contenders: X, sentAt: 1 });

  expect(await campaign(of("one"))).toMatchObject({ type: "polled" });
  expect(await campaign(of("one"))).toMatchObject({ type: "refused", code: "limit_exceeded" });
  expect(await campaign(of("other"))).toMatchObject({ type: "polled" });
});

test("[E2] props with an unknown name give nothing: a misspelt name would give everything", async () => {
  const group = freshGroup();
  for (const props of [{ group: ["other"] }, { component: ["other"] }, { roles: "observe" }]) {
    const service = new ElectionsEntrypoint(wrong(Object.assign(createExecutionContext(), { props })), wrong(env));
    await expect(service.status(group)).rejects.toThrow("is unknown: the options are role");
    await expect(service.campaign(group, wrong({}))).rejects.toThrow("is unknown: the options are role");
  }
  expect(() => electionsOf(env.ELECTIONS, wrong({ acess: { role: "observe" } }))).toThrow("acess is unknown");
  expect(() => electionsOf(env.ELECTIONS, { access: wrong({ role: "observe", component: [] }) })).toThrow("component");
});

test("[E2] the rights of a binding are in its props", async () => {
  const group = freshGroup();
  const campaign = { contenders: X, sentAt: 1 };
  expect(await serviceWith({ role: "observe" }).campaign(group, campaign)).toMatchObject({ code: "forbidden" });
  expect(await serviceWith({ role: "contend" }).revoke(group, "process")).toMatchObject({ code: "forbidden" });
  const limited = serviceWith({ role: "contend", components: ["other"] });
  expect(await limited.campaign(group, campaign)).toMatchObject({ leaderships: [], refused: [{ code: "forbidden" }] });
  // A rejection of a call over RPC counts as unhandled on its far side: this one is called here.
  const context = Object.assign(createExecutionContext(), { props: { groups: ["other-*"] } });
  await expect(new ElectionsEntrypoint(context, env).status(group)).rejects.toThrow("not for this group");
});

// Over HTTP

const refusing = (status: number, code: string) => ({
  fetch: async () => Response.json({ error: { code, message: "as the test says" } }, { status }),
});

test("[PC8] over HTTP a refusal of the group is an answer, as by RPC, and whatever may pass is an error that says so", async () => {
  const group = freshGroup();
  const at = (fetcher: { fetch: () => Promise<Response> }, token: string | (() => string) = "t") =>
    electionsAt({ url: ORIGIN, token, fetcher }).campaign(group, { contenders: X, sentAt: 1 });
  expect(await at(refusing(403, "forbidden"))).toEqual({
    type: "refused",
    code: "forbidden",
    message: "as the test says",
  });
  expect(await at(refusing(401, "unauthorized"))).toMatchObject({ type: "refused", code: "unauthorized" });
  await expect(at(refusing(401, "unauthorized"), () => "t")).rejects.toMatchObject({ retryable: true });
  await expect(at(refusing(429, "too_many"))).rejects.toMatchObject({ code: "too_many", retryable: true });
  await expect(at(refusing(503, "unavailable"))).rejects.toMatchObject({ code: "unavailable", retryable: true });
  await expect(at({ fetch: async () => new Response("hello") })).rejects.toThrow("no deployment is there");
  await expect(at({ fetch: () => Promise.reject(new Error("no route to host")) })).rejects.toMatchObject({
    code: "connection_failed",
  });
});

test("[PC8] a repeated call over HTTP, and one without a session, are refused and change nothing", async () => {
  const group = freshGroup();
  const caller = new Caller(
    electionsAt({ url: ORIGIN, token: TOKEN, fetcher: fetcherOf(serverWith(policy())) }),
    group,
  );
  await caller.campaign();
  const proof = caller.session();
  const renewal = { session: proof, held: caller.held(), sentAt: 5 };
  expect(await caller.elections.renew(group, renewal)).toMatchObject({ type: "polled" });
  const { rowsWritten } = await counted(group, async () => {
    expect(await caller.elections.renew(group, renewal)).toMatchObject({ type: "refused", code: "superseded" });
    const foreign = { session: { ...proof, secret: "guessed" } };
    expect(await caller.elections.release(group, foreign)).toMatchObject({ code: "unknown_session" });
  });
  expect(rowsWritten).toBe(0);
  expect((await caller.renew()).leaderships).toHaveLength(1);
});

test("[PC8] what a call over HTTP may not say is refused before the group's object is touched", async () => {
  const group = freshGroup();
  const post = (path: string, body: unknown) => ask("POST", pathOf(group, `/contenders/${path}`), { body });
  const long = { contenders: [{ component: "x".repeat(129) }], sentAt: 1 };
  expect(errorOf(await post("campaign", long))).toMatchObject({ status: 400, code: "invalid_argument" });
  expect(errorOf(await post("campaign", { ...long, note: "x".repeat(131_072) }))).toMatchObject({ code: "too_large" });
  expect(errorOf(await post("renew", { held: [] })).message).toContain("session");
  expect(await isTouched(group)).toBe(false);
});

test("[PC8] [PC3] runIfLeader runs by the address of a deployment, and says what is wrong with it", async () => {
  const group = freshGroup();
  const deployment = { url: ORIGIN, token: TOKEN, fetcher: fetcherOf(serverWith(policy())) };
  const options = { group, component: "nightly" };
  const result = await runIfLeader(deployment, options, ({ isLeader }) => isLeader());
  expect(result).toEqual({ ran: true, value: true });
  expect(await electionsAt(deployment).history(group, 1)).toMatchObject([{ confirmed: [{ component: "nightly" }] }]);
  await expect(runIfLeader({ ...deployment, url: "localhost:8787" }, options, () => 1)).rejects.toThrow("url must");
  await expect(runIfLeader({ ...deployment, token: "two words" }, options, () => 1)).rejects.toThrow("token must be");
  const refused = runIfLeader({ ...deployment, fetcher: refusing(403, "forbidden") }, options, () => 1);
  await expect(refused).rejects.toMatchObject({ code: "forbidden", retryable: false });
});
