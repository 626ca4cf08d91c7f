/** `edge-election run` as a real process, against a real backend. */

import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { membersOfGroup } from "../../cli/run/process-group.ts";
import { type LocalBackend, startLocalBackend } from "../../tools/harness/backend.ts";
import { endingsOf } from "../../tools/harness/backend-answers.ts";
import { candidate } from "../../tools/harness/cluster.ts";
import { type TemporaryFolder, temporaryFolder } from "../../tools/harness/folder.ts";
import { startProxy } from "../../tools/harness/proxy.ts";
import { type CommandProcess, endCommands, runCommand, startCommand } from "../support/command-line.ts";
import { CommandLog, loggedCommand, overlaps } from "../support/command-log.ts";

/** Where no lease is to end, not even on a busy machine. */
const BINDINGS = { OPEN_MODE: "loopback", LEASE_MS: "10000", DRAIN_MS: "1000" };
/** Where one is, and a command has the time between R and D to end in. */
const SHORT_LEASE = { ...BINDINGS, LEASE_MS: "4000" };

let backend: LocalBackend;
let shortLease: LocalBackend;
/** The backend that the test uses. */
let url: string;
let folder: TemporaryFolder;
let group: string;
let logFile: string;
let tests = 0;

beforeAll(async () => {
  backend = await startLocalBackend({ bindings: BINDINGS });
  shortLease = await startLocalBackend({ bindings: SHORT_LEASE });
  folder = await temporaryFolder();
});
afterAll(async () => {
  await backend.stop();
  await shortLease.stop();
  await folder[Symbol.asyncDispose]();
});
afterEach(endCommands);
beforeEach(() => {
  tests += 1;
  ({ url } = backend);
  group = `run-${tests}`;
  logFile = join(folder.path, `${tests}.jsonl`);
});

const options = (...more: readonly string[]): string[] => [
  ...["run", "--url", url, "--group", group, "--component", "worker", "--json", ...more],
];

/** With this command after the options. */
const start = (command: readonly string[], ...more: readonly string[]): CommandProcess =>
  startCommand([...options(...more), "--", ...command]);

const logged = (...words: readonly string[]): string[] => loggedCommand(logFile, ...words);

const shell = (script: string): string[] => ["sh", "-c", script];

const reasons = (): Promise<(string | null)[]> => endingsOf(url, group);

test("[S8] [N3] the command gets its epoch, session and fence; its exit code and output are passed on, and the lead is given up", async () => {
  group = "a/group:1";
  const script = 'echo "$EDGE_ELECTION_EPOCH $EDGE_ELECTION_SESSION $EDGE_ELECTION_FENCE"; exit 7';
  const { code, stdout, stderr } = await start(shell(script)).ended;
  const [epoch = "", session = "", fence] = stdout.trim().split(" ");

  expect(code).toBe(7);
  expect(Number(epoch)).toBeGreaterThan(0);
  expect(fence).toBe(`a%2Fgroup%3A1/worker/${epoch}/${session}`);
  const events = stderr.trim().split("\n");
  expect(events.map((line) => JSON.parse(line).event)).toEqual(["leading", "started", "ended"]);
  expect(await reasons()).toEqual(["closed"]);
});

test.each([
  ["a command that a signal has ended", shell("kill -KILL $$"), 137],
  ["a command that is not there", ["no-such-command-anywhere"], 127],
  ["a command that can't be run", ["/"], 126],
])("exit code of %s", async (_, command, expected) => {
  expect((await start(command).ended).code).toBe(expected);
});

