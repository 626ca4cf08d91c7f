/** The same code under Node's own test runner: `node --test examples/testing/outbox.node-test.ts`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestGroup } from "../../testing/index.ts";
import { runOutbox } from "./outbox.ts";

test("when the leading process dies, the other one sends the rest", async () => {
  const group = createTestGroup();
  const outbox = ["one", "two", "three", "four"];
  const sent: string[] = [];
  for (const name of ["first", "second"]) {
    const client = group.client({ name });
    const ports = {
      clock: group.clock(client),
      next: () => outbox.shift(),
      send: (text: string) => void sent.push(text),
    };
    void runOutbox(client, ports);
  }
  await group.until(() => sent.length === 2);
  group.killLeader("outbox");
  await group.until(() => sent.length === 4);

  assert.deepEqual(sent, ["one", "two", "three", "four"]);
  assert.equal(group.history().terms.length, 2);
  assert.deepEqual(group.history().overlaps(), []);
});
