/** A leadership that is granted by hand behaves as one of the election does. */
import { expect, test } from "vitest";
import { fakeLeadership } from "../../../testing/index.ts";
import { wrong } from "../../support/wrong.ts";

test("[S6] grant, expire, revoke: `isLeader` and `signal` as code sees them, by their own times", async () => {
  const fake = fakeLeadership({ component: "worker" });
  const leadership = fake.grant();
  expect(leadership).toMatchObject({ group: "test", component: "worker", election: "process", epoch: 1 });
  expect([leadership.isLeader(), leadership.signal.aborted, await leadership.check()]).toEqual([true, false, true]);
  expect(leadership.remainingMs()).toBeGreaterThan(0);
  expect(leadership.headers()["Edge-Election-Fence"]).toContain("test/worker/1/");
  fake.expire();
  expect([leadership.isLeader(), leadership.signal.aborted, await leadership.check()]).toEqual([false, false, false]);
  expect(() => leadership.assertLeader()).toThrow("the leadership is over (expired)");
  expect([leadership.remainingMs(), leadership.drainMs()]).toEqual([0, 0]);
  fake.revoke("expired");
  expect(leadership.signal.reason).toMatchObject({ code: "leadership_lost", reason: "expired" });
  expect(fake.current).toBe(null);
});

test("[S10] after its end it drains where the group has asked it to stop, and not where its lease or its term was gone already", () => {
  const fake = fakeLeadership();
  const drains = (["revoked", "preempted", "lost", "expired"] as const).map((reason) => {
    const { drainMs } = fake.grant();
    fake.revoke(reason);
    return drainMs() > 0;
  });
  expect(drains).toEqual([true, true, false, false]);
  const first = fake.grant();
  fake.revoke("revoked");
  fake.grant();
  expect(first.drainMs()).toBe(0); // another one leads
});

test("[S7] the next term is another one, and an earlier one never leads again", () => {
  const fake = fakeLeadership();
  const first = fake.grant();
  fake.revoke("transferred");
  const second = fake.grant();
  expect([first.isLeader(), second.isLeader(), second.epoch]).toEqual([false, true, 2]);
  expect(first.signal.reason).toMatchObject({ reason: "transferred" });
  expect(second.leaderSessionId).not.toBe(first.leaderSessionId);
});

test("[K1] what the code publishes is kept, and `resign` ends the term", async () => {
  const fake = fakeLeadership();
  const leadership = fake.grant();
  await leadership.confirm("http://here", { version: "1" });
  expect(fake.published).toEqual({ address: "http://here", metadata: { version: "1" } });
  await leadership.resign();
  expect(leadership.signal.reason).toMatchObject({ reason: "resigned" });
  await expect(leadership.confirm()).rejects.toMatchObject({ code: "leadership_lost" });
  await leadership.resign();
});

test("an impossible order is refused with the remedy", () => {
  const fake = fakeLeadership();
  expect(() => fake.revoke()).toThrow("no term runs: grant() one first");
  expect(() => fake.expire()).toThrow("no term runs");
  fake.grant();
  expect(() => fake.grant()).toThrow("a term runs already: revoke it first");
  expect(() => fakeLeadership(wrong({ component: "" }))).toThrow("component must be");
  expect(() => fakeLeadership(wrong({ leaseMs: 1 }))).toThrow("leaseMs");
});