test("it refuses what can't work, with exit code 125 and the remedy", async () => {
  await using hasty = await startLocalBackend({ bindings: { ...BINDINGS, LEASE_MS: "2000", DRAIN_MS: "50" } });
  await using closed = await startLocalBackend({ bindings: { AUTH_SECRET: "s".repeat(32) } });
  const text = ["run", "--group", group, "--component", "worker"];
  const outcomes = await Promise.all([
    runCommand([...text, "--url", hasty.url, "--", "true"]),
    runCommand([...text, "--url", closed.url, "--", "true"]),
    runCommand([...text, "--url", closed.url, "--", "true"], { environment: { EDGE_ELECTION_TOKEN: "wrong" } }),
    runCommand([...text, "--url", backend.url, "--once", "1", "--restart", "--", "true"]),
    runCommand([...text, "--url", backend.url]),
  ]);

  expect(outcomes.map(({ code }) => code)).toEqual([125, 125, 125, 125, 125]);
  expect(outcomes.map(({ stdout }) => stdout)).toEqual(["", "", "", "", ""]);
  expect(outcomes[0]?.stderr).toContain("Set drainMs (DRAIN_MS) of the backend to 200 or more.");
  expect(outcomes[1]?.stderr).toContain("EDGE_ELECTION_TOKEN");
  expect(outcomes[2]?.stderr).toContain("EDGE_ELECTION_TOKEN");
});

test("with a token that may only look, run says so and ends", async () => {
  const secret = "s".repeat(32);
  await using closed = await startLocalBackend({ bindings: { AUTH_SECRET: secret } });
  const issued = await runCommand(["token", "--role", "observe", "--group", group], {
    environment: { AUTH_SECRET: secret },
  });
  const { code, stderr } = await runCommand(
    ["run", "--url", closed.url, "--group", group, "--component", "worker", "--token-file", "-", "--", "true"],
    { input: issued.stdout },
  );

  expect(code).toBe(125);
  expect(stderr).toContain("role contend");
});

test("[C1] --restart runs it again in the same term, and a forwarded SIGTERM is the last end", async () => {
  const log = new CommandLog(logFile);
  const runner = start(logged("ends=3"), "--restart");
  const first = await log.until("a first run", ({ event }) => event === "start");
  const second = await log.until("a second run", ({ event, pid }) => event === "start" && pid !== first.pid);
  runner.child.kill("SIGTERM");

  expect(second.epoch).toBe(first.epoch);
  expect([3, 143]).toContain((await runner.ended).code); // it may have ended by itself just before
  expect(await reasons()).toEqual(["closed"]);
});

test("[Q7] with --stay-out another process runs the command after each end, and this one waits", async () => {
  const first = start(shell("exit 3"), "--stay-out", "600000");
  await first.whenWritten(/"event":"lost"/);
  const second = start(shell("exit 5"));
  expect((await second.ended).code).toBe(5);
  first.child.kill("SIGTERM");
  expect((await first.ended).code).toBe(143);
  expect((await reasons()).toSorted()).toEqual(["closed", "resigned"]);
  expect((await start(["true"], "--stay-out", "1000", "--restart").ended).code).toBe(125);
});

test("[J1] [J3] --once runs the command in one of several processes, whenever they come; what has failed is run by the next", async () => {
  const at = (occurrence: string, ...words: string[]) =>
    runCommand(["run", "--url", backend.url, "--group", group, "-c", "nightly", "--once", occurrence, ...words]);
  const script = shell('echo "$EDGE_ELECTION_FENCE"; sleep 0.2');
  const outcomes = await Promise.all([1, 2, 3].map(() => at("2026-11-29", "--", ...script)));
  outcomes.push(await at("2026-11-29", "--json", "--", ...script));

  expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  expect(outcomes.filter(({ stdout }) => stdout.includes("/nightly/"))).toHaveLength(1);
  expect(outcomes[3]?.stderr).toContain('"event":"elsewhere","outcome":"completed"');
  expect((await at("2026-11-30", "--", ...shell("exit 7"))).code).toBe(7);
  expect((await at("2026-11-30", "--no-retry", "--", "true")).stderr).toContain("not run here: failed");
  expect((await at("2026-11-30", "--", "true")).stderr).toContain("ended with 0");
  expect((await at("2026-11-29", "--restart", "--", "true")).code).toBe(125);
});

