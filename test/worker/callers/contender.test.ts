/** Durable Objects that contend by RPC and their alarm, in one queue with sockets. */

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, onTestFinished, test } from "vitest";
import { type DurableContenderOptions, type Elections, electionsOf, type Leadership } from "../../../worker/index.ts";
import { wrong } from "../../support/wrong.ts";
import { electionOf, freshGroup, join, LEASE_MS, objectOf, serverWith, statusOf, stopClock } from "../support.ts";
import { adjusted, Contending, type Told } from "./contending.ts";

const policy = () => ({ leaseMs: LEASE_MS });
const RENEW_EVERY_MS = LEASE_MS / 4;
const RENEW_DEADLINE_MS = LEASE_MS * 0.8;
const POLL_EVERY_MS = LEASE_MS / 2;
const CLOCK_MARGIN_MS = 1_000;

type Stub = DurableObjectStub<Contending>;

/** An object of the group; `change` are the options of every incarnation. */
function objectIn(
  group: string,
  label = "object",
  change?: (options: DurableContenderOptions, object: Contending) => Partial<DurableContenderOptions>,
): Stub {
  const name = `${group}#${label}`;
  if (change !== undefined) {
    adjusted.set(name, (options, object) => ({ ...options, ...change(options, object) }));
  }
  onTestFinished(() => void adjusted.delete(name));
  return env.CONTENDERS.get(env.CONTENDERS.idFromName(name));
}

const inside = <T>(stub: Stub, look: (object: Contending) => T | Promise<T>): Promise<T> =>
  runInDurableObject(stub, (object: Contending) => look(object));

const start = (stub: Stub): Promise<void> => inside(stub, (object) => object.contender.start());
const told = (stub: Stub): Promise<Told[]> => inside(stub, (object) => object.told());
const leads = (stub: Stub): Promise<boolean> => inside(stub, ({ contender }) => contender.isLeader());
const wake = (stub: Stub): Promise<boolean> => runDurableObjectAlarm(stub);
const alarmIn = (stub: Stub): Promise<number | null> =>
  runInDurableObject(stub, async (_, { storage }) => {
    const at = await storage.getAlarm();
    return at === null ? null : at - Date.now();
  });
const hibernate = (stub: Stub): Promise<void> => evictDurableObject(stub);

test("[S1] [C1] it is granted by its own call, renews by its alarm, and is not granted again", async () => {
  const stub = objectIn(freshGroup());
  const pass = stopClock();
  await start(stub);
  expect(await leads(stub)).toBe(true);
  for (let renewals = 0; renewals < 10; renewals += 1) {
    expect(await alarmIn(stub)).toBe(RENEW_EVERY_MS);
    pass(RENEW_EVERY_MS);
    expect(await wake(stub)).toBe(true);
    expect(await leads(stub)).toBe(true);
  }
  expect((await told(stub)).map(({ is }) => is)).toEqual(["grant"]);
});

test("[S6] [S2] without its alarm it leads until R after its last call, and a socket that waits follows after D", async () => {
  const group = freshGroup();
  const stub = objectIn(group);
  const pass = stopClock();
  await start(stub);
  const { client } = await join(group);
  pass(RENEW_DEADLINE_MS - 1);
  expect(await leads(stub)).toBe(true);
  pass(1);
  expect(await leads(stub)).toBe(false);
  pass(LEASE_MS - RENEW_DEADLINE_MS);
  await runDurableObjectAlarm(objectOf(group));
  const { epoch } = await client.win();
  await wake(stub);
  const [granted, revoked] = await told(stub);
  expect(revoked).toMatchObject({ is: "revoke", reason: "expired", epoch: granted?.epoch });
  expect(epoch).toBeGreaterThan(granted?.epoch ?? 0);
});

test("[PC1] [N5] [C1] evicted between all its alarms it keeps the term, without a callback", async () => {
  const stub = objectIn(freshGroup());
  const pass = stopClock();
  await start(stub);
  const epoch = await inside(stub, ({ contender }) => contender.leadership()?.epoch);
  for (let renewals = 0; renewals < 5; renewals += 1) {
    await hibernate(stub);
    pass(RENEW_EVERY_MS);
    await wake(stub);
    expect(await inside(stub, ({ contender }) => contender.leadership()?.epoch)).toBe(epoch);
  }
  expect((await told(stub)).map(({ is }) => is)).toEqual(["grant"]);
  await hibernate(stub);
  pass(RENEW_DEADLINE_MS - CLOCK_MARGIN_MS);
  expect(await leads(stub)).toBe(false);
  await wake(stub);
  const all = await told(stub);
  expect(all.map(({ is }) => is)).toEqual(["grant", "revoke", "grant"]);
  expect(all[2]?.epoch).toBeGreaterThan(epoch ?? Infinity);
});

