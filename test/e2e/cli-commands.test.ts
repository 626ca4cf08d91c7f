/** Every command but `run` as a real process: text, JSON, and what goes wrong. */

import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { EXIT } from "../../cli/failure.ts";
import type { GroupStatus, GroupsStatus, RevokeResult } from "../../shared/protocol/status.ts";
import { type LocalBackend, startLocalBackend } from "../../tools/harness/backend.ts";
import { importNodeClient } from "../../tools/harness/built.ts";
import { candidate } from "../../tools/harness/cluster.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";
import type { LivePeer } from "../../tools/harness/live-peer.ts";
import { listen } from "../../tools/harness/loopback.ts";
import { connectPeer } from "../../tools/harness/socket-peer.ts";
import { type CommandEnding, endCommands, runCommand, startCommand } from "../support/command-line.ts";

const { createElectionClient, runOnce } = await importNodeClient();

const SECRET = "a secret of at least thirty-two characters";
/** Long: peers here do not renew, and no test waits for the end of a lease. */
const BINDINGS = { OPEN_MODE: "loopback", LEASE_MS: "60000", DRAIN_MS: "1000" };

let backend: LocalBackend;
let closed: LocalBackend;
let groups = 0;

beforeAll(async () => {
  backend = await startLocalBackend({ bindings: BINDINGS });
  closed = await startLocalBackend({ bindings: { AUTH_SECRET: SECRET } });
});
afterAll(async () => {
  await Promise.all([backend.stop(), closed.stop()]);
});
afterEach(endCommands);

const freshGroup = (): string => `commands-${++groups}`;

const ask = (command: string, group: string, ...more: readonly string[]): Promise<CommandEnding> =>
  runCommand([command, "--url", backend.url, "--group", group, ...more]);

/** The document that a command has written, of the shape that the test names. */
function jsonOf<Document = unknown>({ stdout, stderr }: CommandEnding): Document {
  expect(stdout, stderr).not.toBe("");
  return JSON.parse(stdout);
}

/** Two processes: `one` leads `worker`, `two` waits for it. */
async function twoProcesses(group: string, url = backend.url): Promise<AsyncDisposable & { readonly epoch: number }> {
  const join = (name: string) =>
    createElectionClient({ url, group, process: { name, address: `http://${name}` }, signals: false });
  const [one, two] = [join("one"), join("two")];
  const epoch = await new Promise<number>((resolve) => {
    one.contend("worker", {
      async onGrant(leadership) {
        await leadership.confirm();
        resolve(leadership.epoch);
      },
    });
  });
  two.contend("worker", { onGrant: (leadership) => leadership.confirm() });
  await candidate(url, group, "two");
  return {
    epoch,
    async [Symbol.asyncDispose]() {
      await two.close();
      await one.close();
    },
  };
}

test("[E15] status shows the deployment, the leader and the queue", async () => {
  const group = freshGroup();
  await using processes = await twoProcesses(group);
  const text = await ask("status", group);

  expect(text).toMatchObject({ code: 0, stderr: "" });
  expect(text.stdout).toMatch(
    /^group commands-1, epoch \d+, 2 sessions\n {2}deployment [\w-]{22}\n {2}process: leading, one \(\S+\), epoch/,
  );
  expect(text.stdout).toMatch(/\n {4}1\. two \(\S+\)\n$/);
  expect(jsonOf(await ask("status", group, "--json"))).toMatchObject({
    group,
    elections: [{ leader: { process: "one", epoch: processes.epoch }, candidates: [{ process: "two" }] }],
  });
  expect((await ask("status", freshGroup())).stdout).toContain("nobody has contended yet");
});

test("status shows the first 100 that wait and counts the others, with all elections; revoke finds the last one by its name", async () => {
  const group = freshGroup();
  const dedicated = Array.from({ length: 101 }, (_, index) => ({
    component: `c${index}`,
    election: "dedicated" as const,
  }));
  const crowd: LivePeer[] = [];
  for (let index = 0; index < 102; index++) {
    const peer = await connectPeer({ url: backend.url, group });
    const contenders = [{ component: "worker" }, ...(index === 0 ? dedicated : [])];
    await peer.hello({ contenders, process: { name: `p${index}` } });
    crowd.push(peer);
  }
  const [leader] = crowd;
  if (leader === undefined) throw new Error("nobody leads");
  const { leaderSessionId } = await leader.next("grant");
  const text = (await ask("status", group)).stdout;
  expect(text).toMatch(/\n {4}100\. p100 \(\S+\)\n {4}and 1 more\n$/);
  expect(jsonOf(await ask("status", group, "--json"))).toMatchObject({ elections: { length: 102 }, next: null });
  const revoked = ask("revoke", group, "--to", "p101");
  const order = await leader.next("revoke");
  expect(order).toMatchObject({ reason: "transferred" });
  leader.send({ type: "release", leaderSessionId: order.leaderSessionId });
  const last = await crowd[101]?.next("grant");
  crowd[101]?.send({ type: "renew", sentAt: crowd[101].sentAt(), held: [last?.leaderSessionId ?? ""] });
  expect((await revoked).stdout).toMatch(/^p0 \(\S+\) has stepped down; p101 \(\S+\) leads/);
  expect(leaderSessionId).not.toBe("");
  for (const peer of crowd) peer.drop();
});

