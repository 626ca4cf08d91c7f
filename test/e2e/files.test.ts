/** What groups cost the machine of a local backend: files for ever, and open files while they are in use. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startLocalBackend } from "../../tools/harness/backend.ts";
import { runProgram } from "../../tools/harness/child-process.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";

test("[E16] a look at a group that nobody has used begins no file, and is answered as its object answers it", async () => {
  await using backend = await startLocalBackend({ bindings: { OPEN_MODE: "loopback" } });
  const group = `${backend.url}/v1/groups/unused`;
  const files = async () =>
    (await readdir(join(backend.dataDir, "edge-election"))).filter((name) => !isOfRuntime(name));
  const look = async (path: string, init?: RequestInit): Promise<unknown> => {
    const response = await fetch(`${group}${path}`, init);
    return [path, response.status, await response.text()];
  };
  const question = JSON.stringify({ component: "x", leaderSessionId: "nobody", epoch: 1 });
  const json = { method: "POST", body: question, headers: { "Content-Type": "application/json" } };
  const paths = [
    "",
    "?after=process",
    "/elections/process",
    "/elections/component%3Ax?from=3",
    "/leaders/x",
    "/history",
  ];
  const looks = async () => [...(await Promise.all(paths.map((path) => look(path)))), await look("/fence", json)];

  const unused = await looks();
  expect(await look("/metrics")).toMatchObject([
    "/metrics",
    200,
    expect.stringContaining('sessions{group="unused"} 0'),
  ]);
  expect(await files()).toEqual([]);

  const socket = new WebSocket(`${group.replace("http", "ws")}/session`, "edge-election.v1");
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  expect(await files()).not.toEqual([]);
  expect(await looks()).toEqual(unused);
  socket.close();
  await fetch(`${group}?purge=true`, { method: "DELETE" });
  await fetch(`${group}/pause`, { method: "POST" });
  expect(await look("")).toMatchObject(["", 200, expect.stringContaining('"paused":true')]);
});

const isOfRuntime = (name: string): boolean => name.startsWith("metadata.");

test("[E17] the runtime takes all open files that the system allows; without any left it says so, and no group is taken for an unused one", async () => {
  await using folder = await temporaryFolder();
  const limited = `ulimit -Sn ${SOFT} && ulimit -Hn ${HARD} && exec "$0" cli/start.ts`;
  const settings = { PORT: "0", DATA_DIR: join(folder.path, "data") };
  const started = runProgram("sh", ["-c", limited, process.execPath], settings);
  const [, url = ""] = await started.whenWritten(/Health\s+(http:\S+)\/healthz[\s\S]*Ctrl-C/);
  const paused: number[] = [];
  for (let status = 200; status === 200; ) {
    const group = paused.length;
    ({ status } = await fetch(`${url}/v1/groups/g${group}/pause`, { method: "POST" }));
    if (status === 200) paused.push(group);
  }

  expect(paused.length).toBeGreaterThan(SOFT / FILES_OF_A_GROUP);
  await started.whenWritten(/could not open a file: .* `ulimit -n 65536`/);
  for (const group of paused) {
    const response = await fetch(`${url}/v1/groups/g${group}`);
    expect([[200, true], [503]]).toContainEqual([response.status, ...pausedIn(await response.text())]);
  }
  started.child.kill("SIGTERM");
  await started.ended;
});

const SOFT = 64;
const HARD = 128;
const FILES_OF_A_GROUP = 3;
const pausedIn = (body: string): boolean[] => [JSON.parse(body).paused].filter((paused) => paused !== undefined);
