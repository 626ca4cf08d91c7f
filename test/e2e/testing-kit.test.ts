/** `edge-election/testing` as a user gets it: packed, installed, with the runtime and without. */
import { build } from "esbuild";
import { expect, test } from "vitest";
import { createElectionClient } from "../../client/node/index.ts";
import { importTestingKit } from "../../tools/harness/built.ts";
import { portOf, recordedPath } from "../../tools/harness/recorder.ts";
import { globalsTouchedBy } from "../../tools/size.ts";
import { packedProject } from "../support/packed.ts";
import { wrong } from "../support/wrong.ts";

const { startLocalBackend } = await importTestingKit();
const DIST = new URL("../../dist/testing/index.js", import.meta.url).pathname;

test("[N5] the packed package starts the real backend, restarts it, and leaves nothing behind", async () => {
  await using project = await packedProject();
  await project.install("workerd");
  const output = await project.run(`
    import { createElectionClient } from "edge-election";
    import { startLocalBackend } from "edge-election/testing";
    const backend = await startLocalBackend({ leaseMs: 20000 });
    const client = createElectionClient({ url: backend.url, group: "packed" });
    const leadership = await client.acquire("x");
    await backend.restart();
    await leadership.confirm("tcp://here");
    const leader = await client.getLeader("x");
    await leadership.close();
    await client.close();
    await backend.stop();
    const isGone = await fetch(backend.url).then(() => false, () => true);
    console.log(JSON.stringify({ same: leader.leaderSessionId === leadership.leaderSessionId, isGone }));
  `);
  expect(JSON.parse(output)).toEqual({ same: true, isGone: true });
  expect(await project.leftovers()).toEqual([]);
});

test("the packed package runs a group in memory with nothing else installed, and names what the backend needs", async () => {
  await using project = await packedProject();
  const output = await project.run(`
    import { createTestGroup, startLocalBackend } from "edge-election/testing";
    const group = createTestGroup();
    const leadership = await group.settled(group.client().acquire("x"));
    const problem = await startLocalBackend().catch((error) => error.message);
    console.log(JSON.stringify({ leads: leadership.isLeader(), problem }));
  `);
  expect(JSON.parse(output)).toEqual({
    leads: true,
    problem: "The local runtime is missing: install it with `npm install --save-dev workerd`.",
  });
  expect(await project.leftovers()).toEqual([]);
});

test("[S5] kill stops it, restart goes on with what was stored, stop may be called twice", async () => {
  await using backend = await startLocalBackend({ leaseMs: 2_000, settings: { DRAIN_MS: "1000" } });
  await using path = await recordedPath(portOf(backend.url));
  const options = { url: path.url, group: "kept", signals: false } as const;
  const epochs: number[] = [];
  for (let round = 0; round < 2; round++) {
    await using client = createElectionClient(options);
    const leadership = await client.acquire("x");
    epochs.push(leadership.epoch);
    await leadership.close();
    await client.close();
    if (round > 0) continue;
    await backend.kill();
    await expect(fetch(backend.url)).rejects.toThrow();
    await backend.restart();
  }
  expect(epochs[1]).toBeGreaterThan(epochs[0] ?? Infinity);
  await backend.stop();
  await backend.stop();
});

test.each([
  [{ leaseMs: 1_999 }, "leaseMs must be a whole number of milliseconds, 2000 or more; it is 1999"],
  [{ drainMs: -1 }, "drainMs must be a whole number of milliseconds, 0 or more; it is -1"],
  [{ preemptCooldownMs: 0.5 }, "preemptCooldownMs must be a whole number of milliseconds, 0 or more; it is 0.5"],
  [{ port: "8787" }, "port is unknown: the options are leaseMs, drainMs, preemptCooldownMs, settings"],
  [{ settings: "LEASE_MS=5000" }, 'settings must be an object; it is "LEASE_MS=5000"'],
])("%o is refused", async (options, message) => {
  await expect(startLocalBackend(wrong(options))).rejects.toThrow(
    expect.objectContaining({ name: "TypeError", message }),
  );
});

test("a bundle for browsers holds the group without Node, and importing it touches no global", async () => {
  const bundle = async (format: "esm" | "iife") => {
    const { outputFiles } = await build({
      entryPoints: [DIST],
      bundle: true,
      write: false,
      format,
      platform: "browser",
      logLevel: "silent",
    });
    return outputFiles[0]?.text ?? "";
  };
  expect(await bundle("esm")).not.toMatch(/from\s*"node:|require\("node:/);
  expect(globalsTouchedBy(await bundle("iife"))).toEqual([]);
});
