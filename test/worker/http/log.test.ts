/** What the Worker writes to its log: one JSON object a line, at the level that was set, and nothing that is secret. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, onTestFinished, test, vi } from "vitest";
import operations from "../../../docs/OPERATIONS.md?raw";
import type { Fact } from "../../../worker/group/facts.ts";
import type { LogLevel } from "../../../worker/group/policy.ts";
import { ERROR_EVENTS, FACT_LEVELS, logFacts } from "../../../worker/http/log.ts";
import { createElectionApp } from "../../../worker/index.ts";
import {
  ASK_TIMEOUT_MS,
  ask,
  errorOf,
  fireAlarm,
  freshGroup,
  join,
  LEASE_MS,
  objectOf,
  pathOf,
  resume,
  type Server,
  serverWith,
  stopClock,
  withToken,
} from "../support.ts";

interface Logged {
  readonly text: string;
  readonly entry: Readonly<Record<string, unknown>>;
}

/** The lines of this group so far. They come once what they are about is durable, and in that order. */
function listen(group: string): () => Promise<Logged[]> {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  onTestFinished(() => {
    log.mockRestore();
  });
  return async () => {
    await runInDurableObject(objectOf(group), (_, { storage }) => storage.sync());
    return log.mock.calls
      .map(([text]) => String(text))
      .map((text): Logged => ({ text, entry: JSON.parse(text) }))
      .filter(({ entry }) => entry["group"] === group);
  };
}

const at = (logLevel: LogLevel): Server => serverWith({ leaseMs: LEASE_MS, logLevel });

/** A leader that renews, is refused something, is revoked, and leaves. */
async function live(group: string, server: Server): Promise<string> {
  const { client, welcome } = await join(group, { process: { name: "one" } }, { server });
  const { leaderSessionId } = await client.win();
  client.send({ type: "confirm", id: "stale", component: "dispatcher", leaderSessionId: "stale" });
  await client.next("error");
  client.send({ type: "deregister", component: "unknown" });
  await client.next("error");
  const order = ask("POST", pathOf(group, "/elections/process/revoke"), { server, body: { reason: "secret words" } });
  await client.next("revoke");
  client.silent = true;
  client.send({ type: "release", leaderSessionId });
  await client.next("next");
  await order;
  client.send({ type: "bye" });
  await client.closed;
  return welcome.secret;
}

const TRANSITIONS = ["session_joined", "granted", "accepted", "refused", "revoking", "ended", "session_left"];

test("at info each transition is one line with its process, election and epoch, and the reason", async () => {
  const group = freshGroup();
  stopClock();
  const lines = listen(group);
  await live(group, at("info"));

  const entries = (await lines()).map(({ entry }) => entry);
  expect(entries.map(({ event }) => event)).toEqual(TRANSITIONS);
  for (const { text } of await lines()) expect(text).not.toContain("\n");
  const ended = entries.find(({ event }) => event === "ended");
  expect(ended).toEqual({
    level: "info",
    event: "ended",
    group,
    at: Date.now(),
    election: "process",
    epoch: expect.any(Number),
    leaderSessionId: expect.any(String),
    sessionId: expect.any(String),
    process: "one",
    reason: "revoked",
    ledMs: 0,
  });
});

/** A contender that gives its grant back, is asked in vain, is lost, comes back while the group is paused, and is hung up on. */
async function stumble(group: string, server: Server): Promise<string> {
  const pass = stopClock();
  const { client, welcome } = await join(group, {}, { server });
  const { leaderSessionId } = await client.next("grant");
  client.silent = true;
  client.send({ type: "release", leaderSessionId });
  await client.next("next");
  pass(ASK_TIMEOUT_MS);
  await fireAlarm(group);
  client.drop();
  await client.closed;
  await ask("POST", pathOf(group, "/pause"), { server });
  const back = await resume(group, welcome, {}, { server });
  await ask("POST", pathOf(group, "/resume"), { server });
  back.client.sendRaw("no JSON");
  await back.client.closed;
  return welcome.sessionId;
}

test("losses, resumes, refused grants, silence, pauses and hang-ups are lines too", async () => {
  const group = freshGroup();
  const lines = listen(group);
  const sessionId = await stumble(group, at("info"));

  expect((await lines()).map(({ entry }) => entry["event"])).toEqual([
    "session_joined",
    "granted",
    "grant_refused",
    "asked_missed",
    "session_lost",
    "paused",
    "session_resumed",
    "granted",
    "resumed",
    "session_lost",
    "hung_up",
  ]);
  expect((await lines()).at(-1)?.entry).toMatchObject({ code: 4400, sessionId });
});

test("[S12] a crowd that is found gone in one turn is one line, with its count", async () => {
  const group = freshGroup();
  const lines = listen(group);
  const lost = (count: number): Fact[] =>
    Array.from({ length: count }, (_, index) => ({ type: "session_lost", sessionId: `s${index}`, process: null }));
  const context = { group, at: 1 };
  for (const level of ["error", "info"] as const) logFacts([...lost(17), { type: "paused" }], level, context);
  expect((await lines()).map(({ entry }) => entry)).toEqual([
    { level: "info", event: "session_lost", ...context, count: 17 },
    { level: "info", event: "paused", ...context },
  ]);
  logFacts(lost(16), "info", context);
  expect(await lines()).toHaveLength(2 + 16);
});

