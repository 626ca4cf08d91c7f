/** What is wrong with a Worker's configuration is told in a sentence, by the answer that its users get. */
import { Miniflare, type MiniflareOptions } from "miniflare";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CLOSE } from "../../../shared/protocol/close-codes.ts";
import { importTestingKit } from "../../../tools/harness/built.ts";
import { inRepository } from "../../../tools/paths.ts";
import { bundled } from "./stage.ts";

const { electionWorker } = await importTestingKit();

type Worker = MiniflareOptions["workers"][number];

/** The shipped Worker, with another configuration. */
async function misused(name: string, change: (config: Worker["config"]) => object): Promise<Worker> {
  const { config } = await electionWorker("miniflare", { name });
  return { config: { ...config, ...change(config) } };
}

const groups = (worker: string) => ({ type: "durable-object", worker, exportName: "ElectionGroup" }) as const;
const open = { OPEN_MODE: { type: "text", value: "loopback" } } as const;

const misuses = {
  "no SQLite": {
    worker: misused("no SQLite", () => ({
      exports: { ElectionGroup: { type: "durable-object", storage: "legacy-kv" } },
    })),
    says: "ElectionGroup needs SQLite: new_sqlite_classes in wrangler's migrations, useSQLite or storage: sqlite for Miniflare",
  },
  "another name": {
    worker: misused("another name", () => ({ env: { GROUPS: groups("another name"), ...open } })),
    says: "this Worker has no binding of its groups by the name ELECTIONS: bind the class ElectionGroup by this name",
  },
  "an old date": {
    worker: misused("an old date", () => ({ compatibilityDate: "2024-04-02", compatibilityFlags: ["nodejs_compat"] })),
    says: "this Worker can't call its objects: set compatibility_date to 2026-08-04 or later, or to 2024-04-03 and nodejs_compat",
  },
};

/** A user's Worker that binds the shipped one without its entrypoint. It answers with what its job ends with. */
async function caller(): Promise<Worker> {
  const contents = await bundled({
    stdin: {
      resolveDir: inRepository("worker"),
      contents: `
    import { runIfLeader } from "./index.ts";
    const job = { group: "a", component: "nightly" };
    export default {
      fetch: (_, { ELECTIONS }) =>
        runIfLeader(ELECTIONS, job, () => {}).catch(({ code, message, retryable }) => Response.json({ code, message, retryable })),
    };
  `,
    },
  });
  return {
    config: {
      name: "no entrypoint",
      compatibilityDate: "2026-11-02",
      manifest: { mainModule: "caller.js", modulesRoot: "/", modules: { "caller.js": { type: "esm", contents } } },
      env: { ELECTIONS: { type: "worker", worker: "no SQLite" } },
    },
  };
}

let miniflare: Miniflare;
beforeAll(async () => {
  miniflare = new Miniflare({
    cf: false,
    workers: await Promise.all([...Object.values(misuses).map(({ worker }) => worker), caller()]),
  });
  await miniflare.ready;
});
afterAll(() => miniflare.dispose());

test.each(Object.entries(misuses))(
  "[E14] %s: the answer, and the reason of a page's close, name the remedy",
  async (name, { says }) => {
    const worker = await miniflare.getWorker(name);
    const answer = await worker.fetch("http://localhost/v1/groups/a");
    expect([answer.status, await answer.json()]).toEqual([503, { error: { code: "misconfigured", message: says } }]);
    const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": "edge-election.v1", Origin: "http://localhost" };
    const { webSocket } = await worker.fetch("http://localhost/v1/groups/a/session", { headers });
    const closed = new Promise((resolve) => {
      webSocket?.addEventListener("close", ({ code, reason }) => resolve([code, reason]));
    });
    webSocket?.accept();
    expect(await closed).toEqual([CLOSE.tryLater, says]);
  },
);

test("[E14] a binding without the entrypoint: the caller's error names it, and no retry helps", async () => {
  const worker = await miniflare.getWorker("no entrypoint");
  expect(await (await worker.fetch("http://localhost/")).json()).toEqual({
    code: "misconfigured",
    message:
      "what the binding leads to has no elections: bind the entrypoint ElectionsEntrypoint of the Worker that has the groups",
    retryable: false,
  });
});

test("[E14] a date before node:crypto was there: the Worker does not start, and says why", async () => {
  const worker = await misused("too old", () => ({ compatibilityDate: "2026-06-01", compatibilityFlags: [] }));
  const old = new Miniflare({ cf: false, workers: [worker] });
  const says = "edge-election needs node:crypto: set the Worker's compatibility_date to 2026-08-04 or later";
  await expect(old.ready).rejects.toThrow(says);
  await old.dispose().catch(() => {});
});
