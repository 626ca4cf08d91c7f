/** Inside workerd, by the plugin for Workers. */
import { abortAllDurableObjects, evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createTestGroup, electionFaults } from "edge-election/testing";
import { expect, test } from "vitest";
import { takeOver } from "../miniflare/takeover.ts";
import { type Env, Indexer } from "../miniflare/worker.ts";

const { ELECTIONS, GROUPS, INDEXERS } = env as unknown as Env & { GROUPS: DurableObjectNamespace };

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
  expect(next).toBeGreaterThan(dead);
  expect(group.now).toBeLessThan(30_000);
});

test("the leader dies, and another one takes over: in workerd", async () => {
  const indexer = INDEXERS.getByName("next");
  const began = performance.now();
  const [dead, next] = await takeOver({
    elections: ELECTIONS,
    start: () => indexer.start(),
    isLeader: async () => indexer.isLeader(),
    settled: (promise) => promise,
    wait: () => new Promise((resolve) => setTimeout(resolve, 20)),
  });
  console.log(`against workerd it takes ${Math.ceil(performance.now() - began)} ms`);
  expect(next).toBeGreaterThan(dead);
  await evictDurableObject(indexer);
  expect(await indexer.isLeader()).toBe(true);
  // The group's object leaves memory: nobody notices.
  await electionFaults({ abortAllDurableObjects, evictDurableObject }, { namespace: GROUPS }).hibernate("search");
  expect(await indexer.isLeader()).toBe(true);
});
