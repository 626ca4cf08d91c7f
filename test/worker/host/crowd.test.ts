import { expect, test } from "vitest";
import { freshGroup, join, LEASE_MS, resume, stopClock } from "../support.ts";

/** A second for each 300 sessions. */
const SESSIONS = 90;
const SPREAD_MS = 300;

test("[N15] [Q1] [S12] a large group tells its sessions how long to spread their return, and keeps their places for twice as long", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const leader = await join(group);
  const { leaderSessionId } = await leader.client.win();
  const others: Awaited<ReturnType<typeof join>>[] = [];
  for (let index = 1; index < SESSIONS; index++) others.push(await join(group));
  expect(leader.welcome).not.toHaveProperty("spreadMs");
  expect(others.at(-1)?.welcome.spreadMs).toBe(SPREAD_MS);
  leader.client.send({ type: "renew", sentAt: leader.client.sentAt(), held: [leaderSessionId] });
  expect((await leader.client.next("renewed")).spreadMs).toBe(SPREAD_MS);

  for (const { client } of others) {
    client.drop();
    await client.closed;
  }
  pass(LEASE_MS - 1);
  await leader.client.renew(leaderSessionId);
  pass(2 * SPREAD_MS);
  const [early, late] = others;
  if (early === undefined || late === undefined) throw new Error("a crowd");
  expect((await resume(group, early.welcome)).welcome.resumed).toBe(true);
  pass(1);
  expect((await resume(group, late.welcome)).welcome.resumed).toBe(false);
});