test("it waits for a backend that is not there yet, and a signal ends it", async () => {
  await using folder = await temporaryFolder();
  const later = await startLocalBackend({ bindings: BINDINGS, dataDir: folder.path });
  await later.stop();
  const words = ["run", "--url", later.url, "--group", group, "--component", "worker", "--json", "--"];
  const [early, tired] = [startCommand([...words, "true"]), startCommand([...words, "true"])];
  await Promise.all([early, tired].map((runner) => runner.whenWritten(/"event":"warning".*ECONNREFUSED/)));
  tired.child.kill("SIGTERM");
  expect((await tired.ended).code).toBe(143);
  await using _back = await startLocalBackend({ bindings: BINDINGS, dataDir: folder.path, port: later.port });

  expect((await early.ended).code).toBe(0);
});

test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("%s before it leads ends it", async (signal) => {
  const log = new CommandLog(logFile);
  const leader = start(logged());
  await log.until("a leader", ({ event }) => event === "beat");
  const waiting = start(shell("exit 1"), "--name", "waiting");
  await candidate(url, group, "waiting");
  waiting.child.kill(signal);

  expect((await waiting.ended).code).toBe({ SIGTERM: 143, SIGINT: 130, SIGHUP: 129 }[signal]);
  leader.child.kill("SIGTERM");
  expect((await leader.ended).code).toBe(143);
});

test("[S2] [S8] a forwarded signal reaches the command, and the next one runs only after it has ended", async () => {
  const log = new CommandLog(logFile);
  const first = start(logged("slow"));
  const { epoch } = await log.until("a run", ({ event }) => event === "beat");
  const second = start(logged("ends=0"), "--name", "second");
  await candidate(url, group, "second");
  first.child.kill("SIGTERM");

  expect((await first.ended).code).toBe(0);
  expect((await second.ended).code).toBe(0);
  const events = log.read().filter((line) => line.epoch === epoch);
  expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(["told", "done"]));
  expect(overlaps(log.read())).toEqual([]);
  expect(await reasons()).toEqual(["closed", "closed"]);
});

test("[C6] [S10] a revoke lets the command finish within the grace; then the next one runs, and this one waits again", async () => {
  const log = new CommandLog(logFile);
  const first = start(logged("slow"), "--name", "first", "--grace-ms", "800");
  const { epoch } = await log.until("a run", ({ event }) => event === "beat");
  const second = start(logged("ends=0"), "--name", "second");
  await candidate(url, group, "second");
  const revoked = await runCommand(["revoke", "--url", backend.url, "--group", group, "--to", "second", "--json"]);

  expect(revoked.code).toBe(0);
  expect((await second.ended).code).toBe(0);
  await log.until("the first one again", (line) => line.event === "start" && line.epoch > epoch + 1 && line.pid > 0);
  expect(log.read().find((line) => line.epoch === epoch && line.event === "done")).toBeDefined();
  expect(overlaps(log.read())).toEqual([]);
  expect(first.stderr()).toContain('"reason":"transferred"');
  first.child.kill("SIGKILL");
  await first.ended;
});

test("[S10] a command that ignores SIGTERM is killed before the drain is over", async () => {
  const log = new CommandLog(logFile);
  const first = start(logged("stubborn"), "--name", "first", "--grace-ms", "60000");
  await log.until("a run", ({ event }) => event === "beat");
  const second = start(logged("ends=0"), "--name", "second");
  await candidate(url, group, "second");
  await runCommand(["revoke", "--url", backend.url, "--group", group, "--to", "second"]);
  expect((await second.ended).code).toBe(0);

  expect(log.read().some(({ event }) => event === "ignored")).toBe(true);
  expect(overlaps(log.read())).toEqual([]);
  first.child.kill("SIGKILL");
  await first.ended;
});

test("[S2] processes that the command leaves behind in its group end before the lead is given up", async () => {
  const log = new CommandLog(logFile);
  const first = start(logged("parent", "stubborn"), "--grace-ms", "600");
  const { pid, parent } = await log.until("a run", ({ event }) => event === "beat");
  const left = await log.until("what it leaves behind", (line) => line.pid !== pid && line.event === "beat");
  const second = start(logged("ends=0"));

  expect((await first.ended).code).toBe(0);
  expect(membersOfGroup(parent)).toEqual([]);
  expect((await second.ended).code).toBe(0);
  expect(log.read().some(({ pid, event }) => pid === left.pid && event === "ignored")).toBe(true);
  expect(overlaps(log.read())).toEqual([]);
});

