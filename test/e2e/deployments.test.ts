/** Two deployments behind one address, on the real runtime: a group of the same name in each. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { freePort } from "../../cli/backend/free-port.ts";
import { statusOf } from "../../tools/harness/backend-answers.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { PATIENCE_MS } from "../../tools/harness/patience.ts";
import { startProxy } from "../../tools/harness/proxy.ts";
import type { Runtime } from "../../tools/harness/runtime.ts";
import { editedVersion, serveSkewed, type Version } from "../../tools/harness/versions.ts";

const GROUP = "deployments";
/** No lease and no drain is to end. */
const BINDINGS = { LEASE_MS: "60000", DRAIN_MS: "50000" };
const cleanup = new AsyncDisposableStack();
let version: Version;

beforeAll(async () => {
  version = await editedVersion("present", [], cleanup.use(await temporaryFolder()).path);
});
afterAll(() => cleanup.disposeAsync());

async function deploy(uniqueKey: string): Promise<Runtime & { readonly port: number }> {
  const folder = cleanup.use(await temporaryFolder());
  const port = await freePort();
  const pair = { worker: version, object: version };
  const runtime = await serveSkewed({ ...pair, folder: folder.path, port, bindings: BINDINGS, uniqueKey });
  return { ...cleanup.use(runtime), port };
}

const deploymentAt = async ({ url }: Runtime, group: string): Promise<string> =>
  (await statusOf(url, group)).deployment;

test("[E15] [S7] a leader that meets another deployment says so, and stops before it leads there", async () => {
  const [one, two] = await Promise.all([deploy("one"), deploy("two")]);
  const [first, second] = await Promise.all([deploymentAt(one, GROUP), deploymentAt(two, GROUP)]);
  expect([first, second]).toEqual([expect.stringMatching(/^[\w-]{22}$/), expect.stringMatching(/^[\w-]{22}$/)]);
  expect(new Set([first, second, await deploymentAt(one, "another")]).size).toBe(3);
  const proxy = await startProxy(one.port);
  cleanup.defer(() => proxy.close());
  const client = version.createElectionClient({ url: proxy.url, group: GROUP, signals: false });
  cleanup.defer(() => client.close());
  const steps: string[] = [];
  const errors: { code: string; message: string }[] = [];
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  client.onError((error) => void errors.push(error as { code: string; message: string }));
  client.contend("x", {
    onGrant: () => void steps.push("starts"),
    onRevoke: () => {
      steps.push("stops");
      return stopped;
    },
  });
  const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: PATIENCE_MS, interval: 20 });
  await until(() => expect(steps).toEqual(["starts"]));
  proxy.reset();
  await until(() => expect([errors.length, client.state]).toEqual([1, "connected"]));
  proxy.lead(two.port);
  proxy.reset();
  // The group of the other deployment has the client, and nobody to wait for.
  await until(async () => expect((await statusOf(two.url, GROUP)).sessions).toBe(1));
  await until(() => expect(steps).toEqual(["starts", "stops"]));
  expect(errors.find(({ code }) => code === "other_deployment")).toMatchObject({
    retryable: true,
    message: expect.stringContaining(`another deployment now (${second}; earlier: ${first})`),
  });
  await until(async () => expect((await statusOf(two.url, GROUP)).elections).toMatchObject([{ state: "vacant" }]));
  expect(steps).toEqual(["starts", "stops"]);
  stop();
  await until(() => expect(steps).toEqual(["starts", "stops", "starts"]));
  expect(client.health()).toMatchObject({ status: "ok", leads: [{ component: "x" }] });
  // Each deployment counts a leader of its own: what no fence can tell apart.
  expect((await statusOf(one.url, GROUP)).elections).toMatchObject([{ state: "leading" }]);
  await until(async () => expect((await statusOf(two.url, GROUP)).elections).toMatchObject([{ state: "leading" }]));
});