test("[N5] the group's object is evicted: same term", async () => {
  const group = freshGroup();
  const stub = objectIn(group);
  const pass = stopClock();
  await start(stub);
  await evictDurableObject(objectOf(group));
  pass(RENEW_EVERY_MS);
  await wake(stub);
  expect(await leads(stub)).toBe(true);
  expect(await told(stub)).toHaveLength(1);
});

test("[N4] [S5] [Q1] objects and sockets stand in one queue, with one order of epochs, and hand over both ways", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const [first, second] = [objectIn(group, "first"), objectIn(group, "second")];
  await start(first);
  const socket = await join(group);
  await start(second);
  expect((await electionOf(group))?.candidates.map(({ process }) => process)).toEqual([null, `${group}#second`]);

  await inside(first, ({ contender }) => contender.leadership()?.resign());
  const won = await socket.client.win();
  socket.client.send({ type: "resign", leaderSessionId: won.leaderSessionId });
  await socket.client.settle();
  pass(POLL_EVERY_MS);
  await wake(second);
  expect(await leads(second)).toBe(true);
  const epochs = [(await told(first))[0]?.epoch, won.epoch, (await told(second))[0]?.epoch];
  expect([...epochs].sort((left = 0, right = 0) => left - right)).toEqual(epochs);
  expect(new Set(epochs).size).toBe(3);
  expect((await electionOf(group))?.leader?.process).toBe(`${group}#second`);
});

test("[C10] [N3] close ends the term and leaves at once; start begins anew", async () => {
  const group = freshGroup();
  const stub = objectIn(group);
  stopClock();
  await start(stub);
  const { client } = await join(group);
  const aborted = await inside(stub, async (object) => {
    await object.contender.close();
    return [object.signals[0]?.aborted, object.contender.nextAlarmAt];
  });
  expect(aborted).toEqual([true, null]);
  await client.win();
  expect(await statusOf(group)).toMatchObject({ sessions: 1 });
  client.send({ type: "bye" });
  await client.closed;
  await start(stub);
  expect((await told(stub)).map(({ is, reason }) => `${is} ${reason}`.trim())).toEqual([
    "grant",
    "revoke closed",
    "grant",
  ]);
});

test("[C6] [S10] an operator's revoke drains: renewed while onRevoke runs, accepting nothing, then released", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const drained = Promise.withResolvers<void>();
  const stub = objectIn(group, "slow", ({ onRevoke }) => ({
    onRevoke: async (...told: Parameters<NonNullable<typeof onRevoke>>) => {
      onRevoke?.(...told);
      await drained.promise;
    },
  }));
  await start(stub);
  const waiting = await join(group);
  const revoked = objectOf(group).revoke({ election: "process" });
  for (let calls = 0; calls < 4; calls += 1) {
    pass(RENEW_EVERY_MS);
    await wake(stub);
    expect(await leads(stub)).toBe(false);
    expect((await electionOf(group))?.state).toBe("revoking");
  }
  expect(await inside(stub, ({ signals }) => String(signals[0]?.reason))).toContain("the leadership is over (revoked)");
  drained.resolve();
  const { epoch } = await waiting.client.win();
  expect(await revoked).toMatchObject({ type: "revoked", epoch });
});

test("[S9] [S2] while onRevoke runs inside the lease nobody else leads, though the group no longer renews the term", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const drained = Promise.withResolvers<void>();
  const policy = { leaseMs: LEASE_MS, drainMs: LEASE_MS / 4 };
  const elections = electionsOf(env.ELECTIONS, { policy: () => policy });
  const held: unknown[] = [];
  let isDown = false;
  const stub = objectIn(group, "slow", () => ({
    elections: {
      ...elections,
      campaign: (...call: Parameters<Elections["campaign"]>) => {
        if (isDown) return Promise.reject(new Error("down"));
        held.push(call[1].held);
        return elections.campaign(...call);
      },
    },
    onRevoke: () => drained.promise,
  }));
  await start(stub);
  const waiting = await join(group, {}, { server: serverWith(policy) });
  const revoked = objectOf(group).revoke({ policy, election: "process" });
  await expect.poll(async () => (await elections.status(group)).elections[0]?.state).toBe("revoking");
  isDown = true;
  pass(RENEW_EVERY_MS);
  await wake(stub);
  isDown = false;
  pass((await alarmIn(stub)) ?? 0); // the drain time is over, and the revoke has reached nobody
  await wake(stub);
  expect(await leads(stub)).toBe(false);
  await inside(stub, ({ contender }) => contender.change({ priority: 1 })); // something to send at once
  const leaderSessionId = expect.any(String);
  expect(held).toEqual([[], [leaderSessionId], [leaderSessionId]]);
  expect((await elections.status(group)).elections[0]?.state).toBe("revoking");
  drained.resolve();
  const { epoch } = await waiting.client.win();
  expect(await revoked).toMatchObject({ type: "revoked", epoch });
});

