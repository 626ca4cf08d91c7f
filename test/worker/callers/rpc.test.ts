/** Contenders without a socket, through the binding of the groups and through the entrypoint for other Workers. */
import { createExecutionContext, evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import {
  type CampaignAnswer,
  type Elections,
  ElectionsEntrypoint,
  electionsOf,
  type PolledSession,
  type Refused,
} from "../../../worker/index.ts";
import { wrong } from "../../support/wrong.ts";
import {
  counted,
  electionOf,
  fireAlarm,
  freshGroup,
  join,
  LEASE_MS,
  objectOf,
  serviceWith,
  stopClock,
} from "../support.ts";

const policy = () => ({ leaseMs: LEASE_MS });
const X = [{ component: "dispatcher" }];

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

test("[E2] wrong arguments are refused with the field, and nothing happens", async () => {
  const service = electionsOf(env.ELECTIONS, { policy });
  const group = freshGroup();
  const campaign = { contenders: X, sentAt: 1 };
  await expect(service.campaign("..", campaign)).rejects.toThrow("the group must be");
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