/** The rows of the table in docs/OPERATIONS.md, one for each event. */
const listed = [...operations.matchAll(/^\| (`[a-z_`, ]+`) +\| (info|debug|error) +\| ([^|]*)\|/gm)].flatMap(
  ([, events = "", level = "", fields = ""]) => codesIn(events).map((event) => ({ event, level, fields })),
);
const TERM = ["election", "epoch", "leaderSessionId", "sessionId", "process"];

function codesIn(cell: string): string[] {
  return [...cell.matchAll(/`(\w+)`/g)].map(([, word = ""]) => word);
}

test("docs/OPERATIONS.md lists every event with its level, and no other", () => {
  const facts = Object.entries(FACT_LEVELS).map(([event, level]) => [event, level]);
  const errors = ERROR_EVENTS.map((event) => [event, "error"]);
  expect(listed.map(({ event, level }) => [event, level]).sort()).toEqual([...facts, ...errors].sort());
});

test("every event of a group has the fields that docs/OPERATIONS.md lists, and no others", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const lines = listen(group);
  const server = at("debug");
  const { client } = await join(group, {}, { server });
  const { leaderSessionId } = await client.win();
  pass(500);
  await client.renew(leaderSessionId);
  client.send({ type: "bye" });
  await client.closed;
  await live(group, server);
  await stumble(group, server);
  const job = pathOf(group, "/jobs/nightly");
  const run = { run: "a-run-of-its-own" };
  const begin = { type: "begin", ...run, occurrence: "1", by: "me", leaseMs: 10_000, retry: true, missed: "run" };
  await ask("POST", job, { server, body: begin });
  await ask("POST", job, { server, body: { type: "end", ...run, end: "completed" } });
  await ask("DELETE", job, { server });
  await ask("DELETE", `${pathOf(group)}?force=true`, { server });
  stopClock(); // an hour later: the hold-off is over
  const purged = await ask("DELETE", `${pathOf(group)}?purge=true`, { server });
  expect(purged.body).toEqual({ ok: true });

  const seen = new Map((await lines()).map(({ entry }) => [entry["event"], entry]));
  expect([...seen.keys()].sort()).toEqual(Object.keys(FACT_LEVELS).sort());
  for (const { event, level, fields } of listed.filter((row) => row.level !== "error")) {
    const { level: own, event: _, group: of, at: when, ...rest } = seen.get(event) ?? {};
    expect([of, typeof when], event).toEqual([group, "number"]);
    if (event !== "refused") expect(own, event).toBe(level);
    expect(Object.keys(rest).sort(), event).toEqual(
      [...(fields.includes("_term_") ? TERM : []), ...codesIn(fields)].sort(),
    );
  }
});

test.each([
  ["silent", []],
  ["error", []],
  ["info", TRANSITIONS],
  ["debug", [...TRANSITIONS.slice(0, 3), "refused", ...TRANSITIONS.slice(3, -1), "asked", "forgotten", "session_left"]],
] as const)("at %s the log has the lines of its level", async (level, expected) => {
  const group = freshGroup();
  stopClock();
  const lines = listen(group);
  await live(group, at(level));
  expect((await lines()).map(({ entry }) => entry["event"])).toEqual(expected.map(String));
});

test("renewals are lines at debug only", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const lines = listen(group);
  const { client } = await join(group, {}, { server: at("debug") });
  const { leaderSessionId } = await client.win();
  pass(500);
  await client.renew(leaderSessionId);
  expect((await lines()).at(-1)?.entry).toMatchObject({
    level: "debug",
    event: "renewed",
    marginMs: 1_500,
    leaderSessionId,
  });
});

test("no secret, no operator's words, and no character that ends a line or hides in a terminal", async () => {
  const group = freshGroup();
  stopClock();
  const lines = listen(group);
  const server = at("debug");
  const secret = await live(group, server);
  const name = 'a"\n\r\u2028\u2029\u0085\u001b[31m\u202e\u2066{"event":"forged"}';
  await join(group, { process: { name } }, { server });

  const all = await lines();
  expect(all.length).toBeGreaterThan(TRANSITIONS.length);
  const joined = all.find(({ entry }) => entry["process"] === name);
  expect(joined?.entry).toMatchObject({ event: "session_joined" });
  for (const { text } of all) {
    expect(text).toMatch(/^[ -~]*$/);
    expect(text).not.toContain(secret);
    expect(text).not.toContain("secret words");
  }
});

test("the level comes from LOG_LEVEL, is info without it, and a wrong one is refused with what it takes", async () => {
  const [group, quiet] = [freshGroup(), freshGroup()];
  stopClock();
  const lines = listen(group);
  const app = createElectionApp();
  const serve = (settings: object): Server => withToken((request) => app.fetch(request, { ...env, ...settings }));
  const { client } = await join(group, {}, { server: serve({}) });
  await client.next("grant");
  expect((await lines()).map(({ entry }) => entry["event"])).toEqual(["session_joined", "granted"]);
  const others = listen(quiet);
  await join(quiet, {}, { server: serve({ LOG_LEVEL: "error" }) });
  expect(await others()).toEqual([]);

  const refused = errorOf(await ask("GET", pathOf(group), { server: serve({ LOG_LEVEL: "loud" }) }));
  expect(refused).toMatchObject({ status: 503, code: "misconfigured" });
  expect(refused.message).toBe("logLevel (LOG_LEVEL) is loud: set it to one of silent, error, info, debug");
});
