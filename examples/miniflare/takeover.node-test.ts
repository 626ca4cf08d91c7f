/** `node --import edge-election/testing/cloudflare-workers --test takeover.node-test.ts` */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { createTestGroup, electionFaults, electionWorker } from "edge-election/testing";
import type { Elections } from "edge-election/worker";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { takeOver } from "./takeover.ts";
import { Indexer } from "./worker.ts";

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

test("the leader dies, and another one takes over: on Miniflare", async () => {
  const bundle = await build({
    entryPoints: [new URL("worker.ts", import.meta.url).pathname],
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker"],
    external: ["cloudflare:*", "node:*"],
    write: false,
  });
  const miniflare = new Miniflare({
    cf: false,
    workers: [
      {
        config: {
          name: "app",
          compatibilityDate: "2026-11-02",
          manifest: {
            mainModule: "worker.js",
            modulesRoot: "/",
            modules: { "worker.js": { type: "esm", contents: bundle.outputFiles[0]?.text ?? "" } },
          },
          env: {
            ELECTIONS: { type: "worker", worker: "edge-election", exportName: "ElectionsEntrypoint" },
            INDEXERS: { type: "durable-object", worker: "app", exportName: "Indexer" },
          },
          exports: { Indexer: { type: "durable-object", storage: "sqlite" } },
        },
      },
      await electionWorker("miniflare", { leaseMs: 2_000 }),
    ],
  });
  try {
    const url = await miniflare.ready;
    const { ELECTIONS } = await miniflare.getBindings<{ ELECTIONS: Elections }>();
    const ask = async (path: string): Promise<boolean> => (await fetch(new URL(path, url))).json() as Promise<boolean>;
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
    // The group's object leaves memory: nobody notices.
    await electionFaults(miniflare).hibernate("search");
    assert.equal(await ask("/next"), true);
  } finally {
    await miniflare.dispose();
  }
});
