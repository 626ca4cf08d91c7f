/** The one alarm of the object: what it brings about, when it is set, and what it costs. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import type { Grant } from "../../../shared/protocol/messages.ts";
import type { LivePeer } from "../../../tools/harness/live-peer.ts";
import { deploy } from "../http/routes.ts";
import {
  ASK_TIMEOUT_MS,
  alarmOf,
  connect,
  counted,
  electionOf,
  fireAlarm,
  freshGroup,
  join,
  LEASE_MS,
  NET_MS,
  objectOf,
  SLACK_MS,
  stopClock,
  TOKEN_ENDS_AT,
} from "../support.ts";

const HELLO_TIMEOUT_MS = 10_000;

/** In how many milliseconds the alarm comes. */
const alarmIn = async (group: string): Promise<number | null> => {
  const at = await alarmOf(group);
  return at === null ? null : at - Date.now();
};

/** When the incarnation of now has moved its alarm, in milliseconds from now. */
const alarmMoves = async (group: string, work: () => Promise<unknown>): Promise<number[]> => {
  const move = await runInDurableObject(objectOf(group), (_, { storage }) => vi.spyOn(storage, "setAlarm"));
  await work();
  const moves = move.mock.calls.map(([at]) => Number(at) - Date.now());
  move.mockRestore();
  return moves;
};

/** Does not take the leadership that it was granted, and is asked again, in vain. */
async function refuseAndFallSilent(client: LivePeer): Promise<Grant> {
  client.silent = true;
  const grant = await client.next("grant");
  client.send({ type: "release", leaderSessionId: grant.leaderSessionId });
  await client.next("next");
  return grant;
}

test("[N7] [S11] a candidate that is asked and silent costs one time-out, on the platform's own alarm", async () => {
  const group = freshGroup();
  const started = performance.now();
  const [dead, alive] = [await join(group), await join(group)];

  const { epoch } = await refuseAndFallSilent(dead.client);
  expect((await alive.client.next("grant")).epoch).toBeGreaterThan(epoch);
  expect(performance.now() - started).toBeGreaterThanOrEqual(ASK_TIMEOUT_MS);
  expect((await objectOf(group).counters()).alarms).toBeGreaterThan(0);
});

test("[S2] a leader that falls silent is replaced after D, on the platform's own alarm", async () => {
  const group = freshGroup();
  const silent = await join(group);
  const asked = performance.now();
  const { epoch } = await silent.client.win();
  const waiting = await join(group);

  expect((await waiting.client.next("grant")).epoch).toBeGreaterThan(epoch);
  expect(performance.now() - asked).toBeGreaterThanOrEqual(LEASE_MS);
});

test("[N2] [Q1] leaders that lose by expiry stand at the back, and win again in their turn", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const clients = [await join(group), await join(group), await join(group)].map(({ client }) => client);
  let last = 0;

  for (let round = 0; round < 3; round += 1) {
    for (const client of clients) {
      const { epoch, leaderSessionId } = await client.win();
      expect(epoch).toBeGreaterThan(last);
      last = epoch;
      pass(LEASE_MS);
      await fireAlarm(group);
      expect(await client.renew(leaderSessionId)).toEqual([]);
    }
  }
});

test("[S11] [Q4] who is silent when it is asked is mute: it is passed over until it has spoken, and comes last", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const { client, welcome } = await join(group);
  const refused = await refuseAndFallSilent(client);

  pass(ASK_TIMEOUT_MS);
  expect(await fireAlarm(group)).toBe(true);
  expect(await electionOf(group)).toMatchObject({
    state: "vacant",
    candidates: [{ sessionId: welcome.sessionId, ready: false }],
  });
  expect(await alarmOf(group)).toBe(TOKEN_ENDS_AT); // nobody is waited for
  const other = await join(group);
  const won = await other.client.win();
  expect(await client.renew(refused.leaderSessionId)).toEqual([]);
  other.client.send({ type: "resign", leaderSessionId: won.leaderSessionId });
  expect((await client.win()).epoch).toBeGreaterThan(won.epoch);
});

test("it moves to an earlier time only, and one that comes early is set again", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const leader = await connect(group);
  await leader.hello({ contenders: [{ component: "dispatcher" }] });
  const { leaderSessionId } = await leader.win();
  expect(await alarmOf(group)).toBe(TOKEN_ENDS_AT); // nobody waits for the end of its lease

  expect(await alarmMoves(group, () => join(group))).toEqual([LEASE_MS + NET_MS]);
  const renewals = await alarmMoves(group, async () => {
    pass(400);
    await leader.renew(leaderSessionId);
  });
  expect(renewals).toEqual([]);
  expect(await alarmIn(group)).toBe(LEASE_MS + NET_MS - 400);
  expect(await alarmMoves(group, () => fireAlarm(group))).toEqual([LEASE_MS + NET_MS]);
  expect(await electionOf(group)).toMatchObject({ state: "leading", remainingMs: LEASE_MS });
});

