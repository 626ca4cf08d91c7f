/** What the users of the checks have written. */

/** Leads twice, by both entry points for processes: `node client.mjs URL`. */
export const clientProgram = `
import { createElectionClient } from "edge-election";
import { createElectionClient as createNodeClient } from "edge-election/node";

const [url] = process.argv.slice(2);
const client = createElectionClient({ url, group: "install", process: { name: "first" } });
const epoch = await client.elect("job", (leadership) => leadership.epoch);
const second = createNodeClient({ url, group: "install", process: { name: "second", address: "http://second" } });
const leadership = await second.acquire("job");
if (!(leadership.isLeader() && leadership.epoch > epoch)) throw new Error("no second term");
for await (const leader of client.observe("job")) if (leader?.address === "http://second") break;
await leadership.close();
await client.close();
await second.close();
console.log("led twice");
`;

/** Leads until it is told to end: `ELECTIONS=URL node main.js`. */
export const serviceProgram = `
import { createElectionClient } from "edge-election/node";

const client = createElectionClient({ url: process.env.ELECTIONS, group: "service" });
await client.elect("dispatcher", ({ signal }) => new Promise((stop) => signal.addEventListener("abort", stop)));
`;

/** Takes every entry point of the package by its name. */
export const importProgram = `
import { readFile } from "node:fs/promises";
const { exports } = JSON.parse(await readFile("node_modules/edge-election/package.json", "utf8"));
const platform = ["./worker", "./react", "./package.json"];
for (const path of Object.keys(exports).filter((path) => !platform.includes(path))) {
  const names = Object.keys(await import(path.replace(".", "edge-election")));
  if (names.length === 0) throw new Error(path + " exports nothing");
}
console.log("all imported");
`;

export const pageFiles = {
  "index.html":
    '<!doctype html><title>app</title><main id="root"></main><script type="module" src="/src/main.tsx"></script>',
  "tsconfig.json": JSON.stringify({
    compilerOptions: {
      target: "es2022",
      lib: ["ES2022", "ESNext.Disposable", "DOM"],
      module: "esnext",
      moduleResolution: "bundler",
      jsx: "react-jsx",
      strict: true,
      noEmit: true,
      types: ["vite/client"],
    },
    include: ["src"],
  }),
  "src/main.tsx": `
import { createElectionClient, visibleTab } from "edge-election";
import { ElectionProvider, useLeader } from "edge-election/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

const url: string = import.meta.env["VITE_ELECTIONS"];
const client = createElectionClient({ url, group: "app", process: { name: "tab" }, priority: visibleTab() });

function Sync() {
  const { leadership, leader } = useLeader("sync");
  return <p>{leadership ? "this tab leads" : "waiting"}, {leader?.process ?? "nobody"} is published</p>;
}

const root = document.querySelector("#root");
if (root) createRoot(root).render(<StrictMode><ElectionProvider client={client}><Sync /></ElectionProvider></StrictMode>);
`,
};

export const workerFiles = {
  "wrangler.toml": `
name = "application"
main = "src/index.ts"
compatibility_date = "2026-11-02"
compatibility_flags = ["no_web_socket_compression"]

[[durable_objects.bindings]]
name = "ELECTIONS"
class_name = "ElectionGroup"

[[migrations]]
tag = "v1"
new_sqlite_classes = ["ElectionGroup"]
`,
  "src/index.ts": `
import { createElectionApp, ElectionGroup } from "edge-election/worker";
import { Hono } from "hono";

export { ElectionGroup };
export default new Hono().get("/", (context) => context.text("application")).route("/elections", createElectionApp());
`,
  "client.mjs": clientProgram,
};

/** The steps of the example, on the version of Miniflare that is the latest one which is no preview. */
export const miniflare4Program = `
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { electionFaults, electionWorker } from "edge-election/testing";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { takeOver } from "../miniflare/takeover.ts";

test("on Miniflare 4", { timeout: 60_000 }, async () => {
  const bundle = await build({
    entryPoints: [new URL("../miniflare/worker.ts", import.meta.url).pathname],
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker"],
    external: ["cloudflare:*", "node:*"],
    write: false,
  });
  const options = {
    cf: false,
    workers: [
      {
        name: "app",
        compatibilityDate: "2026-07-30",
        compatibilityFlags: ["nodejs_compat"],
        modules: [{ type: "ESModule", path: "worker.js", contents: bundle.outputFiles[0]?.text ?? "" }],
        serviceBindings: { ELECTIONS: { name: "edge-election", entrypoint: "ElectionsEntrypoint" } },
        durableObjects: { INDEXERS: { className: "Indexer", useSQLite: true } },
      },
      await electionWorker("miniflare-4", { leaseMs: 2_000 }),
    ],
  };
  const miniflare = new Miniflare(options);
  try {
    const url = await miniflare.ready;
    const ask = async (path) => (await fetch(new URL(path, url))).json();
    const elections = (await miniflare.getBindings("app")).ELECTIONS;
    const began = performance.now();
    const [dead, next] = await takeOver({
      elections,
      start: () => ask("/next/start"),
      isLeader: () => ask("/next"),
      settled: (promise) => promise,
      wait: () => setTimeout(20),
    });
    console.log("against workerd it takes " + Math.ceil(performance.now() - began) + " ms");
    assert.ok(next > dead);
    const faults = electionFaults(miniflare, { options });
    // On a busy machine so short a lease may end meanwhile: then the object leads again.
    const leads = async () => {
      const address = await miniflare.ready;
      while (!(await (await fetch(new URL("/next", address))).json())) await setTimeout(20);
    };
    await faults.hibernate("search");
    await leads();
    await faults.hibernate("search"); // it has left memory already
    await elections.electionStatus("search", "process");
    await faults.evict("search");
    await leads();
    await faults.replace();
    await leads();
  } finally {
    await miniflare.dispose();
  }
});
`;
