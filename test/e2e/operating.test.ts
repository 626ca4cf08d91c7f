/** What operators see of real processes, while the backend dies and comes back. */

import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { startLocalBackend } from "../../tools/harness/backend.ts";
import { bodyOf } from "../../tools/harness/backend-answers.ts";
import { runNode } from "../../tools/harness/child-process.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import { PATIENCE_MS } from "../../tools/harness/patience.ts";

const PATIENCE = { timeout: PATIENCE_MS, interval: 50 };
const bindings = { OPEN_MODE: "loopback", LEASE_MS: "4000", LOG_LEVEL: "error" };

/** Every counter of the group by its series. */
async function countersOf(backend: string): Promise<Map<string, number>> {
  const text = await (await fetch(`${backend}/v1/groups/g/metrics`)).text();
  const lines = text.split("\n").filter((line) => /_total\{/.test(line));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}

test("[N5] a killed backend: a leader without it is degraded, fails its health check after a lease, and is well again when it is back; counters outlive it", async () => {
  await using folder = await temporaryFolder();
  const options = { bindings, dataDir: join(folder.path, "data") };
  await using first = await startLocalBackend(options);
  const leader = runNode("test/support/health.main.ts", [first.url], {});
  try {
    const [, port] = await leader.whenWritten(/listening on (\d+)/);
    const probe = async () => {
      const response = await fetch(`http://127.0.0.1:${port}/`);
      return { status: response.status, body: await bodyOf<Record<string, unknown>>(response) };
    };
    const leads = [expect.objectContaining({ component: "dispatcher", election: "process" })];
    const published = async () => (await fetch(`${first.url}/v1/groups/g/leaders/dispatcher`)).status;
    await vi.waitFor(async () => expect(await published()).toBe(200), PATIENCE);
    expect(await probe()).toMatchObject({ status: 200, body: { status: "ok", state: "connected", leads } });
    const before = await countersOf(first.url);
    expect(before.get('edge_election_terms_started_total{group="g"}')).toBe(1);

    await first.kill();
    await vi.waitFor(async () => {
      const { status, body } = await probe();
      expect({ status, body }).toMatchObject({
        status: 200,
        body: { status: "degraded", disconnectedMs: expect.any(Number), lastError: { code: expect.any(String) } },
      });
    }, PATIENCE);
    await vi.waitFor(async () => {
      const { status, body } = await probe();
      expect({ status, body }).toMatchObject({
        status: 503,
        body: { status: "failing", leads: [], waits: ["dispatcher"] },
      });
      expect(body["disconnectedMs"]).toBeGreaterThan(4_000);
    }, PATIENCE);
    await using second = await startLocalBackend({ ...options, port: first.port });
    await vi.waitFor(async () => {
      expect(await probe()).toMatchObject({ status: 200, body: { status: "ok", leads } });
    }, PATIENCE);
    const after = await countersOf(second.url);
    for (const [series, value] of before) {
      // What came after the last row of the group is the tail: frames, and the row that can't count itself.
      if (!/frames|rows|commits/.test(series)) expect(after.get(series), series).toBeGreaterThanOrEqual(value);
    }
    expect(after.get('edge_election_wakes_total{group="g"}')).toBe(2);
  } finally {
    leader.child.kill("SIGKILL");
    await leader.ended;
  }
});