test("hand-overs and joins set no alarm: the one that is set comes before what they make due", async () => {
  const group = freshGroup();
  const pass = stopClock();
  let [leader, next] = [await join(group), await join(group)];
  let { leaderSessionId } = await leader.client.win();
  const started = Date.now();

  const onTheWay: number[] = [];
  let byAlarms = 0;
  const costs = await counted(group, async () => {
    for (let handOvers = 0; handOvers < 20; handOvers += 1) {
      for (let beats = 0; beats < 2; beats += 1) {
        pass(LEASE_MS / 4);
        const at = await alarmOf(group);
        if (at !== null && at <= Date.now()) byAlarms += (await alarmMoves(group, () => fireAlarm(group))).length;
        await leader.client.renew(leaderSessionId); // and the group asks who is next
        await next.client.settle();
      }
      const moves = await alarmMoves(group, async () => {
        leader.client.send({ type: "resign", leaderSessionId, sentAt: leader.client.sentAt() });
        ({ leaderSessionId } = await next.client.win());
        const late = await join(group);
        late.client.send({ type: "bye" });
        await late.client.closed;
      });
      onTheWay.push(...moves);
      [leader, next] = [next, leader];
    }
  });
  expect(onTheWay).toEqual([]);
  expect(byAlarms).toBe(costs.alarms);
  expect(costs.alarms).toBeLessThanOrEqual((Date.now() - started) / LEASE_MS);
});

test("[S3] renewals a little late cost one alarm in a lease where the next one does not keep time, and one row for five of them", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const [leader] = [await join(group), await join(group), await join(group, { contenders: [], observe: true })];
  const { leaderSessionId } = await leader.client.win();
  const started = Date.now();
  const [renewals, lateMs] = [30, 5]; // after 85 s the silent ones would be taken for vanished

  let moves = 0;
  const costs = await counted(group, async () => {
    for (let renewAt = started, sent = 0; sent < renewals; sent += 1) {
      renewAt += LEASE_MS / 4 + lateMs;
      for (let at = await alarmOf(group); at !== null && at <= renewAt; at = await alarmOf(group)) {
        pass(at - Date.now());
        moves += (await alarmMoves(group, () => fireAlarm(group))).length;
      }
      pass(renewAt - Date.now());
      const renewal = await alarmMoves(group, () => leader.client.renew(leaderSessionId));
      moves += renewal.length;
    }
  });
  // The first alarm was set when the other one joined.
  expect(costs.alarms).toBeLessThanOrEqual(1 + (Date.now() - started) / LEASE_MS);
  expect(moves).toBe(costs.alarms + 1); // once earlier, when the next one was late
  expect(costs.rowsWritten).toBe(renewals / 5);
  expect(await electionOf(group)).toMatchObject({ state: "leading", remainingMs: LEASE_MS });
});

test("[S2] a leader that falls silent is looked at by who is next, and by an alarm long after; one whose socket closes at D", async () => {
  const group = freshGroup();
  stopClock();
  const [leader] = [await join(group), await join(group)];
  await leader.client.win();

  await fireAlarm(group);
  expect(await alarmIn(group)).toBe(LEASE_MS + NET_MS);
  leader.client.drop();
  await leader.client.closed;
  expect(await alarmIn(group)).toBe(LEASE_MS);
});

test("none is set on the way of an upgrade, with a token or without", async () => {
  for (const server of [undefined, deploy({}, "loopback")]) {
    const group = freshGroup();
    const pass = stopClock();
    const moves = await alarmMoves(group, async () => {
      const early = await connect(group, { ...(server !== undefined && { server }) });
      pass(1);
      early.drop();
      await connect(group, { ...(server !== undefined && { server }) });
    });
    expect(moves).toEqual([]);
    expect(await alarmOf(group)).toBeNull();
  }
});

test.each([
  ["a token", undefined, TOKEN_ENDS_AT],
  ["open mode", deploy({ policy: () => ({ leaseMs: LEASE_MS }) }, "loopback"), null],
] as const)(
  "while nobody waits or watches none is set for the end of a lease, however long the leader leads, with %s",
  async (_, server, alarmAt) => {
    const group = freshGroup();
    const pass = stopClock();
    const { client } = await join(group, {}, { ...(server !== undefined && { server }) });
    const { leaderSessionId } = await client.win();

    for (let renewals = 0; renewals < 20; renewals += 1) {
      pass(500);
      await client.renew(leaderSessionId);
    }
    expect(await alarmOf(group)).toBe(alarmAt);
  },
);