test("[J8] status shows the jobs, and forget-job says what it has forgotten", async () => {
  const group = freshGroup();
  await runOnce({ url: backend.url, group, job: "nightly", occurrence: "2026-11-29", by: "node-1", run: () => 1 });
  expect((await ask("status", group)).stdout).toMatch(/\n {2}job nightly, 2026-11-29 completed by node-1\n$/);
  expect(await ask("forget-job", group, "--job", "nightly")).toMatchObject({
    ...{ code: 0, stdout: "nightly: 1 occurrence is forgotten, all up to 2026-11-29 are too old\n" },
  });
  expect(jsonOf(await ask("status", group, "--json"))).toMatchObject({ jobs: [{ job: "nightly", last: null }] });
  const other = await ask("forget-job", group, "--job", "other");
  expect(other).toMatchObject({ code: EXIT.conflict, stderr: expect.stringContaining("has never run") });
});

test("status takes where and which from the environment", async () => {
  const group = freshGroup();
  const { code, stdout } = await runCommand(["status"], {
    environment: { EDGE_ELECTION_URL: backend.url, EDGE_ELECTION_GROUP: group, FORCE_COLOR: "1" },
  });

  expect(code).toBe(0);
  expect(stdout).toContain(`group ${group}`); // without colour: this is no terminal
});

test("revoke hands over to the named process, and history shows it", async () => {
  const group = freshGroup();
  await using processes = await twoProcesses(group);
  const unknown = await ask("revoke", group, "--to", "three", "--json");
  const revoked = await ask("revoke", group, "--to", "two", "--reason", "an update", "--json");
  const answer = jsonOf<RevokeResult>(revoked);

  expect(unknown).toMatchObject({ code: 5, stdout: "" });
  expect(JSON.parse(unknown.stderr)).toMatchObject({
    error: { code: "unknown_successor", message: 'no process named "three" waits', exitCode: 5 },
  });
  expect(revoked.code).toBe(0);
  expect(answer.epoch).toBeGreaterThan(processes.epoch);
  const status = jsonOf(await ask("status", group, "--json"));
  expect(status).toMatchObject({ elections: [{ leader: { process: "two", sessionId: answer.to } }] });
  expect(jsonOf(await ask("history", group, "--json", "--limit", "2"))).toMatchObject({
    terms: [
      { process: "two", endedAt: null, reason: null },
      { process: "one", epoch: processes.epoch, reason: "transferred", note: "an update" },
    ],
  });
  const { stdout } = await ask("history", group);
  expect(stdout.split("\n")[0]).toMatch(/^EPOCH +ELECTION +PROCESS +FROM +FOR +GAP BEFORE +ENDED$/);
  expect(stdout).toContain("transferred (an update)");
  expect((await ask("revoke", group)).stdout).toMatch(
    /^two \(\S+\) has stepped down; one \(\S+\) leads, epoch \d+, after/,
  );
});

test("[Q3] revoke reports when the named process does not take over", async () => {
  // The named process is granted the election by what it has stated, and takes it from the others for a lease.
  const bindings = { ...BINDINGS, LEASE_MS: "10000" };
  await using short = await startLocalBackend({ bindings });
  const revokeTo = async (group: string, ...more: readonly string[]) => {
    await using _processes = await twoProcesses(group, short.url);
    const deaf = await connectPeer({ url: short.url, group });
    const { sessionId } = await deaf.hello({ process: { name: "deaf" } });
    deaf.send({ type: "register", component: "worker" });
    await candidate(short.url, group, "deaf");
    const ending = await runCommand(["revoke", "--url", short.url, "--group", group, "--to", "deaf", ...more]);
    deaf.drop();
    return { ending, sessionId };
  };
  const [inJson, inText] = await Promise.all([revokeTo("deaf-1", "--json"), revokeTo("deaf-2")]);

  expect(jsonOf(inJson.ending)).toMatchObject({
    passedOver: inJson.sessionId,
    to: expect.not.stringContaining(inJson.sessionId),
  });
  const { code, stdout } = inText.ending;
  expect(code).toBe(0);
  expect(stdout).toMatch(/^one \(\S+\) has stepped down; (one|two) \(\S+\) leads, epoch \d+, after/);
  expect(stdout).toContain(`\ndeaf (${inText.sessionId}) was passed over: it did not take over in time\n`);
});

