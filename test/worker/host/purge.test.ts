/** Groups that nobody uses: what is stored of them is deleted, by an order or when their time is over. */
import { evictDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import {
  AHEAD_MS,
  alarmOf,
  ask,
  connect,
  electionOf,
  errorOf,
  fireAlarm,
  freshGroup,
  join,
  LEASE_MS,
  objectOf,
  pathOf,
  rowsOf,
  serverWith,
  statusOf,
  stopClock,
} from "../support.ts";

const IDLE_TTL_MS = 90_000;
const mortal = serverWith({ leaseMs: LEASE_MS, horizonAheadMs: AHEAD_MS, idleTtlMs: IDLE_TTL_MS });

const purge = (group: string) => ask("DELETE", pathOf(group, "?purge=true"));

async function leave({ client }: Awaited<ReturnType<typeof join>>): Promise<void> {
  client.send({ type: "bye" });
  await client.closed;
}

test("[S20] a group that nobody uses is deleted with its history, and the next epoch is higher than any before", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const first = await join(group);
  const { epoch } = await first.client.win();
  expect(errorOf(await purge(group))).toMatchObject({ status: 409, code: "in_use" });
  await leave(first);
  expect(errorOf(await purge(group)).message).toContain("the group's epochs are ahead of this machine's clock");
  pass(1_500);
  expect((await purge(group)).body).toEqual({ ok: true });
  expect([await rowsOf(group), await alarmOf(group)]).toEqual([{}, null]);
  expect((await ask("GET", pathOf(group, "/history"))).body).toEqual({ terms: [] });
  const next = await join(group);
  expect((await next.client.win()).epoch).toBeGreaterThan(epoch);
  await evictDurableObject(objectOf(group));
  expect(await electionOf(group)).toMatchObject({ state: "leading" });
});

test("[S20] nothing is deleted while a lease may run, a group holds off or is paused, or a socket is open", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const { client } = await join(group);
  await client.win();
  await ask("DELETE", pathOf(group, "?force=true"));
  await client.closed;
  pass(1_500);
  expect(errorOf(await purge(group)).message).toContain("holds off");
  pass(LEASE_MS + AHEAD_MS + 1_000);
  await ask("POST", pathOf(group, "/pause"));
  expect(errorOf(await purge(group)).message).toContain("resume it first");
  await ask("POST", pathOf(group, "/resume"));
  const silent = await connect(group);
  expect(errorOf(await purge(group)).message).toContain("processes are connected");
  silent.drop();
  await expect.poll(async () => (await purge(group)).status).toBe(200);
});

test("[S20] without a time to live nothing is deleted by itself, and no alarm is left for it", async () => {
  const group = freshGroup();
  stopClock();
  await leave(await join(group));
  await fireAlarm(group);
  expect([await alarmOf(group), (await statusOf(group)).sessions]).toEqual([null, 0]);
  expect(await rowsOf(group)).not.toEqual({});
});

test("[S20] with a time to live a group is deleted when that is over, and not while somebody has come back", async () => {
  const group = freshGroup();
  const pass = stopClock();
  await leave(await join(group, {}, { server: mortal }));
  pass(IDLE_TTL_MS / 2);
  const back = await join(group, {}, { server: mortal });
  pass(IDLE_TTL_MS / 2);
  await evictDurableObject(objectOf(group));
  await fireAlarm(group);
  expect(await rowsOf(group)).not.toEqual({});
  back.client.drop();
  await expect
    .poll(async () => (await ask("GET", pathOf(group, "/metrics"), { server: mortal })).body)
    .toMatch(/sessions_lost_total\S* 1/);
  pass(LEASE_MS + AHEAD_MS);
  await fireAlarm(group);
  await evictDurableObject(objectOf(group));
  pass(IDLE_TTL_MS);
  await fireAlarm(group);
  expect([await rowsOf(group), await alarmOf(group)]).toEqual([{}, null]);
});