test.each([
  ["a second contender", { contenders: [{ component: "dispatcher" }] }, NET_MS],
  ["an observer of the component", { contenders: [], observe: ["dispatcher"] }, SLACK_MS],
  ["an observer of everything", { contenders: [], observe: true }, SLACK_MS],
] as const)("%s makes the end of the lease worth an alarm, and gone it does not", async (_, hello, slackMs) => {
  const group = freshGroup();
  const pass = stopClock();
  const { client } = await join(group);
  const { leaderSessionId } = await client.win();

  const other = await join(group, hello);
  expect(await alarmIn(group)).toBe(LEASE_MS + slackMs);
  other.client.send({ type: "bye" });
  await other.client.closed;
  pass(1_000);
  await client.renew(leaderSessionId);
  expect(await fireAlarm(group)).toBe(true);
  expect(await alarmOf(group)).toBe(TOKEN_ENDS_AT);
});

test("[O1] an observer is notified of a leader that fell silent, though nobody else would take over", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const leader = await join(group);
  const observer = await join(group, { contenders: [], observe: ["dispatcher"] });
  await observer.client.next("leaders");
  const { leaderSessionId } = await leader.client.win();
  leader.client.send({ type: "confirm", id: "c", component: "dispatcher", leaderSessionId });
  expect((await observer.client.next("leaders")).leaders).toMatchObject([{ leader: { leaderSessionId } }]);

  pass(LEASE_MS);
  await fireAlarm(group);
  expect((await observer.client.next("leaders")).leaders).toEqual([{ component: "dispatcher", leader: null }]);
});

/** As the platform may: what it was to bring comes with the next event only. */
async function loseAlarm(group: string): Promise<void> {
  await runInDurableObject(objectOf(group), (_, { storage }) => storage.deleteAlarm());
  await evictDurableObject(objectOf(group), { webSockets: "hibernate" });
}

test("[N13] the next candidate needs no alarm: with a lost one its own frame, right after the lease, makes it the leader", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const [leader, next] = [await join(group), await join(group)];
  const { epoch } = await leader.client.win();
  leader.client.silent = true;
  await loseAlarm(group);

  pass(LEASE_MS);
  next.client.send({ type: "renew", sentAt: next.client.sentAt(), held: [] }); // by its timer, as it was asked to
  expect((await next.client.next("grant")).epoch).toBeGreaterThan(epoch);
  expect((await objectOf(group).counters()).alarms).toBe(0);
});

test.each<[string, (group: string, other: LivePeer) => Promise<unknown>]>([
  // The first one is answered before all sockets are listed.
  ["a frame of anybody who waits", (_, other) => other.settle().then(() => other.settle())],
  ["an upgrade", (group) => connect(group)],
  ["a look at the status", (group) => electionOf(group)],
])(
  "[N13] where the next candidate is silent too and the alarm is lost, %s bounds it; a ping does not",
  async (_, come) => {
    const group = freshGroup();
    const pass = stopClock();
    const [leader, next, other] = [await join(group), await join(group), await join(group)];
    const { epoch } = await leader.client.win();
    for (const { client } of [leader, next]) client.silent = true;
    await loseAlarm(group);

    pass(LEASE_MS + NET_MS);
    await other.client.ping();
    expect(await alarmOf(group)).toBeNull();
    expect(other.client.unread.some(({ type }) => type === "grant")).toBe(false);
    await come(group, other.client);
    expect(await alarmIn(group)).toBe(ASK_TIMEOUT_MS); // the next one is asked, and this alarm is not lost
    pass(ASK_TIMEOUT_MS);
    await fireAlarm(group);
    expect((await other.client.next("grant")).epoch).toBeGreaterThan(epoch);
  },
);

test("[N13] an alarm that was lost is set again with the first event after the object has woken", async () => {
  const group = freshGroup();
  stopClock();
  for (let sessions = 0; sessions < 2; sessions += 1) await join(group);
  await runInDurableObject(objectOf(group), (_, { storage }) => storage.deleteAlarm());

  await evictDurableObject(objectOf(group), { webSockets: "hibernate" });
  expect(await alarmOf(group)).toBeNull();
  await electionOf(group);
  expect(await alarmIn(group)).toBe(LEASE_MS + NET_MS);
});

test("[N13] one that is due when the object wakes is left alone until all sockets are known: a later one would cancel it", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const [leader] = [await join(group), await join(group)];
  await leader.client.win();
  const due = await alarmOf(group);

  await evictDurableObject(objectOf(group), { webSockets: "hibernate" });
  pass(LEASE_MS + NET_MS + 1);
  expect(await alarmOf(group)).toBe(due);
  await electionOf(group);
  expect(await alarmIn(group)).toBeGreaterThan(0);
});

test("a socket without a hello is closed with 4408 by the first event after the hello time-out, and leaves nothing behind", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const client = await connect(group);

  pass(HELLO_TIMEOUT_MS - 1);
  await electionOf(group);
  await client.ping(); // it is open
  pass(1);
  await electionOf(group);
  expect(await client.closed).toEqual({ code: 4408, reason: "no hello in time" });
  expect(await alarmOf(group)).toBeNull();
  const costs = await counted(group, async () => expect((await electionOf(group))?.state).toBeUndefined());
  expect(costs).toMatchObject({ commits: 0, rowsWritten: 0 });
});
