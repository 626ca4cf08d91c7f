/** What strangers get, and what it costs: a closed door, the reason in the log, and nothing that they could use. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { ask, connect, errorOf, freshGroup, join, pathOf, type Server } from "../support.ts";
import { bearer, captureLog, deployWith, SECRET, tokenFor } from "./identities.ts";
import { isTouched } from "./routes.ts";

const HOSTILE = '<script>alert(1)</script>"\'`\n\r\t\u0000\u2028 {x="1"} # HELP \\" \\n } 1e9';

test("a deployment without settings refuses, and its log names the settings that are missing", async () => {
  const log = captureLog();
  const server = deployWith({});

  expect(errorOf(await ask("GET", pathOf(freshGroup()), { server }))).toMatchObject({ status: 401 });
  expect(log).toHaveLength(1);
  for (const text of ['"event":"closed"', "AUTH_SECRET", "AUTH_JWKS_URL", "authorize"]) expect(log[0]).toContain(text);
  expect((await ask("GET", "/healthz", { server })).status).toBe(200);
});

test.each(["OPEN_MODE", "AUTH_SECRET"])(
  "a page of another origin is refused, however others are let in (%s), and an allowed one is not",
  async (setting) => {
    const origin = "https://evil.example";
    const headers = { ...bearer(await tokenFor()), Origin: origin };
    const server = deployWith(setting === "OPEN_MODE" ? { OPEN_MODE: "loopback" } : { AUTH_SECRET: SECRET });
    const group = freshGroup();

    expect((await ask("GET", pathOf(group), { server, headers })).status).toBe(403);
    expect(await (await connect(group, { server, headers })).closed).toMatchObject({ code: 4403 });
    expect(await isTouched(group)).toBe(false);
    const open = deployWith({ AUTH_SECRET: SECRET, ALLOWED_ORIGINS: `https://shop.example, ${origin}` });
    expect((await ask("GET", pathOf(group), { server: open, headers })).status).toBe(200);
    const all = deployWith({ AUTH_SECRET: SECRET, ALLOWED_ORIGINS: "*" });
    expect((await ask("GET", pathOf(group), { server: all, headers })).status).toBe(403);
  },
);

test.each([
  ["without a token", "g", {}, 401, "unauthorized"],
  ["in no group", "no name", {}, 400, "invalid_argument"],
  ["of another version", "g", { "Sec-WebSocket-Protocol": "edge-election.v9" }, 426, "unsupported_version"],
])(
  "an upgrade %s that no page asks for gets a plain status: a socket that only one side has closed would stay",
  async (what, name, headers, status, code) => {
    const server = deployWith({ AUTH_SECRET: SECRET });
    const token = what === "without a token" ? {} : bearer(await tokenFor());
    const request = new Request(`https://elections.example${pathOf(name, "/session")}`, {
      headers: { Upgrade: "websocket", ...token, ...headers },
    });
    const response = await server(request);
    expect([response.status, response.webSocket]).toEqual([status, null]);
    expect(await response.json()).toMatchObject({ error: { code } });
  },
);

const LIMIT = 100;
const REQUESTS = 600;

async function expectRefused(server: Server, group: string, address: string, code: number): Promise<void> {
  const client = await connect(group, { server, headers: { "CF-Connecting-IP": address } });
  expect(await client.closed).toMatchObject({ code });
}

/** How many more upgrades are refused by a close code before one gets 429. */
async function refusedBefore429(server: Server, group: string, address: string): Promise<number> {
  const headers = { Upgrade: "websocket", Origin: "https://elections.example", "CF-Connecting-IP": address };
  for (let refused = 0; refused <= 2 * LIMIT; refused++) {
    const response = await server(new Request(`https://elections.example${pathOf(group, "/session")}`, { headers }));
    if (response.status === 429) return refused;
    expect(response.status).toBe(101);
    response.webSocket?.accept();
  }
  throw new Error(`${address} was refused ${2 * LIMIT} times, and never by 429`);
}

/** The limiter counts by minutes of the clock: when a minute begins, it counts anew. */
const minuteOfClock = (): number => Math.floor(Date.now() / 60_000);

function limitedServer(): Server {
  const { UPGRADE_LIMITER } = env;
  if (UPGRADE_LIMITER === undefined) throw new Error("wrangler.toml binds no UPGRADE_LIMITER");
  return deployWith({ AUTH_SECRET: SECRET, UPGRADE_LIMITER });
}