test("[S6] an unreachable backend: the command has stopped before the lease ends, and runs again when it is back", async () => {
  ({ url } = shortLease);
  const proxy = await startProxy(shortLease.port);
  const log = new CommandLog(logFile);
  const words = ["run", "--url", proxy.url, "--group", group, "--component", "worker", "--json"];
  const runner = startCommand([...words, "--", ...loggedCommand(logFile, "stubborn")]);
  const { epoch } = await log.until("a run", ({ event }) => event === "beat");
  // Another one runs as soon as the lease is over.
  const other = start(logged("ends=0"), "--name", "other");
  await candidate(url, group, "other");
  proxy.partition("up", "down");
  await runner.whenWritten(/"event":"stopped"/);
  expect((await other.ended).code).toBe(0);
  const between = await log.until("a run of the other one", (line) => line.epoch > epoch);
  expect(log.read().some(({ event }) => event === "ignored")).toBe(true);
  proxy.heal();
  await log.until("another run", (line) => line.epoch > between.epoch);
  expect(runner.stderr()).toMatch(/"connection","state":"lost"[\s\S]*"connection","state":"back"/);
  runner.child.kill("SIGKILL");
  await runner.ended;
  expect(overlaps(log.read())).toEqual([]);
  await proxy.close();
});

test("[S6] a runner that is stopped renews nothing: its supervisor ends the command before another one leads", async () => {
  ({ url } = shortLease);
  const log = new CommandLog(logFile);
  const first = start(logged("stubborn"));
  await log.until("a run", ({ event }) => event === "beat");
  const second = start(logged("ends=0"));
  first.child.kill("SIGSTOP");

  expect((await second.ended).code).toBe(0);
  expect(overlaps(log.read())).toEqual([]);
  first.child.kill("SIGKILL");
  await first.ended;
});

test.each(["", "stubborn"])("[S2] a runner that is killed takes its command along (%s)", async (word) => {
  ({ url } = shortLease);
  const log = new CommandLog(logFile);
  const first = start(logged(word), "--grace-ms", "200");
  const run = await log.until("a run", ({ event }) => event === "beat");
  first.child.kill("SIGKILL");
  await first.ended; // with everybody who holds its outputs

  expect((await start(logged("ends=0")).ended).code).toBe(0);
  expect(membersOfGroup(run.parent)).toEqual([]);
  expect(overlaps(log.read())).toEqual([]);
});

test("no colour, no progress and no word on standard output where there is no terminal", async () => {
  const words = ["run", "--url", backend.url, "--group", group, "--component", "worker"];
  const loud = await runCommand([...words, "--", "true"]);
  const quiet = await runCommand([...words, "--quiet", "--", "true"]);

  expect(loud).toMatchObject({ code: 0, stdout: "" });
  expect(loud.stderr.trim().split("\n")).toHaveLength(3);
  expect(`${loud.stderr}${loud.stdout}`).not.toContain("\u001b");
  expect(quiet).toMatchObject({ code: 0, stdout: "", stderr: "" });
});

test("[T1] [T2] run --try runs the command if nobody leads, and else says who does and ends with 124", async () => {
  const first = start(shell("exec sleep 600"), "--try", "--name", "first");
  await first.whenWritten(/"started"/);
  const { code, stderr } = await start(shell("exit 3"), "--try", "--name", "second").ended;
  expect(code).toBe(124);
  expect(JSON.parse(stderr.trim())).toMatchObject({ event: "led", by: "first", epoch: expect.any(Number) });
  first.child.kill("SIGTERM");
  await first.ended;
  expect((await start(shell("exit 3"), "--try").ended).code).toBe(3);
});
