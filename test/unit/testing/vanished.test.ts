/** The client that ships, in a group that sleeps: who lives stays connected, and who has vanished gives way. */
import { expect, test } from "vitest";
import type { ElectionClient } from "../../../client/client.ts";
import { createTestGroup, type TestGroup } from "../../../testing/index.ts";

const MINUTE_MS = 60_000;

/** Its session stays open from the first value on. */
const watch = (client: ElectionClient): void =>
  void client
    .observe("x")
    .next()
    .catch(() => undefined);

/** An observer that is connected. */
async function observer(group: TestGroup): Promise<ElectionClient> {
  const client = group.client();
  watch(client);
  await group.until(() => client.state === "connected");
  return client;
}

test("[N16] an idle client survives an hour of hibernation, and a newcomer at the limit costs it nothing", async () => {
  const group = createTestGroup({ policy: { limits: { sessions: 4 } } });
  const idle = [await observer(group), await observer(group)];
  const lost: string[] = [];
  for (const client of idle) client.onStateChange((state) => lost.push(state));
  for (let minute = 0; minute < 60; minute++) {
    await group.advance(MINUTE_MS);
    group.hibernate();
    group.status();
  }
  const newcomer = group.client();
  watch(newcomer);
  await group.advance(1_000);
  expect(newcomer.state).toBe("connecting");
  expect(lost).toEqual([]);
  expect(group.status().sessions).toBe(2);
});

test("[N16] processes that have died without a word give way to a newcomer", async () => {
  const group = createTestGroup({ policy: { limits: { sessions: 6 } } });
  const dead = [await observer(group), await observer(group), await observer(group)];
  for (const client of dead) group.kill(client, { told: false });
  await group.advance(86_000);
  await observer(group);
  expect(group.status().sessions).toBe(3);
});

test("[N16] a hidden page whose timers fire once a minute stays, however often the group looks", async () => {
  const group = createTestGroup();
  const page = group.client();
  const clock = group.clock(page);
  const setTimeout = clock.setTimeout.bind(clock);
  clock.setTimeout = (run, ms) => {
    const dueAt = Math.ceil((clock.wall() + ms) / MINUTE_MS) * MINUTE_MS;
    return setTimeout(run, dueAt - clock.wall());
  };
  watch(page);
  await group.until(() => page.state === "connected");
  const lost: string[] = [];
  page.onStateChange((state) => lost.push(state));
  for (let second = 0; second < 3_600; second += 5) {
    await group.advance(5_000);
    group.hibernate();
    group.status();
  }
  expect(lost).toEqual([]);
});