test.each([
  ["203.0.113.7", "203.0.113.7", "203.0.113.8"],
  ["2001:db8:1:2::1", "2001:db8:1:2:ffff:1:2:3", "2001:db8:1:3::1"],
  ["2001:db8::5:0:0:0:1", "2001:db8:0:5::9", "2001:db8:0:6::9"],
])(
  "an address that was refused 100 times in a minute (%s) gets 429 instead of a socket; who has a token, and others, are served",
  async (address, same, other) => {
    const server = limitedServer();
    const began = minuteOfClock();

    await expectRefused(server, "g", address, 4401);
    const refused = 1 + (await refusedBefore429(server, "g", address));
    const ofTheSame = await refusedBefore429(server, "g", same);
    if (minuteOfClock() === began) expect([refused, ofTheSame]).toEqual([LIMIT, 0]);
    else expect(refused).toBeGreaterThanOrEqual(LIMIT);
    await expectRefused(server, "g", other, 4401);
    const headers = { ...bearer(await tokenFor()), "CF-Connecting-IP": address };
    const { client } = await join(freshGroup(), {}, { server, headers });
    await client.win();
  },
);

test("the requests of one subject are limited, and those of others and of operators are not", async () => {
  const { REQUEST_LIMITER } = env;
  if (REQUEST_LIMITER === undefined) throw new Error("wrangler.toml binds no REQUEST_LIMITER");
  const server = deployWith({ AUTH_SECRET: SECRET, REQUEST_LIMITER });
  const group = freshGroup();
  const asks = async (claims: Parameters<typeof tokenFor>[0]) =>
    ask("GET", pathOf(group, "/leaders/a"), { server, headers: bearer(await tokenFor(claims)) });
  const busy = { subject: `busy-${group}`, role: "observe" } as const;
  let answered = 0;
  for (let answer = await asks(busy); answer.status !== 429; answer = await asks(busy)) {
    answered += 1;
    expect(answered).toBeLessThanOrEqual(2 * REQUESTS); // a minute of the clock may have begun meanwhile
  }
  expect(answered).toBeGreaterThanOrEqual(REQUESTS);
  const late = await asks(busy);
  if (late.status === 429) expect(errorOf(late)).toMatchObject({ code: "too_many" });
  expect((await asks({ subject: `quiet-${group}`, role: "observe" })).status).toBe(404);
  // Whoever waits for a job, or for the lead, uses up what others wait by, and nothing of what a leader needs.
  const calls = async (body: object): Promise<number> => {
    const token = await tokenFor({ subject: `busy-${group}`, role: "contend" });
    return (await ask("POST", pathOf(group, "/jobs/nightly"), { server, headers: bearer(token), body })).status;
  };
  const run = "a-run-of-its-own";
  const begin = { type: "begin", run, occurrence: "1", by: "a", leaseMs: 10_000, retry: true, missed: "run" };
  if (late.status === 429) expect(await calls(begin)).toBe(429);
  expect(await calls({ type: "renew", run })).toBe(200);
  expect((await asks({ subject: `busy-${group}`, role: "admin" })).status).toBe(404);
});

test("upgrades for what is no group count as refused ones do", async () => {
  const server = limitedServer();

  await expectRefused(server, "no name", "203.0.113.99", 4400);
  expect(1 + (await refusedBefore429(server, "no name", "203.0.113.99"))).toBeGreaterThanOrEqual(LIMIT);
});

test.each([
  ['{"sessions": 0}', "limits.sessions is 0"],
  ['{"nameLength": 129}', "limits.nameLength is 129: set it to 1..128"],
  ['{"helloTimeoutMs": 60001}', "limits.helloTimeoutMs is 60001: set it to 1..60000"],
  ['{"session": 5}', "limits.session is unknown: the limits are messageBytes, "],
  ['{"sessions": "5x"}', "limits.sessions is 5x"],
  ["[1]", "LIMITS is no JSON object"],
  ["many", "LIMITS is no JSON object"],
])("LIMITS=%s is refused with what is wrong", async (LIMITS, message) => {
  const refused = errorOf(
    await ask("GET", pathOf(freshGroup()), { server: deployWith({ OPEN_MODE: "loopback", LIMITS }) }),
  );
  expect(refused).toMatchObject({ status: 503, code: "misconfigured" });
  expect(refused.message).toContain(message);
});