test("revoke where nobody leads, or of no election, says so", async () => {
  const group = freshGroup();
  const nobody = await ask("revoke", group);

  expect(nobody).toMatchObject({ code: 5, stdout: "" });
  expect(nobody.stderr).toBe(
    "edge-election: nobody leads this election\n  `edge-election status` shows the state of the group.\n",
  );
  expect((await ask("revoke", group, "--election", "component")).code).toBe(2);
  expect((await ask("history", group)).stdout).toBe("nobody has led yet\n");
});

test("names with slashes and colons arrive as they are", async () => {
  const group = "shop/eu:1";
  const client = createElectionClient({ url: backend.url, group, signals: false });
  await client.acquire("a/b", { election: "dedicated" });

  expect(jsonOf(await ask("status", group, "--json"))).toMatchObject({ group });
  expect((await ask("revoke", group, "--election", "component:a/b", "--json")).code).toBe(0);
  await client.close();
});

test("[I3] groups lists all groups with who leads them, those without a leader first; a token sees its own", async () => {
  const listed = (...more: readonly string[]) => runCommand(["groups", "--url", backend.url, ...more]);
  await using first = await twoProcesses("fleet-2");
  await using second = await twoProcesses("fleet-10");
  const peer = await connectPeer({ url: backend.url, group: "fleet-30" });
  await peer.hello({ contenders: [{ component: "worker" }], busy: ["process"] });
  await expect.poll(async () => (await listed("--filter", "fleet-")).stdout.split("\n").length).toBe(5);
  const { stdout } = await listed("--filter", "fleet-");
  expect(stdout.split("\n").map((line) => line.split(/ {2,}/).slice(0, 2))).toEqual([
    ["GROUP", "STATE"],
    ["fleet-30", "no leader"],
    ["fleet-2", "led"],
    ["fleet-10", "led"],
    [""],
  ]);
  expect(stdout).toMatch(/fleet-2 +led +one \(\S+\) +2/);
  const { groups, count } = jsonOf<GroupsStatus>(await listed("--filter", "fleet-", "--json"));
  expect([count, groups.map(({ group }) => group)]).toEqual([3, ["fleet-2", "fleet-10", "fleet-30"]]);
  expect(groups[0]?.summary?.leaders).toMatchObject([{ process: "one", epoch: first.epoch }]);
  expect(second.epoch).toBeGreaterThan(0);
  peer.drop();
  const refused = await runCommand(["groups", "--url", closed.url]);
  expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining("EDGE_ELECTION_TOKEN")]);
});

test("[O11] status says for how long a group holds off", async () => {
  const group = freshGroup();
  await using _ = await twoProcesses(group);
  await fetch(`${backend.url}/v1/groups/${group}?force=true`, { method: "DELETE" });
  expect((await ask("status", group)).stdout).toMatch(
    /, holds off for \d+\.\d s: leases that it no longer knows may run\n/,
  );
  expect(jsonOf<GroupStatus>(await ask("status", group, "--json")).holdOffMs).toBeGreaterThan(0);
});

test("pause and resume", async () => {
  const group = freshGroup();

  expect(jsonOf(await ask("pause", group, "--json"))).toEqual({ paused: true });
  expect((await ask("status", group)).stdout).toContain("paused: no leadership is granted");
  expect((await ask("pause", group)).stdout).toBe(`${group} is paused: no leadership is granted\n`);
  expect(jsonOf(await ask("resume", group, "--json"))).toEqual({ paused: false });
  expect((await ask("resume", group)).stdout).toBe(`${group} is open\n`);
});

