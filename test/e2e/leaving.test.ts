/** How real processes end: by signals, by themselves, at once. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Contender, ElectionClient } from "../../client/index.ts";
import { type LocalBackend, startLocalBackend } from "../../tools/harness/backend.ts";
import { CLIENT_ENTRY, importNodeClient, NODE_ENTRY } from "../../tools/harness/built.ts";
import { candidate } from "../../tools/harness/cluster.ts";
import { listen } from "../../tools/harness/loopback.ts";
import { startProxy } from "../../tools/harness/proxy.ts";
import type { LeavingConfig } from "../support/leaving.main.ts";
import type { ScopesConfig } from "../support/scopes.main.ts";

/** Far longer than any test waits: what waits for a lease here never comes. */
const LEASE_MS = 3_600_000;
const PROGRAM = fileURLToPath(new URL("../support/leaving.main.ts", import.meta.url));
const SCOPES = fileURLToPath(new URL("../support/scopes.main.ts", import.meta.url));
const { createElectionClient } = await importNodeClient();

let backend: LocalBackend;
const standbys: ElectionClient[] = [];
const children: ChildProcess[] = [];

beforeAll(async () => {
  backend = await startLocalBackend({ bindings: { OPEN_MODE: "loopback", LEASE_MS: String(LEASE_MS) } });
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await Promise.all(standbys.splice(0).map((client) => client.close()));
});
afterAll(() => backend.stop());

/** A process that leads, and what it prints. */
async function leader(config: Omit<LeavingConfig, "entry" | "url"> & Partial<LeavingConfig>, how?: How) {
  const full: LeavingConfig = { entry: NODE_ENTRY, url: backend.url, ...config };
  return start(PROGRAM, full, how);
}

interface How {
  /** In a namespace of processes of its own, as in a container: the kernel drops a signal that PID 1 sends to itself. */
  readonly isInit: true;
}

const INIT = ["unshare", "--map-root-user", "--pid", "--fork", "--kill-child"] as const;

/** The one process that this one has started: `unshare` itself passes no signal on. */
const onlyChildOf = (pid: number): number => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim());

async function start(program: string, config: LeavingConfig | ScopesConfig, how?: How) {
  const [command, ...parameters] = [...(how ? INIT : []), process.execPath, program, JSON.stringify(config)];
  const child = spawn(command, parameters, { stdio: ["pipe", "pipe", "pipe"] });
  children.push(child);
  const kill = (signal: NodeJS.Signals): void => {
    if (child.pid !== undefined) process.kill(how ? onlyChildOf(child.pid) : child.pid, signal);
  };
  const lines: string[] = [];
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => errors.push(line));
  const ended = new Promise<[code: number | null, signal: NodeJS.Signals | null]>((resolve) => {
    child.once("close", (code, signal) => resolve([code, signal]));
  });
  const output = createInterface({ input: child.stdout });
  output.on("line", (line) => lines.push(line));
  const said = async (line: string): Promise<void> => {
    while (!lines.includes(line)) await once(output, "line");
  };
  await said("leads");
  return { child, kill, lines, errors, ended, said };
}

/** Another process that waits to lead; `granted` resolves when it does. */
async function standby(
  group: string,
  component = "x",
): Promise<{ readonly granted: Promise<void>; readonly contender: Contender }> {
  const client = createElectionClient({ url: backend.url, group, process: { name: "standby" }, signals: false });
  standbys.push(client);
  const { promise: granted, resolve } = Promise.withResolvers<void>();
  const contender = client.contend(component, { onGrant: () => resolve() });
  await candidate(backend.url, group, "standby");
  return { granted, contender };
}

test("[S8] [N3] two clients of one process: SIGTERM hands both over, and then ends the process", async () => {
  const groups = ["signal-1", "signal-2"];
  const { child, ended, lines } = await leader({ groups, ending: "stay" });
  const others = await Promise.all(groups.map((group) => standby(group)));
  child.kill("SIGTERM");
  expect(await ended).toEqual([null, "SIGTERM"]);
  expect(lines.filter((line) => line === "revoked")).toHaveLength(2);
  for (const { granted } of others) await granted;
});

test("[S8] a second signal ends a process that drains for too long at once", async () => {
  const { child, ended, said, lines } = await leader({ groups: ["twice-1", "twice-2"], ending: "hang" });
  child.kill("SIGINT");
  await said("revoked");
  child.kill("SIGTERM");
  expect(await ended).toEqual([null, "SIGTERM"]);
  expect(lines).not.toContain("closed");
});

