/** Tests in vitest what happens when the lead is lost: no server, no sleep, the same result every time. */
import { expect, test } from "vitest";
import type { ElectionClient } from "../../client/index.ts";
import { createTestGroup, type TestGroup } from "../../testing/index.ts";
import { runOutbox } from "./outbox.ts";

/** Two processes that serve one outbox of 60 messages. */
function twoProcesses(): { group: TestGroup; clients: readonly ElectionClient[]; sent: string[] } {
  const group = createTestGroup();
  const outbox = Array.from({ length: 60 }, (_, index) => `message ${index + 1}`);
  const sent: string[] = [];
  const clients = ["first", "second"].map((name) => group.client({ name }));
  for (const client of clients) {
    runOutbox(client, {
      clock: group.clock(client),
      next: () => outbox.shift(),
      send(message, leadership) {
        sent.push(message);
        group.recordWrite(leadership, message);
      },
    }).catch(() => {}); // ends when its client is closed
  }
  return { group, clients, sent };
}

test("a process that is cut off stops sending, and the other one continues where it stopped", async () => {
  const { group, clients, sent } = twoProcesses();
  await group.advance(5_000);
  const [cutOff] = clients.filter((client) => client === group.leader("outbox"));
  if (cutOff === undefined) throw new Error("nobody leads");

  group.partition(cutOff);
  await group.advance(30_000);

  const { lateWrites, overlaps, terms } = group.history();
  expect(lateWrites()).toEqual([]);
  expect(overlaps()).toEqual([]);
  expect(terms).toHaveLength(2);
  expect(group.leader("outbox")).not.toBe(cutOff);
  expect(sent.length).toBeGreaterThan(25);
  expect(new Set(sent).size).toBe(sent.length);
});

test("a laptop that sleeps does not send when it wakes", async () => {
  const { group } = twoProcesses();
  await group.advance(5_000);
  const asleep = group.leader("outbox");
  if (asleep === null) throw new Error("nobody leads");

  group.freeze(asleep);
  await group.advance(30_000);
  group.thaw(asleep);
  await group.advance(30_000);

  expect(group.history().lateWrites()).toEqual([]);
  expect(group.history().overlaps()).toEqual([]);
});