test("[C5] [E3] callbacks that throw harm only themselves, and are reported to onError", async () => {
  const stub = objectIn(freshGroup(), "thrower", () => ({
    components: ["a", "b"],
    onGrant({ component }: { component: string }) {
      if (component === "a") throw new Error("in grant");
    },
    onRevoke: () => Promise.reject(new Error("in revoke")),
  }));
  const pass = stopClock();
  await start(stub);
  expect(await inside(stub, ({ contender }) => [contender.isLeader("a"), contender.isLeader("b")])).toEqual([
    true,
    true,
  ]);
  pass(RENEW_DEADLINE_MS);
  await wake(stub);
  expect(await inside(stub, ({ errors }) => errors.map(String))).toEqual([
    "Error: in grant",
    "Error: in revoke",
    "Error: in revoke",
    "Error: in grant",
  ]);
});

type InGrant = (leadership: Leadership, object: Contending, pass: (ms: number) => void) => unknown;
const endings: readonly (readonly [string, InGrant])[] = [
  ["closes it", (_, { contender }) => contender.change({ components: ["a"] })],
  ["closes the contender", (_, { contender }) => contender.close()],
  ["resigns", (leadership) => leadership.resign()],
  ["blocks past the end of the lease", (_, __, pass) => pass(RENEW_DEADLINE_MS)],
];

test.each(endings)(
  "[C1] [G4] [PC6] a component whose sibling %s in its onGrant is neither granted nor revoked",
  async (_, act) => {
    const pass = stopClock();
    const heard: string[] = [];
    const terms: string[] = [];
    const stub = objectIn(freshGroup(), "siblings", (_, object) => ({
      components: ["a", "b"],
      onGrant: (leadership: Leadership) => {
        const { component, leaderSessionId } = leadership;
        terms.push(leaderSessionId);
        heard.push(`${component} in term ${terms.indexOf(leaderSessionId)}`);
        if (terms.length === 1) void act(leadership, object, pass);
      },
      onRevoke: ({ component, leaderSessionId }: Leadership) => {
        heard.push(`${component} no longer in term ${terms.indexOf(leaderSessionId)}`);
      },
    }));
    await start(stub);
    expect(heard).not.toContain("b in term 0");
    expect(heard).not.toContain("b no longer in term 0");
    await inside(stub, ({ contender }) => contender.close());
  },
);

test.each([
  ["at its beginning", () => undefined],
  ["after an await", () => Promise.resolve()],
])("[C11] [PC7] a close that onRevoke waits for %s does not wait for that onRevoke", async (_, first) => {
  const pass = stopClock(); // no drain time ends anything
  const group = freshGroup();
  const heard: string[] = [];
  const leaver = objectIn(group, "closes itself", (_, object) => ({
    onRevoke: async () => {
      const before = first();
      if (before !== undefined) await before;
      await object.contender.close();
      heard.push("closed");
    },
  }));
  await start(leaver);
  const revoked = objectOf(group).revoke({ election: "process" });
  await expect.poll(async () => (await electionOf(group))?.state).toBe("revoking");
  pass(RENEW_EVERY_MS);
  await inside(leaver, ({ contender }) => contender.alarm());
  expect(await revoked).toMatchObject({ type: "revoked" });
  await expect.poll(async () => (await statusOf(group)).sessions).toBe(0);
  expect(heard).toEqual(["closed"]);
});

test("[C11] [PC7] siblings that close each other in onRevoke do not wait for each other", async () => {
  stopClock();
  const group = freshGroup();
  const heard: string[] = [];
  const stub = objectIn(group, "siblings", (_, object) => ({
    components: ["a", "b", "c"],
    onRevoke: async ({ component }: Leadership) => {
      await object.contender.change({ components: ["c"] });
      heard.push(component);
    },
  }));
  await start(stub);
  await inside(stub, ({ contender }) => contender.change({ components: ["b", "c"] }));
  await expect.poll(() => heard).toEqual(["b", "a"]);
  expect(await inside(stub, ({ contender }) => contender.isLeader("c"))).toBe(true);
  await inside(stub, ({ contender }) => contender.close());
});