test("a group moves to another deployment: pause, step down, wait, switch; nobody leads in between, and epochs grow", async () => {
  const group = freshGroup();
  await using after = await startLocalBackend({ bindings: BINDINGS });
  const before = createElectionClient({ url: backend.url, group, signals: false });
  const epoch = await new Promise<number>((resolve) => {
    before.contend("worker", { onGrant: (leadership) => resolve(leadership.epoch) });
  });
  await ask("pause", group);
  // Nobody else waits: where others do, an order in a paused group is answered when its time is over.
  expect(jsonOf<RevokeResult>(await ask("revoke", group, "--json"))).toMatchObject({ to: null });
  const vacant = { paused: true, elections: [{ state: "vacant", leader: null, remainingMs: null }] };
  expect(jsonOf(await ask("status", group, "--json"))).toMatchObject(vacant);

  await using moved = await twoProcesses(group, after.url);
  expect(moved.epoch).toBeGreaterThan(epoch);
  expect(jsonOf(await ask("status", group, "--json"))).toMatchObject(vacant);
  await before.close();
});

test("[C12] watch writes the leader and every change, one JSON line each", async () => {
  const group = freshGroup();
  await using _processes = await twoProcesses(group);
  const watching = startCommand(["watch", "--url", backend.url, "--group", group, "--changes", "3", "--json"]);
  await watching.whenWritten(/"process":"one"/);
  await ask("revoke", group, "--to", "two");
  const { code, stdout } = await watching.ended;
  const lines = stdout.trim().split("\n");

  expect(code).toBe(0);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { component: "worker", leader: { process: "one", address: "http://one" } },
    { component: "worker", leader: null },
    { component: "worker", leader: { process: "two" } },
  ]);
  const text = await ask("watch", group, "--component", "worker", "--changes", "1");
  expect(text.stdout).toMatch(/^\S+ {2}worker: two leads at http:\/\/two, epoch \d+\n$/);
});

test("watch goes on until a signal ends it", async () => {
  const group = freshGroup();
  const watching = startCommand(["watch", "--url", backend.url, "--group", group, "--component", "worker"]);
  await watching.whenWritten(/worker: no leader/);
  watching.child.kill("SIGINT");

  expect((await watching.ended).signal).toBe("SIGINT");
});

test("watch ends when nobody reads it any more", async () => {
  const group = freshGroup();
  const watching = startCommand(["watch", "--url", backend.url, "--group", group, "--component", "worker"]);
  await watching.whenWritten(/worker: no leader/);
  watching.child.stdout?.destroy();
  await using _processes = await twoProcesses(group);

  expect(await watching.ended).toMatchObject({ code: 141, stderr: "" });
});

test("[N5] watch goes on after a restart of the backend, and ends where its token is not good any more", async () => {
  await using folder = await temporaryFolder();
  const first = await startLocalBackend({ bindings: { AUTH_SECRET: SECRET }, dataDir: folder.path });
  const { port, url } = first;
  const issued = await runCommand(["token", "--role", "observe", "--group", "*"], {
    environment: { AUTH_SECRET: SECRET },
  });
  const watching = startCommand(["watch", "--url", url, "--group", "a", "--component", "b", "--json"], {
    environment: { EDGE_ELECTION_TOKEN: issued.stdout.trim() },
  });
  await watching.whenWritten(/"leader":null/);
  await first.stop();
  await watching.whenWritten(/"connection":"lost"/);
  const second = await startLocalBackend({ bindings: { AUTH_SECRET: SECRET }, dataDir: folder.path, port });
  await watching.whenWritten(/"connection":"back"/);
  await second.stop();
  await using _third = await startLocalBackend({
    bindings: { AUTH_SECRET: `other ${SECRET}` },
    dataDir: folder.path,
    port,
  });
  const { code, stdout, stderr } = await watching.ended;

  expect(code).toBe(4);
  expect(stdout.trim().split("\n")).toHaveLength(1);
  expect(JSON.parse(stderr.trim().split("\n").at(-1) ?? "")).toMatchObject({ error: { code: "unauthorized" } });
});

test("bench-connection measures, and leaves nobody behind", async () => {
  const group = freshGroup();
  await using _processes = await twoProcesses(group);
  const measured = await ask("bench-connection", group, "--rounds", "3", "--json");

  expect(measured.code).toBe(0);
  const summary = { n: 3, p50: expect.any(Number), max: expect.any(Number) };
  const ms = { http: summary, connect: summary, ping: summary, renew: summary, handOver: summary };
  expect(jsonOf(measured)).toMatchObject({ url: backend.url, rounds: 3, ms });
  expect(jsonOf(await ask("status", group, "--json"))).toMatchObject({ elections: [{ leader: { process: "one" } }] });
  expect((await ask("bench-connection", group, "--rounds", "1")).stdout).toContain("resigned, granted again");
  expect((await ask("bench-connection", group, "--rounds", "100000")).code).toBe(2);
});

