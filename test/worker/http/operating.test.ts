/** Stepping down by order: what the operator, the holder, the observers and the next one see. */
import { expect, test } from "vitest";
import {
  type Answer,
  ASK_TIMEOUT_MS,
  ask,
  electionOf,
  errorOf,
  fireAlarm,
  freshGroup,
  join,
  LEASE_MS,
  objectOf,
  pathOf,
  serverWith,
  stopClock,
} from "../support.ts";

interface Order {
  readonly answer: Promise<Answer>;
  /** Whether the answer has come. */
  isAnswered(): boolean;
}

function revoke(group: string, body: object = {}, election = "process"): Order {
  let answered = false;
  const answer = ask("POST", pathOf(group, `/elections/${encodeURIComponent(election)}/revoke`), { body });
  const isAnswered = () => answered;
  return {
    answer: answer.finally(() => {
      answered = true;
    }),
    isAnswered,
  };
}

test("[C6] [S10] a revoke waits for the end of the term and for the next acceptance", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const [leader, next] = [await join(group), await join(group)];
  const { leaderSessionId } = await leader.client.win();

  const order = revoke(group);
  expect(await leader.client.next("revoke")).toEqual({
    type: "revoke",
    leaderSessionId,
    reason: "revoked",
    drainMs: 10_000,
  });
  expect(await electionOf(group)).toMatchObject({ state: "revoking", leader: { leaderSessionId } });
  pass(400);
  expect(await leader.client.renew(leaderSessionId)).toEqual([leaderSessionId]);
  expect(await next.client.settle()).toEqual([]);
  leader.client.send({ type: "release", leaderSessionId });
  const grant = await next.client.next("grant");
  expect(order.isAnswered()).toBe(false);
  await next.client.renew(grant.leaderSessionId);
  expect(await order.answer).toMatchObject({
    status: 200,
    body: { from: leader.welcome.sessionId, to: next.welcome.sessionId, epoch: grant.epoch, durationMs: 400 },
  });
  expect(await electionOf(group)).toMatchObject({ candidates: [{ sessionId: leader.welcome.sessionId }] });
});

test("[C6] a revoke of a leader that has not renewed yet is not answered by that leader's first renewal", async () => {
  const group = freshGroup();
  stopClock();
  const [leader, next] = [await join(group), await join(group)];
  const { leaderSessionId } = await leader.client.next("grant");

  const order = revoke(group);
  await leader.client.next("revoke");
  expect(await leader.client.renew(leaderSessionId)).toEqual([leaderSessionId]);
  leader.client.send({ type: "release", leaderSessionId });
  await next.client.win();
  expect((await order.answer).body).toMatchObject({ to: next.welcome.sessionId });
});

test("[O1] a leader disappears for observers when its revoke begins, not when it ends", async () => {
  const group = freshGroup();
  stopClock();
  const observer = await join(group, { contenders: [], observe: ["dispatcher"] });
  await observer.client.next("leaders");
  const { client } = await join(group);
  const { leaderSessionId } = await client.win();
  client.send({ type: "confirm", id: "c", component: "dispatcher", leaderSessionId });
  await observer.client.next("leaders");

  const order = revoke(group);
  expect((await observer.client.next("leaders")).leaders).toEqual([{ component: "dispatcher", leader: null }]);
  expect(order.isAnswered()).toBe(false);
  client.send({ type: "confirm", id: "late", component: "dispatcher", leaderSessionId });
  expect(await client.next("error")).toMatchObject({ code: "not_leader", id: "late" });
  client.send({ type: "release", leaderSessionId });
  expect((await order.answer).body).toMatchObject({ to: null });
});

test("[Q4] where nobody else waits, a revoke is answered at the end of the term, and the holder is asked again", async () => {
  const group = freshGroup();
  stopClock();
  const { client, welcome } = await join(group);
  const first = await client.win();

  const order = revoke(group);
  await client.next("revoke");
  client.send({ type: "release", leaderSessionId: first.leaderSessionId });
  expect((await order.answer).body).toEqual({
    from: welcome.sessionId,
    to: null,
    epoch: first.epoch,
    durationMs: 0,
  });
  expect((await client.win()).epoch).toBeGreaterThan(first.epoch);
});