test("[C11] [PC7] a resign that is awaited inside the onRevoke of one component ends the term of its siblings", async () => {
  stopClock();
  const group = freshGroup();
  const heard: string[] = [];
  const stub = objectIn(group, "siblings", () => ({
    components: ["a", "b"],
    onRevoke: async (leadership: Leadership, reason: string) => {
      if (reason === "closed") await leadership.resign();
      heard.push(`${leadership.component} ${reason}`);
    },
  }));
  await start(stub);
  await inside(stub, ({ contender }) => contender.change({ components: ["b"] }));
  await expect.poll(() => heard).toEqual(["b resigned", "a closed"]);
  await inside(stub, ({ contender }) => contender.close());
});

test("[E3] [PC5] a final refusal says so, and no change waits for it", async () => {
  const pass = stopClock();
  const onlooker = electionsOf(env.ELECTIONS, { policy, access: { role: "observe" } });
  const stub = objectIn(freshGroup(), "onlooker", () => ({ elections: onlooker }));
  await start(stub);
  const refused = inside(stub, ({ contender }) => contender.change({ components: ["other"] }).catch((error) => error));
  pass((await alarmIn(stub)) ?? 0);
  await wake(stub);
  expect(await refused).toMatchObject({ code: "forbidden", retryable: false });
  expect(await inside(stub, ({ errors }) => errors[0])).toMatchObject({ code: "forbidden", retryable: false });
});

test("[E3] onError and setAlarm are called on the options that they are in", async () => {
  stopClock();
  const seen: unknown[] = [];
  class Own {
    readonly components = ["a"];
    onGrant(): void {
      seen.push(this);
      throw new Error("in grant");
    }
    onError(): void {
      seen.push(this);
    }
    setAlarm(): void {
      seen.push(this);
    }
  }
  const own = new Own();
  const group = freshGroup();
  const stub = objectIn(group, "own");
  adjusted.set(`${group}#own`, ({ elections }) => Object.assign(own, { elections, group }));
  await start(stub);
  await inside(stub, ({ contender }) => contender.change({ components: ["b"] }));
  expect(new Set(seen)).toEqual(new Set([own]));
  expect(seen.length).toBeGreaterThan(3);
});

test("[C7] [K1] [K3] confirm publishes what observers see; a second time it does nothing", async () => {
  const group = freshGroup();
  const stub = objectIn(group);
  stopClock();
  await start(stub);
  const observer = await join(group, { contenders: [], observe: true });
  expect((await observer.client.next("leaders")).leaders).toEqual([]);
  await inside(stub, ({ contender }) => contender.leadership()?.confirm());
  expect((await observer.client.next("leaders")).leaders).toMatchObject([
    { component: "dispatcher", leader: { address: `object:${group}#object` } },
  ]);
  await inside(stub, ({ contender }) => contender.leadership()?.confirm());
  expect(await observer.client.settle()).toEqual([]);
});

test("[C7] [K2] confirm rejects with LeadershipLostError once the lease is over", async () => {
  const stub = objectIn(freshGroup());
  const pass = stopClock();
  await start(stub);
  const outcome = await inside(stub, async ({ leaderships: [leadership] }) => {
    pass(RENEW_DEADLINE_MS);
    const lost = await leadership?.confirm().catch((error: unknown) => error);
    return [lost, leadership?.isLeader(), leadership?.remainingMs()];
  });
  expect(outcome).toMatchObject([{ code: "leadership_lost", reason: "expired" }, false, 0]);
});

test("[C8] [E3] a group that can't be asked ends the term at its deadline, and it contends again by itself", async () => {
  let isDown = false;
  const down = (elections: Elections): Elections => ({
    ...elections,
    campaign: (...call) => (isDown ? Promise.reject(new Error("down")) : elections.campaign(...call)),
  });
  const stub = objectIn(freshGroup(), "cut off", () => ({ elections: down(electionsOf(env.ELECTIONS, { policy })) }));
  const pass = stopClock();
  await start(stub);
  isDown = true;
  let passed = 0;
  while (await leads(stub)) {
    const wait = (await alarmIn(stub)) ?? 0;
    pass(wait);
    passed += wait;
    await wake(stub);
  }
  expect(Math.ceil(passed)).toBe(RENEW_DEADLINE_MS);
  expect(await inside(stub, ({ errors }) => errors.length)).toBeGreaterThan(1);
  isDown = false;
  pass(LEASE_MS);
  await wake(stub);
  expect((await told(stub)).map(({ is }) => is)).toEqual(["grant", "revoke", "grant"]);
});

