/** The built package, as a user gets it, against the production bundle on a real port. */

import { afterEach, beforeEach, expect, test } from "vitest";
import type { ElectionClient, Leadership } from "../../client/index.ts";
import { type LocalBackend, startLocalBackend } from "../../tools/harness/backend.ts";
import { importNodeClient } from "../../tools/harness/built.ts";
import { runNode } from "../../tools/harness/child-process.ts";
import { candidate } from "../../tools/harness/cluster.ts";

const { createElectionClient } = await importNodeClient();

const EIGHT = Array.from({ length: 8 }, (_, index) => `component-${index}`);

let backend: LocalBackend;
const clients: ElectionClient[] = [];

beforeEach(async () => {
  backend = await startLocalBackend({ bindings: { OPEN_MODE: "loopback" } });
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await backend.stop();
});

function join(group: string, name: string): ElectionClient {
  const client = createElectionClient({ url: backend.url, group, process: { name }, signals: false });
  clients.push(client);
  return client;
}

/** A counter or gauge of the group, as the server reports it. */
async function metric(group: string, name: string): Promise<number> {
  const text = await (await fetch(`${backend.url}/v1/groups/${group}/metrics`)).text();
  return Number(new RegExp(`^edge_election_${name}\\{.*\\} (\\d+)$`, "m").exec(text)?.[1]);
}

/** Resolves with one leadership for each component. */
const grants = (client: ElectionClient, components: readonly string[]): Promise<Leadership[]> =>
  Promise.all(
    components.map((component) => new Promise<Leadership>((onGrant) => client.contend(component, { onGrant }))),
  );

test("[C2] [G1] [D3] one socket carries all components of a process, in every kind of election", async () => {
  const client = join("sockets", "one");
  const watching = client.observe("component-0");
  const [leaderships, audit] = await Promise.all([
    grants(client, EIGHT),
    client.acquire("audit", { election: "dedicated" }),
  ]);
  expect((await watching.next()).done).toBe(false);
  expect(new Set(leaderships.map(({ leaderSessionId }) => leaderSessionId)).size).toBe(1);
  expect(new Set(leaderships.map(({ epoch }) => epoch)).size).toBe(1);
  expect(audit.leaderSessionId).not.toBe(leaderships[0]?.leaderSessionId);
  expect(await metric("sockets", "upgrades_total")).toBe(1);
  expect(await metric("sockets", "sessions")).toBe(1);
  await Promise.all([watching.return(), audit.close()]);
});

test("[C1] [C7] [O1] a hand-over by resign moves every component, and observers follow", async () => {
  const [first, second, observer] = [join("move", "first"), join("move", "second"), join("move", "observer")];
  const [leading] = await grants(first, EIGHT);
  await leading?.confirm("http://first");
  const seen: (string | null)[] = [];
  const watching = (async () => {
    for await (const leader of observer.observe(EIGHT[0] ?? "")) {
      seen.push(leader?.process ?? null);
      if (leader?.process === "second") return;
    }
  })();
  const moved = grants(second, EIGHT);
  await candidate(backend.url, "move", "second");
  await first.resign();
  const [next] = await moved;
  await next?.confirm("http://second");
  await watching;
  expect(seen.at(-1)).toBe("second");
  expect(seen.at(-2)).toBe(null);
  expect(next?.epoch).toBeGreaterThan(leading?.epoch ?? 0);
  expect(leading?.isLeader()).toBe(false);
  expect(await first.getLeader(EIGHT[0] ?? "")).toMatchObject({ process: "second", address: "http://second" });
  expect((await first.getStatus()).elections[0]?.leader?.process).toBe("second");
});

test("[E1] [E3] a refused connection leaves the client usable, and its error is typed and retryable", async () => {
  const { port } = backend;
  await backend.stop();
  const client = createElectionClient({ url: `http://127.0.0.1:${port}`, group: "late", signals: false });
  clients.push(client);
  expect(client.state).toBe("idle");
  const failed = new Promise((resolve) => client.onError(resolve));
  const granted = grants(client, ["a"]);
  expect(await failed).toMatchObject({ retryable: true });
  backend = await startLocalBackend({ bindings: { OPEN_MODE: "loopback" }, port });
  expect((await granted)[0]?.isLeader()).toBe(true);
});

test("[C10] [X6] a closed client has handed over, and refuses everything afterwards", async () => {
  const [first, second] = [join("closing", "first"), join("closing", "second")];
  await grants(first, ["a"]);
  const next = grants(second, ["a"]);
  await candidate(backend.url, "closing", "second");
  await first.close();
  expect((await next)[0]?.isLeader()).toBe(true);
  const closed = expect.objectContaining({ code: "client_closed", retryable: false });
  expect(() => first.contend("a")).toThrow(closed);
  await expect(first.acquire("a")).rejects.toThrow(closed);
});

test("[G1] [C4] [N5] the demo runs by itself, checks what it prints, can be watched, and exits with 0", async () => {
  const demo = runNode("examples/demo/main.ts", ["--watch"]);
  const [, dashboard = ""] = await demo.whenWritten(/Watch them at (http:\S+),/);
  expect((await fetch(dashboard)).status).toBe(200);
  expect(demo.output()).toContain(`Its dashboard: ${dashboard}\n`);
  demo.child.kill("SIGINT");
  const { code } = await demo.ended;
  expect(demo.output()).toContain("All checks passed.");
  expect(demo.output()).not.toContain("FAIL");
  expect(code).toBe(0);
});