test("[Q3] a named successor is asked first, with the reason; the operator's words are kept", async () => {
  const group = freshGroup();
  stopClock();
  const leader = await join(group);
  const { leaderSessionId } = await leader.client.win();
  const [earlier, named] = [await join(group, { priority: 9 }), await join(group)];

  const order = revoke(group, { successor: named.welcome.sessionId, reason: "moving to zone b" });
  expect(await leader.client.next("revoke")).toMatchObject({ reason: "transferred" });
  leader.client.send({ type: "release", leaderSessionId });
  await named.client.win();
  expect((await order.answer).body).toMatchObject({ to: named.welcome.sessionId });
  expect(await earlier.client.settle()).toEqual([]);
  expect((await ask("GET", pathOf(group, "/history"))).body).toMatchObject({
    terms: [{ endedAt: null }, { reason: "transferred", note: "moving to zone b" }],
  });
});

test.each([
  ["is no session of the group", async () => "nobody"],
  ["has left", async (group: string) => leave(group)],
  ["has lost its socket", async (group: string) => lose(group)],
  ["does not run in the election", async (group: string) => (await join(group, { contenders: [] })).welcome.sessionId],
  ["is the leader itself", async (_group: string, leader: string) => leader],
] as const)("[Q3] a successor that %s is passed over, and the answer says so", async (_, choose) => {
  const group = freshGroup();
  stopClock();
  const [leader, other] = [await join(group), await join(group)];
  const { leaderSessionId } = await leader.client.win();
  const successor = await choose(group, leader.welcome.sessionId);

  const order = revoke(group, { successor });
  await leader.client.next("revoke");
  leader.client.send({ type: "release", leaderSessionId });
  const { epoch } = await other.client.win();
  expect((await order.answer).body).toEqual({
    from: leader.welcome.sessionId,
    to: other.welcome.sessionId,
    epoch,
    durationMs: 0,
    passedOver: successor,
  });
});

async function leave(group: string): Promise<string> {
  const { client, welcome } = await join(group);
  client.send({ type: "bye" });
  await client.closed;
  return welcome.sessionId;
}

async function lose(group: string): Promise<string> {
  const { client, welcome } = await join(group, { priority: 9 });
  client.drop();
  await client.closed;
  return welcome.sessionId;
}

test("[Q3] a successor that is asked and does not answer is passed over too", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const leader = await join(group);
  const { leaderSessionId } = await leader.client.win();
  const [other, deaf] = [await join(group), await join(group)];
  deaf.client.silent = true;
  pass(500); // its statement is too old by now

  const successor = deaf.welcome.sessionId;
  const order = revoke(group, { successor });
  await leader.client.next("revoke");
  leader.client.send({ type: "release", leaderSessionId });
  await deaf.client.next("next");
  pass(ASK_TIMEOUT_MS);
  await fireAlarm(group);
  await other.client.win();
  const body = { to: other.welcome.sessionId, durationMs: ASK_TIMEOUT_MS, passedOver: successor };
  expect((await order.answer).body).toMatchObject(body);
});

test("[S10] [Q3] a transfer from a holder that never answers: its renewals end with the drain, its term with the lease", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const server = serverWith({ leaseMs: LEASE_MS, drainMs: 300 });
  const [stubborn, next] = [await join(group, {}, { server }), await join(group, {}, { server })];
  const { leaderSessionId } = await stubborn.client.win();
  const successor = next.welcome.sessionId;

  const answer = ask("POST", pathOf(group, "/elections/process/revoke"), { server, body: { successor } });
  expect(await stubborn.client.next("revoke")).toMatchObject({ reason: "transferred", drainMs: 300 });
  pass(299);
  expect(await stubborn.client.renew(leaderSessionId)).toEqual([leaderSessionId]);
  pass(1);
  expect(await stubborn.client.renew(leaderSessionId)).toEqual([]);
  pass(LEASE_MS - 2);
  await fireAlarm(group);
  expect(await next.client.settle()).toEqual([]);
  pass(1);
  await fireAlarm(group);
  const { epoch } = await next.client.win();
  const body = { from: stubborn.welcome.sessionId, to: successor, epoch, durationMs: 299 + LEASE_MS };
  expect((await answer).body).toEqual(body);
});