test.each([
  ["nothing", "null"],
  ["what nobody understands", '{"type":"nonsense"}'],
])("[C8] [E3] a group that answers %s is asked again, and the object does not hang", async (_, nonsense) => {
  let isBroken = true;
  const broken = (elections: Elections): Elections => ({
    ...elections,
    campaign: (...call) => (isBroken ? Promise.resolve(JSON.parse(nonsense)) : elections.campaign(...call)),
  });
  const stub = objectIn(freshGroup(), "puzzled", () => ({ elections: broken(electionsOf(env.ELECTIONS, { policy })) }));
  const pass = stopClock();
  await start(stub);
  expect(await inside(stub, ({ errors }) => errors)).toMatchObject([{ code: "unavailable", retryable: true }]);
  isBroken = false;
  pass((await alarmIn(stub)) ?? 0);
  await wake(stub);
  expect(await leads(stub)).toBe(true);
});

test("[C8] an alarm that was lost is set again when the object wakes", async () => {
  const stub = objectIn(freshGroup());
  stopClock();
  await start(stub);
  await runInDurableObject(stub, (_, { storage }) => storage.deleteAlarm());
  await hibernate(stub);
  expect(await leads(stub)).toBe(true);
  expect(await alarmIn(stub)).not.toBeNull();
});

test("[K7] [S6] a clock that stands still while the object computes says that it leads; check does not", async () => {
  const pass = stopClock();
  let computedMs = 0;
  const stub = objectIn(freshGroup(), "object", ({ elections }) => ({
    elections: {
      ...(elections as Elections),
      campaign: (...all) => {
        pass(computedMs);
        return (elections as Elections).campaign(...all);
      },
    },
  }));
  await start(stub);
  const seen = await inside(stub, async ({ contender }) => {
    const leadership = contender.leadership();
    if (leadership === null) return [];
    const first = await Promise.all([leadership.check(), leadership.check()]);
    computedMs = LEASE_MS;
    return [...first, leadership.isLeader(), await leadership.check(), leadership.isLeader()];
  });
  expect(seen).toEqual([true, true, true, false, false]);
});

test("[K7] [C8] check outlasts a call that fails, and is false once the lease is over without an answer", async () => {
  const pass = stopClock();
  let isDown = false;
  const stub = objectIn(freshGroup(), "object", ({ elections }) => ({
    elections: {
      ...(elections as Elections),
      campaign: (...all) => (isDown ? Promise.reject(new Error("down")) : (elections as Elections).campaign(...all)),
    },
  }));
  await start(stub);
  const leadership = await inside(stub, ({ contender }) => contender.leadership());
  isDown = true;
  const answers: boolean[] = [];
  await inside(stub, () => void leadership?.check().then((answer) => answers.push(answer)));
  isDown = false;
  pass(RENEW_DEADLINE_MS / 8);
  await wake(stub);
  expect(answers).toEqual([true]);
  isDown = true;
  await inside(stub, () => void leadership?.check().then((answer) => answers.push(answer)));
  pass(RENEW_DEADLINE_MS);
  await wake(stub);
  expect(answers).toEqual([true, false]);
});

type InAlarm = (leadership: Leadership) => Promise<unknown>;
const waits: readonly (readonly [string, InAlarm, unknown])[] = [
  ["check", (leadership) => leadership.check(), false],
  ["confirm", (leadership) => leadership.confirm("object:there"), "LeadershipLostError"],
  ["resign", (leadership) => leadership.resign(), undefined],
];

test.each(waits)(
  "[K7] [C8] a %s inside the object's alarm ends though no call reaches the group",
  async (_, wait, end) => {
    let isDown = false;
    const ends: unknown[] = [];
    const down = () => Promise.reject(new Error("down"));
    const stub = objectIn(freshGroup(), "object", ({ elections }, object) => {
      const up = elections as Elections;
      Object.defineProperty(object, "alarm", {
        value: async () => {
          const leadership = object.contender.leadership();
          isDown ||= leadership !== null; // on a busy machine the first alarm may come when the lease is over
          await Contending.prototype.alarm.call(object);
          if (leadership !== null) ends.push(await wait(leadership).catch(({ name }) => name));
        },
      });
      return {
        elections: {
          ...up,
          campaign: (...all) => (isDown ? down() : up.campaign(...all)),
          confirm: down,
          release: down,
        },
      };
    });
    await start(stub);
    await expect.poll(() => ends).toEqual([end]);
    expect((await told(stub)).map(({ is }) => is).slice(-2)).toEqual(["grant", "revoke"]);
  },
);