test("every limit can be set by LIMITS, and is in the welcome", async () => {
  const limits = {
    messageBytes: 9_000,
    messagesPerSecond: 11,
    contenders: 2,
    observed: 3,
    metadataBytes: 40,
    sessions: 5,
    observers: 6,
    sessionsPerSubject: 4,
    elections: 7,
    nameLength: 20,
    historyRows: 9,
    rows: 12,
    confirms: 10,
    jobs: 8,
    occurrences: 13,
    occurrenceMs: 120_000,
    helloTimeoutMs: 1_100,
  };
  const server = deployWith({ OPEN_MODE: "loopback", LIMITS: JSON.stringify(limits) });
  expect((await join(freshGroup(), {}, { server })).welcome.limits).toEqual(limits);
});

test("answers about groups are not kept by caches, and are taken for nothing but what they are", async () => {
  for (const path of [pathOf("a"), pathOf("a", "/metrics"), pathOf("a", "/leaders/x"), "/v1/groups/%20"]) {
    const { headers } = await ask("GET", path);
    expect([path, headers.get("Cache-Control"), headers.get("X-Content-Type-Options")]).toEqual([
      path,
      "no-store",
      "nosniff",
    ]);
  }
});

test("hostile names are refused, and hostile free text goes out as JSON strings and never into the metrics", async () => {
  const group = "a.b:c/d-e_f";
  const { client } = await join(group, {
    process: { name: HOSTILE, address: HOSTILE, metadata: { [HOSTILE]: HOSTILE, ["__proto__"]: HOSTILE } },
    observe: true,
  });
  const { leaderSessionId } = await client.win();
  client.send({ type: "confirm", id: HOSTILE.slice(0, 60), component: "dispatcher", leaderSessionId });
  await client.next("confirmed");

  const status = await ask("GET", pathOf(group));
  expect(status.headers.get("Content-Type")).toContain("application/json");
  expect(status.body).toMatchObject({ elections: [{ leader: { process: HOSTILE } }] });
  const leader = await ask("GET", pathOf(group, "/leaders/dispatcher"));
  expect(leader.body).toMatchObject({ address: HOSTILE, metadata: { [HOSTILE]: HOSTILE } });
  expect(JSON.stringify(leader.body)).toContain(`"__proto__":${JSON.stringify(HOSTILE)}`);
  const metrics = await ask("GET", pathOf(group, "/metrics"));
  expect(metrics.headers.get("Content-Type")).toContain("text/plain");
  const sample =
    /^(?:# (?:HELP|TYPE) edge_election_\w+ [^\n]+|edge_election_\w+(?:\{(?:\w+="(?:[^"\\\n]|\\[\\"n])*",?)*\})? [-+.\w]+)$/;
  for (const line of String(metrics.body).trimEnd().split("\n")) expect(line).toMatch(sample);
  expect(metrics.body).not.toContain("script");

  const bad = await connect(group);
  bad.send({ type: "hello", sentAt: 1, contenders: [{ component: 'x"} 1\nevil{a="' }] });
  expect(await bad.closed).toMatchObject({ code: 4400 });
});

test("[E21] the text of a refusal holds little of what was sent, and nothing of a text that could not be read", async () => {
  const marker = "marker-of-this-request".repeat(4);
  const requests: readonly (readonly [string, string, unknown?])[] = [
    ["GET", `/${marker}`],
    ["GET", pathOf(`${marker} <b>`)],
    ["GET", pathOf("a", `/leaders/${marker}%20`)],
    ["GET", pathOf("a", `/history?limit=${marker}`)],
    ["POST", pathOf("a", "/fence"), { component: `${marker} `, leaderSessionId: "l", epoch: 1 }],
    ["POST", pathOf("a", "/fence"), `{"${marker}`],
    ["POST", pathOf("a", `/elections/${marker}/revoke`), {}],
  ];
  for (const [method, path, body] of requests) {
    const answer = await ask(method, path, body === undefined ? {} : { body });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.headers.get("Content-Type")).toContain("json");
    expect(JSON.stringify(answer.body)).not.toContain(marker.slice(0, 41));
  }
  expect(JSON.stringify((await ask("POST", pathOf("a", "/fence"), { body: `{"${marker}` })).body)).not.toContain(
    "mark",
  );
  const client = await connect(freshGroup());
  client.sendRaw(JSON.stringify({ type: marker, [marker]: marker }));
  expect((await client.closed).reason).not.toContain(marker.slice(0, 41));
});
