/** Miniflare with two Workers: the shipped one, and the user's, which binds it. */
import { type BuildOptions, build } from "esbuild";
import { Miniflare, type MiniflareOptions } from "miniflare";
import { createElectionClient } from "../../../client/node/index.ts";
import type { ElectionFaults, ElectionWorkerOptions } from "../../../testing/index.ts";
import { workerTarget } from "../../../tools/bundle-worker.ts";
import { importTestingKit } from "../../../tools/harness/built.ts";
import { PATIENCE_MS } from "../../../tools/harness/patience.ts";
import { type FaultyProxy, startProxy } from "../../../tools/harness/proxy.ts";
import { portOf, recordedPath } from "../../../tools/harness/recorder.ts";
import { inRepository } from "../../../tools/paths.ts";
import type { Stage } from "../scenarios.ts";

const { electionFaults, electionWorker } = await importTestingKit();

/** D where a lease is to end. */
export const SHORT_LEASE_MS = 2_000;
const LONG_LEASE_MS = 60_000;
const TURN_MS = 20;

/** A user's Worker as it is deployed. */
export async function bundled(entry: BuildOptions): Promise<string> {
  const { outputFiles } = await build({ ...entry, ...workerTarget, write: false });
  return outputFiles[0]?.text ?? "";
}

const app = bundled({ entryPoints: [inRepository("test/local/app.ts")] });

/** The user's Worker, with an object of its own, a database and a bucket. */
async function shop(): Promise<MiniflareOptions["workers"][number]> {
  return {
    config: {
      name: "shop",
      compatibilityDate: "2026-11-02",
      manifest: {
        mainModule: "shop.js",
        modulesRoot: "/",
        modules: { "shop.js": { type: "esm", contents: await app } },
      },
      env: {
        ELECTIONS: { type: "worker", worker: "edge-election", exportName: "ElectionsEntrypoint" },
        INDEXERS: { type: "durable-object", worker: "shop", exportName: "Indexer" },
        DATABASE: { type: "d1", id: "database" },
        BUCKET: { type: "r2", name: "bucket" },
      },
      exports: { Indexer: { type: "durable-object", storage: "sqlite" } },
    },
  };
}

export interface Town extends AsyncDisposable {
  readonly miniflare: Miniflare;
  readonly faults: ElectionFaults;
  /** The address of the shipped Worker. */
  readonly url: string;
  /** Asks the user's Worker. */
  ask<T>(path: string): Promise<T>;
}

/** `folder`: where everything is kept; without it, nowhere. */
export async function startTown(settings: ElectionWorkerOptions = {}, folder?: string): Promise<Town> {
  const options: MiniflareOptions = {
    cf: false,
    ...(folder !== undefined && { resourcePersistencePath: folder }),
    workers: [await electionWorker("miniflare", { leaseMs: LONG_LEASE_MS, ...settings }), await shop()],
  };
  const miniflare = new Miniflare(options);
  const path = await recordedPath(portOf((await miniflare.ready).href));
  const worker = await miniflare.getWorker("shop");
  return {
    miniflare,
    url: path.url,
    faults: electionFaults(miniflare, { options }),
    async ask<T>(path: string) {
      const answer = await worker.fetch(`http://shop.example${path}`);
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
      return JSON.parse(text) as T;
    },
    async [Symbol.asyncDispose]() {
      await miniflare.dispose();
      await path[Symbol.asyncDispose]();
    },
  };
}

/** Looks again and again until it is so. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited in vain for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, TURN_MS));
  }
}

let stages = 0;

/** One scenario: its own objects, in the group of app.ts, which is empty again at its end. */
export async function openStage({ url, ask, miniflare }: Town): Promise<Stage> {
  stages += 1;
  const closings: (() => Promise<unknown>)[] = [];
  const proxies = new Map<unknown, FaultyProxy>();
  const ready = await Promise.all([1, 2].map(() => startProxy(Number(new URL(url).port))));
  return {
    indexer(given) {
      const name = `${given}-${stages}`;
      const tell = async (method: string): Promise<void> => void (await ask(`/indexers/${name}/${method}`));
      closings.push(() => tell("stop"));
      return {
        start: () => tell("start"),
        stop: () => tell("stop"),
        look: () => ask(`/indexers/${name}/look`),
        hibernate: () => miniflare.unsafeEvictDurableObject("shop", "Indexer", { name, webSockets: "hibernate" }),
      };
    },
    nightly: (since) => ask(`/nightly?since=${since}`),
    async cron(scheduledTime) {
      const worker = await miniflare.getWorker("shop");
      const { outcome } = await worker.scheduled({ scheduledTime: new Date(scheduledTime) });
      if (outcome !== "ok") throw new Error(`the scheduled event ended with ${outcome}`);
    },
    now: () => Date.now(),
    tab(name) {
      const proxy = ready.pop();
      if (proxy === undefined) throw new Error("there are two tabs at most");
      const tab = createElectionClient({ url: proxy.url, group: "shop", process: { name }, signals: false });
      proxies.set(tab, proxy);
      closings.unshift(() => {
        proxy.heal();
        return tab.close();
      });
      return tab;
    },
    partition: (tab) => proxies.get(tab)?.partition("up", "down"),
    settled: (promise) => promise,
    until,
    async [Symbol.asyncDispose]() {
      for (const close of closings) await close();
      await Promise.all([...ready, ...proxies.values()].map((proxy) => proxy.close()));
    },
  };
}