test("token issues what the backend takes, for a role, groups and components", async () => {
  await using folder = await temporaryFolder();
  const issue = (role: string, ...more: readonly string[]): Promise<CommandEnding> =>
    runCommand(["token", "--role", role, "--group", "shop-*", "other", ...more], {
      environment: { AUTH_SECRET: SECRET },
    });
  const environment = async (role: string): Promise<Record<string, string>> => ({
    EDGE_ELECTION_TOKEN: (await issue(role)).stdout.trim(),
    EDGE_ELECTION_URL: closed.url,
  });
  const [observer, admin] = [await environment("observe"), await environment("admin")];

  expect((await runCommand(["status", "--group", "shop-eu"], { environment: observer })).code).toBe(0);
  const elsewhere = await runCommand(["status", "--group", "bank"], { environment: observer });
  expect(elsewhere).toMatchObject({ code: 4 });
  expect(elsewhere.stderr).toContain("these credentials are not for this group");
  const order = await runCommand(["pause", "--group", "other"], { environment: observer });
  expect(order.code).toBe(4);
  expect(order.stderr).toContain("needs the role admin");
  expect((await runCommand(["pause", "--group", "other"], { environment: admin })).code).toBe(0);
  const input = admin["EDGE_ELECTION_TOKEN"] ?? "";
  const words = ["status", "--url", closed.url, "--group", "other", "--token-file"];
  expect((await runCommand([...words, "-"], { input })).code).toBe(0);
  expect((await runCommand([...words, join(folder.path, "none")])).code).toBe(2);
  const json = jsonOf<{ readonly token: string }>(
    await issue("contend", "--component", "a", "b", "--subject", "ci", "--expires-in", "90s", "--json"),
  );
  expect(json).toMatchObject({ role: "contend", groups: ["shop-*", "other"], components: ["a", "b"] });
  const claims = JSON.parse(Buffer.from(json.token.split(".")[1] ?? "", "base64url").toString());
  expect(claims).toMatchObject({ role: "contend", components: ["a", "b"], sub: "ci" });
  expect(claims.exp - claims.nbf).toBe(90);
  const subjects = [observer, admin].map(
    ({ EDGE_ELECTION_TOKEN = "" }) =>
      JSON.parse(Buffer.from(EDGE_ELECTION_TOKEN.split(".")[1] ?? "", "base64url").toString()).sub,
  );
  expect(new Set(subjects).size).toBe(2);
  for (const subject of subjects) expect(subject).toMatch(/^[0-9a-f-]{36}$/);
});

test("token takes its secret from a file or from standard input, and a weak one from nowhere", async () => {
  const words = ["token", "--role", "admin", "--group", "*"];
  const piped = await runCommand([...words, "--secret-file", "-"], { input: `${SECRET}\n` });
  const environment = { EDGE_ELECTION_TOKEN: piped.stdout.trim(), EDGE_ELECTION_URL: closed.url };

  expect((await runCommand(["status", "--group", "any"], { environment })).code).toBe(0);
  const none = await runCommand([...words, "--json"]);
  expect(none).toMatchObject({ code: 2, stdout: "" });
  expect(JSON.parse(none.stderr)).toMatchObject({
    error: { code: "usage", remedy: expect.stringContaining("AUTH_SECRET") },
  });
  const weak = await runCommand([...words, "--secret-file", "-"], { input: "short" });
  expect(weak).toMatchObject({ code: 2, stdout: "" });
  expect(weak.stderr).toContain("openssl rand");
  expect((await runCommand([...words, "--secret", SECRET])).code).toBe(2);
  expect((await runCommand([...words, "--expires-in", "soon"])).code).toBe(2);
});

test("a token as an argument is refused, since everybody could read it", async () => {
  const { code, stderr } = await ask("status", "any", "--token", "abc");

  expect(code).toBe(2);
  expect(stderr).toContain("--token-file");
  expect(stderr).not.toContain("abc");
});

const COMMANDS = ["status", "history", "revoke", "pause", "resume", "watch", "bench-connection"];