test("[X7] as PID 1 it ends by its own exit code: 128 plus the number of the signal", async () => {
  const { kill, ended, lines } = await leader({ groups: ["init"], ending: "stay" }, { isInit: true });
  const { granted } = await standby("init");
  kill("SIGTERM");
  expect([await ended, lines]).toEqual([
    [128 + constants.signals.SIGTERM, null],
    ["leads", "revoked"],
  ]);
  await granted;
});

test("[X7] as PID 1 a second signal ends a process that drains for too long at once", async () => {
  const { kill, ended, said } = await leader({ groups: ["init-twice"], ending: "hang" }, { isInit: true });
  kill("SIGTERM");
  await said("revoked");
  kill("SIGINT");
  expect(await ended).toEqual([128 + constants.signals.SIGINT, null]);
});

test("[X7] as PID 1 a program that awaits elect ends without an error too", async () => {
  const config: ScopesConfig = { entry: NODE_ENTRY, url: backend.url, scope: "elect", listens: false };
  const { kill, ended, lines, errors } = await start(SCOPES, config, { isInit: true });
  kill("SIGTERM");
  expect([await ended, errors]).toEqual([[128 + constants.signals.SIGTERM, null], []]);
  expect(lines.slice(1)).toEqual(["slow has stopped"]);
});

test("[S8] twelve clients of one process: no warning of a leak, and a signal hands all of them over", async () => {
  const groups = Array.from({ length: 12 }, (_, index) => `many-${index}`);
  const { child, ended, lines, errors } = await leader({ groups, ending: "stay" });
  child.kill("SIGTERM");
  expect([await ended, errors]).toEqual([[null, "SIGTERM"], []]);
  expect(lines.filter((line) => line === "revoked")).toHaveLength(groups.length);
});

for (const scope of ["elect", "terms", "acquire", "observe"] as const) {
  test(`[S8] [C10] a program that awaits ${scope} ends by the signal, without an error, when all its clients have left`, async () => {
    const { child, ended, lines, errors } = await start(SCOPES, {
      entry: NODE_ENTRY,
      url: backend.url,
      scope,
      listens: false,
    });
    const other = await standby(`slow-${scope}`, "y");
    child.kill("SIGTERM");
    expect([await ended, errors]).toEqual([[null, "SIGTERM"], []]);
    expect(lines.slice(1)).toEqual(["slow has stopped"]);
    await other.granted;
  });
}

test("[S8] [C10] where the program listens to the signal too, what it awaits rejects, and it ends by itself", async () => {
  const { child, ended, lines } = await start(SCOPES, {
    entry: NODE_ENTRY,
    url: backend.url,
    scope: "elect",
    listens: true,
  });
  child.kill("SIGTERM");
  expect(await ended).toEqual([1, null]);
  expect(lines.slice(1)).toEqual(["told", "slow has stopped", "client_closed"]);
});

for (const [name, entry] of [
  ["edge-election", CLIENT_ENTRY],
  ["edge-election/node", NODE_ENTRY],
] as const) {
  test(`[C10] [X6] ${name}: when close() has resolved, bye has left: the process may exit at once`, async () => {
    const group = `exit-${name.length}`;
    const { child, ended } = await leader({ entry, groups: [group], ending: "exit" });
    const { granted } = await standby(group);
    child.stdin?.write("now\n");
    expect(await ended).toEqual([0, null]);
    await granted;
  });

  for (const ending of ["close", "contenders"] as const) {
    test(`[C10] ${name}: nothing keeps a process alive that has closed its ${ending === "close" ? "clients" : "contenders"}`, async () => {
      const { child, ended, said } = await leader({ entry, groups: [`end-${ending}-${name.length}`], ending });
      child.stdin?.write("now\n");
      await said("closed");
      expect(await ended).toEqual([0, null]);
    });
  }
}

test("[C10] [X6] a path that is dead keeps no process alive either", async () => {
  const proxy = await startProxy(backend.port);
  const { child, ended, said } = await leader({ url: proxy.url, groups: ["dead"], ending: "close" });
  proxy.partition("up", "down");
  child.stdin?.write("now\n");
  await said("closed");
  expect(await ended).toEqual([0, null]);
  await proxy.close();
});

test("[E1] on Node the token travels as a header, and not as a subprotocol", async () => {
  const server = createServer();
  await using site = await listen(server);
  const upgraded = new Promise<IncomingHttpHeaders>((resolve) => {
    server.once("upgrade", ({ headers }, socket) => {
      socket.destroy();
      resolve(headers);
    });
  });
  const client = createElectionClient({ url: site.url, group: "g", token: "secret", signals: false });
  standbys.push(client);
  client.contend("x");
  expect(await upgraded).toMatchObject({
    authorization: "Bearer secret",
    "sec-websocket-protocol": "edge-election.v1",
  });
});