test("[S2] [S10] a holder that does not answer is waited for until its lease is over, drained or not", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const [silent, next] = [await join(group), await join(group)];
  await silent.client.win();
  pass(500);

  const order = revoke(group);
  await silent.client.next("revoke");
  pass(LEASE_MS - 500 - 1);
  await fireAlarm(group);
  expect(await next.client.settle()).toEqual([]);
  pass(1);
  await fireAlarm(group);
  await next.client.win();
  expect((await order.answer).body).toMatchObject({ to: next.welcome.sessionId, durationMs: LEASE_MS - 500 });
});

test("[N7] a revoke names nobody where nobody takes over in time", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const [leader, dead] = [await join(group), await join(group)];
  const { leaderSessionId, epoch } = await leader.client.win();
  for (const { client } of [leader, dead]) client.silent = true;
  pass(500); // what they have stated is too old by now

  const order = revoke(group);
  await leader.client.next("revoke");
  leader.client.send({ type: "release", leaderSessionId });
  for (const { client } of [leader, dead]) await client.next("next"); // both at once
  expect(order.isAnswered()).toBe(false);
  pass(ASK_TIMEOUT_MS);
  await fireAlarm(group);
  expect((await order.answer).body).toMatchObject({ from: leader.welcome.sessionId, to: null, epoch });
});

test("two operators who revoke the same term both get their answer", async () => {
  const group = freshGroup();
  stopClock();
  const [leader, next] = [await join(group), await join(group)];
  const { leaderSessionId } = await leader.client.win();

  const object = objectOf(group); // calls over one stub arrive in order
  const orders = [{ successor: "nobody" }, {}].map((options) =>
    object.revoke({ policy: { leaseMs: LEASE_MS }, election: "process", ...options }),
  );
  await object.counters();
  leader.client.send({ type: "release", leaderSessionId });
  const { epoch } = await next.client.win();
  const outcome = { type: "revoked", from: leader.welcome.sessionId, to: next.welcome.sessionId, epoch };
  for (const order of orders) expect(await order).toMatchObject(outcome);
  expect(await leader.client.next("revoke")).toMatchObject({ reason: "transferred" });
  expect(await leader.client.settle()).toEqual([]);
});

test("[D3] revoking a dedicated election leaves the process election alone", async () => {
  const group = freshGroup();
  stopClock();
  const { client } = await join(group, {
    contenders: [{ component: "dispatcher" }, { component: "sync", election: "dedicated" }],
  });
  const grants = [await client.win(), await client.win()];
  const idOf = (name: string) => grants.find(({ election }) => election === name)?.leaderSessionId ?? "";

  const order = revoke(group, {}, "component:sync");
  expect((await client.next("revoke")).leaderSessionId).toBe(idOf("component:sync"));
  client.send({ type: "release", leaderSessionId: idOf("component:sync") });
  expect((await order.answer).status).toBe(200);
  expect(await client.renew(idOf("process"))).toEqual([idOf("process")]);
});

test("an election that nobody leads cannot be revoked: 409, whether somebody waits for it or not", async () => {
  const group = freshGroup();
  stopClock();
  const notLed = { status: 409, code: "not_led" };
  expect(errorOf(await revoke(group).answer)).toMatchObject(notLed);
  await ask("POST", pathOf(group, "/pause"));
  const { client } = await join(group);
  expect(errorOf(await revoke(group).answer)).toMatchObject(notLed);
  expect(errorOf(await revoke(group, {}, "component:sync").answer)).toMatchObject(notLed);
  expect(await client.settle()).toEqual([]);
});
