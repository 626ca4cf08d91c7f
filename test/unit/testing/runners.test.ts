/** The kit needs no runner of its own: the example runs under Node's as it does under vitest. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test, vi } from "vitest";
import { createTestGroup } from "../../../testing/index.ts";
import { inRepository } from "../../../tools/paths.ts";

test("faked timers are not in the way: the kit uses none", async () => {
  vi.useFakeTimers();
  try {
    const group = createTestGroup();
    const leadership = await group.settled(group.client().acquire("x"));
    await group.advance(60_000);
    expect(leadership.isLeader()).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test("a platform without message channels will do: promises alone carry a hand-over", async () => {
  vi.stubGlobal("MessageChannel", undefined);
  try {
    const group = createTestGroup();
    const [first, second] = [group.client(), group.client()];
    const leadership = await group.settled(first.acquire("x"));
    const next = second.acquire("x");
    await group.advance(100);
    await group.settled(leadership.close());
    expect((await group.settled(next)).epoch).toBeGreaterThan(leadership.epoch);
  } finally {
    vi.unstubAllGlobals();
  }
});

test("the example for node:test passes under node:test, and its process ends by itself", async () => {
  const parameters = ["--test", "--test-reporter=tap", inRepository("examples/testing/outbox.node-test.ts")];
  const child = spawn(process.execPath, parameters, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const [code] = await once(child, "close");
  expect(output).toMatch(/# pass 1\n# fail 0/);
  expect(code).toBe(0);
});