test("[S1] through the entrypoint of another Worker it is the same", async () => {
  const group = freshGroup();
  const stub = objectIn(group, "bound", () => ({ elections: exports.ElectionsEntrypoint }));
  const pass = stopClock();
  await start(stub);
  pass(RENEW_EVERY_MS);
  await wake(stub);
  expect(await leads(stub)).toBe(true);
  await inside(stub, ({ contender }) => contender.close());
  expect(await statusOf(group)).toMatchObject({ sessions: 0 });
});

test("on the platform's own alarm it goes on leading, longer than any lease", async () => {
  const stub = objectIn(freshGroup());
  await start(stub);
  while ((await inside(stub, ({ alarms }) => alarms)) < 5) {
    await new Promise((resolve) => setTimeout(resolve, RENEW_EVERY_MS));
  }
  expect(await leads(stub)).toBe(true);
  expect(await told(stub)).toHaveLength(1);
  await inside(stub, ({ contender }) => contender.close());
});

test("an object that needs its alarm itself learns when to wake the contender", async () => {
  const wanted: number[] = [];
  const stub = objectIn(freshGroup(), "shared", () => ({ setAlarm: (at: number) => void wanted.push(at) }));
  const pass = stopClock();
  await start(stub);
  expect(await alarmIn(stub)).toBeNull();
  expect((wanted.at(-1) ?? 0) - Date.now()).toBe(RENEW_EVERY_MS);
  pass(100);
  await inside(stub, ({ contender }) => contender.alarm()); // early: does no harm
  pass(RENEW_EVERY_MS - 100);
  await inside(stub, ({ contender }) => contender.alarm());
  expect((wanted.at(-1) ?? 0) - Date.now()).toBe(RENEW_EVERY_MS);
  expect(await leads(stub)).toBe(true);
});

test.each([
  [{ components: [] }, "components must name at least one"],
  [{ components: ["a", "a"] }, "components must not name a component twice"],
  [{ components: [".."] }, "components[0] must be"],
  [{ components: [{ component: "" }] }, "components[0].component must be"],
  [{ components: [{ component: "a", priority: 1 }] }, "the priority of a component needs a dedicated election"],
  [{ group: "" }, "group must be"],
  [{ pollEveryMs: 1 }, "pollEveryMs must be"],
  [null, "options must be an object"],
  [{ onGranted: () => {} }, "onGranted is unknown: the options are group, components, "],
  [{ elections: undefined }, "elections must be a binding"],
  [{ elections: null }, "elections must be a binding"],
  [{ elections: "ELECTIONS" }, "elections must be a binding"],
  [{ elections: {} }, "elections must be a binding"],
  [{ components: null }, "components must be a list"],
  [{ components: [null] }, "components[0] must be"],
  [{ onGrant: null }, "onGrant must be a function"],
  [{ onRevoke: "stop" }, "onRevoke must be a function"],
  [{ onError: 1 }, "onError must be a function"],
  [{ setAlarm: true }, "setAlarm must be a function"],
])("[E2] wrong options are refused at once: %j", async (options, message) => {
  const stub = objectIn(freshGroup(), "plain");
  const refused = await runInDurableObject(stub, (object: Contending, ctx) => object.refusal(ctx, options));
  expect(refused).toContain(`TypeError: ${message}`);
});

test("[E2] a change, a confirm and a resign with wrong arguments reject at once, and nothing has changed", async () => {
  const stub = objectIn(freshGroup());
  stopClock();
  await start(stub);
  const refused = await inside(stub, ({ contender, leaderships: [leadership] }) =>
    Promise.all(
      [
        contender.change(wrong(null)),
        contender.change(wrong({ components: null })),
        leadership?.confirm(wrong(null)),
        leadership?.resign(wrong(null)),
        leadership?.resign(wrong({ successor: 1 })),
      ].map((one) => one?.catch(String)),
    ),
  );
  expect(refused).toEqual(refused.map(() => expect.stringMatching(/^TypeError: \w+ must be /)));
  expect(await leads(stub)).toBe(true);
});
