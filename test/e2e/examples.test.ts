/** Every example, started as its readers would: bundled Workers on the real runtime, real processes. */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { createTestHarness, type TestHarness } from "wrangler";
import { startLocalBackend } from "../../tools/harness/backend.ts";
import { importNodeClient } from "../../tools/harness/built.ts";
import { runNode } from "../../tools/harness/child-process.ts";
import { candidate } from "../../tools/harness/cluster.ts";
import { portOf, recordedPath } from "../../tools/harness/recorder.ts";
import { failures } from "../support/failures.ts";

const { createElectionClient } = await importNodeClient();

const execute = promisify(execFile);
const pathOf = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));

async function harness(...configurations: readonly string[]): Promise<TestHarness> {
  const server = createTestHarness({ workers: configurations.map((file) => ({ configPath: pathOf(file) })) });
  onTestFinished(() => server.close());
  await server.listen();
  return server;
}

test("[PC4] worker-cron: a nightly job that is triggered in many places runs once a night", async () => {
  const server = await harness("examples/worker-cron/wrangler.toml", "dist/wrangler.toml");
  const worker = server.getWorker("nightly-report");
  const reports = async (): Promise<string[]> => JSON.parse(await (await server.fetch("/")).text());
  for (let night = 1; night <= 2; night += 1) {
    const scheduledTime = new Date();
    const trigger = () => worker.scheduled({ cron: "0 3 * * *", scheduledTime });
    for (const result of await Promise.all(Array.from({ length: 6 }, trigger))) expect(result.outcome).toBe("ok");
    await trigger();
    expect(await reports()).toHaveLength(night);
  }
});

test("durable-contender: one object works, and another one follows when it stops", async () => {
  const server = await harness("examples/durable-contender/wrangler.toml");
  const say = async (path: string): Promise<string> => (await server.fetch(path, { method: "POST" })).text();
  await say("/a/start");
  await say("/b/start");
  expect(await say("/a/index")).toContain("indexed a document with epoch");
  expect(await say("/b/index")).toBe("not the leader");
  await say("/a/stop");
  await expect.poll(() => say("/b/index")).toContain("indexed");
  expect(await say("/a/index")).toBe("not the leader");
});

test("hono-app: an app of one's own, with the elections under a path", async () => {
  const server = await harness("examples/hono-app/wrangler.toml");
  const { url } = await server.listen();
  expect(await (await server.fetch("/")).text()).toBe("Nothing but a shop.");
  await using path = await recordedPath(portOf(url.href));
  await using client = createElectionClient({ url: `${path.url}/elections`, group: "fast/checkout", signals: false });
  await using leadership = await client.acquire("cashier");
  expect(leadership.remainingMs()).toBeLessThanOrEqual(1_600);
  expect((await client.getStatus()).elections[0]?.state).toBe("leading");
  const page = await server.fetch("/elections");
  expect(await page.text()).toContain('src="./elections/dashboard/dashboard.js"');
  expect(page.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
  expect(await (await server.fetch("/elections/dashboard/dashboard.js")).text()).toContain("import.meta.url");
  await expect
    .poll(async () => (await server.fetch("/elections/v1/groups")).json())
    .toMatchObject({
      groups: [{ group: "fast/checkout", summary: { led: 1 } }],
    });
});

const whenEnded = async (program: string, parameters: readonly string[], folder: string): Promise<string> => {
  const environment = {
    ...process.env,
    NO_COLOR: "1",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_SEND_METRICS: "false",
  };
  const { stdout } = await execute(program, parameters, { cwd: pathOf(folder), env: environment });
  return stdout;
};

test.each(["miniflare", "wrangler-harness"])(
  "%s: on virtual time and in workerd, another one takes over",
  async (name) => {
    const parameters = ["--import", "edge-election/testing/cloudflare-workers", "--test", "takeover.node-test.ts"];
    expect(await whenEnded(process.execPath, parameters, `examples/${name}`)).toMatch(/pass 2\n.*fail 0/);
  },
);

test("vitest-plugin: on virtual time and in workerd, another one takes over", async () => {
  const parameters = [pathOf("node_modules/vitest/vitest.mjs"), "run"];
  expect(await whenEnded(process.execPath, parameters, "examples/vitest-plugin")).toMatch(/Tests +2 passed/);
});

test("[E11] failures: each is made by a program of its own, and the client says what the tests expect of it", async () => {
  const output = await whenEnded(process.execPath, ["main.ts"], "examples/failures");
  const lines = output.trimEnd().split("\n");
  expect(lines).toHaveLength(failures.length);
  for (const { what, node, page } of failures) {
    const { code, says } = node ?? page;
    expect(lines.find((line) => line.startsWith(`${what}: ${code}: `))).toMatch(says);
  }
});

test("node-job: one process works, and the other goes on at once when a signal ends that one", async () => {
  await using backend = await startLocalBackend({ bindings: { OPEN_MODE: "loopback" } });
  const first = runNode("examples/node-job/main.ts", [backend.url, "first"]);
  await first.whenWritten(/first works with epoch (\d+)/);
  const second = runNode("examples/node-job/main.ts", [backend.url, "second"]);
  onTestFinished(async () => {
    second.child.kill("SIGKILL");
    await second.ended;
  });
  await candidate(backend.url, "warehouse", "second");
  first.child.kill("SIGTERM");
  await second.whenWritten(/second works with epoch (\d+)/);
  expect(await first.ended).toEqual({ code: null, signal: "SIGTERM" });
  expect(first.output()).toContain("first has stopped");
});