test.each(COMMANDS)(
  "%s: no backend, a stranger, no token, a wrong token and a wrong name each have their code",
  async (command) => {
    await using stranger = await listen(createServer((_, response) => response.end("hello")));
    const words = [command, "--group", "any", "--json"];
    const outcomes = await Promise.all([
      runCommand([...words, "--url", "http://127.0.0.1:1"]),
      runCommand([...words, "--url", stranger.url]),
      runCommand([...words, "--url", closed.url]),
      runCommand([...words, "--url", closed.url], { environment: { EDGE_ELECTION_TOKEN: "wrong" } }),
      runCommand([command, "--json", "--url", backend.url, "--group", "no name"]),
      runCommand([...words, "--url", "nowhere"]),
    ]);

    expect(outcomes.map(({ code }) => code)).toEqual([3, 3, 4, 4, 2, 2]);
    expect(outcomes.map(({ stdout }) => stdout)).toEqual(["", "", "", "", "", ""]);
    const failures = outcomes.map(({ stderr }) => JSON.parse(stderr).error.code);
    expect(failures).toEqual(["unreachable", "not_a_backend", "unauthorized", "unauthorized", "usage", "usage"]);
  },
);

/** A backend that is overloaded for a while, and says when to ask again. */
function overloadedFor(times: number, seconds: string) {
  const asked: string[] = [];
  const server = createServer(({ method = "" }, response) => {
    asked.push(method);
    if (asked.length <= times) {
      const body = JSON.stringify({
        error: { code: "overloaded", message: "the group has more requests than it can take" },
      });
      response.writeHead(503, { "Content-Type": "application/json", "Retry-After": seconds }).end(body);
    } else response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify({ terms: [] }));
  });
  return { server, asked };
}

test("[E9] a command that only reads asks an overloaded group again when it says; an order is not repeated", async () => {
  const [reading, ordering, busy] = [overloadedFor(1, "1"), overloadedFor(1, "1"), overloadedFor(9, "600")];
  await using read = await listen(reading.server);
  await using order = await listen(ordering.server);
  await using late = await listen(busy.server);
  const where = (url: string) => ["--group", "any", "--json", "--url", url];
  const [history, pause, later] = await Promise.all([
    runCommand(["history", ...where(read.url)]),
    runCommand(["pause", ...where(order.url)]),
    runCommand(["history", ...where(late.url)]),
  ]);

  expect(history).toMatchObject({ code: 0, stdout: expect.stringContaining("terms") });
  expect(reading.asked).toEqual(["GET", "GET"]);
  expect(pause).toMatchObject({ code: 3, stdout: "" });
  expect(JSON.parse(pause.stderr)).toMatchObject({ error: { code: "overloaded", remedy: "Try again in 1 s." } });
  expect(ordering.asked).toEqual(["POST"]);
  expect(JSON.parse(later.stderr)).toMatchObject({ error: { code: "overloaded", remedy: "Try again in 600 s." } });
  expect(busy.asked).toEqual(["GET"]);
});

test("dev serves until a signal stops it, with the settings that it was given", async () => {
  await using folder = await temporaryFolder();
  const data = join(folder.path, "data");
  const dev = startCommand(["dev", "--port", "0", "--data-dir", data, "--lease-ms", "3000", "--json"]);
  const [, line = ""] = await dev.whenWritten(/^(\{.*\})$/m);
  const { url, settings } = JSON.parse(line);
  const taken = await runCommand(["dev", "--port", "0", "--data-dir", data]);

  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect(settings).toBe("LEASE_MS=3000");
  expect(taken.code).toBe(1);
  expect(taken.stderr).toContain("Another backend uses the data directory");
  dev.child.kill("SIGTERM");
  expect((await dev.ended).code).toBe(0);
  expect((await runCommand(["dev", "--lease-ms", "1"])).code).toBe(2);
});

test("every command has help with examples, and unknown words a hint", async () => {
  const { stdout } = await runCommand(["--help"]);
  const commands = [...stdout.matchAll(/^ {2}([a-z-]+) (?=[[<\w ])/gm)].map(([, name = ""]) => name);
  const named = commands.filter((name) => name !== "help");

  expect(named).toEqual([
    ...["dev", "run", "watch", "status", "groups", "history", "revoke", "pause", "resume"],
    ...["forget-job", "check", "bench-connection", "token", "init"],
  ]);
  for (const help of await Promise.all(named.map((name) => runCommand([name, "--help"])))) {
    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(help.stdout).toContain("\nExamples:\n  ");
  }
  const mistyped = await runCommand(["statsu"]);
  expect(mistyped).toMatchObject({ code: 2, stdout: "" });
  expect(mistyped.stderr).toContain("Did you mean status?");
  expect((await runCommand([])).code).toBe(2);
});
