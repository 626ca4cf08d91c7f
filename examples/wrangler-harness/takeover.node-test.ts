/** `node --import edge-election/testing/cloudflare-workers --test takeover.node-test.ts` */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { createTestGroup, electionFaults, electionWorker } from "edge-election/testing";
import { createTestHarness } from "wrangler";
import { takeOver } from "../miniflare/takeover.ts";
import { type Env, Indexer } from "../miniflare/worker.ts";

test("the leader dies, and another one takes over within 30 s: on virtual time", async () => {
  const began = performance.now();
  const group = createTestGroup({ group: "search" });
  const { stub } = group.durableObject(Indexer, { name: "next" });
  const [dead, next] = await takeOver({
    elections: group.elections,
    start: () => group.settled(stub.start()),
    isLeader: () => stub.isLeader(),
    settled: (promise) => group.settled(promise),
    wait: () => group.advance(1_000),
  });
  console.log(`on virtual time it takes ${Math.ceil(performance.now() - began)} ms`);
  assert.ok(next > dead);
  assert.ok(group.now < 30_000);
});

test("the leader dies, and another one takes over: in wrangler's test harness", async () => {
  const app = { configPath: new URL("wrangler.toml", import.meta.url) };
  const server = createTestHarness({ workers: [app, await electionWorker("wrangler", { leaseMs: 2_000 })] });
  try {
    await server.listen();
    const { ELECTIONS } = await server.getWorker<Env>("app").getEnv();
    const ask = async (path: string): Promise<boolean> => JSON.parse(await (await server.fetch(path)).text());
    const began = performance.now();
    const [dead, next] = await takeOver({
      elections: ELECTIONS,
      start: async () => void (await ask("/next/start")),
      isLeader: () => ask("/next"),
      settled: (promise) => promise,
      wait: () => setTimeout(20),
    });
    console.log(`against workerd it takes ${Math.ceil(performance.now() - began)} ms`);
    assert.ok(next > dead);
    await electionFaults(server.getWorker("edge-election")).hibernate("search");
    assert.equal(await ask("/next"), true);
  } finally {
    await server.close();
  }
});
