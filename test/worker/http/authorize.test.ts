/** Who is let in, and as what. */
import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, onTestFinished, test, vi } from "vitest";
import { createElectionApp, type Role } from "../../../worker/index.ts";
import {
  ask,
  connect,
  errorOf,
  fireAlarm,
  freshGroup,
  join,
  LEASE_MS,
  objectOf,
  pathOf,
  resume,
  type Server,
  stopClock,
} from "../support.ts";
import { bearer, captureLog, deployWith, SECRET, tokenFor } from "./identities.ts";
import { askRoute, contending, deploy, isTouched, looking, operating, routes } from "./routes.ts";

const open = deploy({}, "loopback");
const as = (role: Role): Server => deploy({ authorize: () => ({ role }), policy: () => ({ leaseMs: LEASE_MS }) });

test.each([
  ["without an open mode", undefined],
  ["with an unknown open mode", "all"],
  ["with an empty open mode", ""],
])("nobody is let in by default: %s every route answers 401, sockets close with 4401", async (_, openMode) => {
  const group = freshGroup();
  const server = deploy({}, openMode);
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => {
    log.mockRestore();
  });

  for (const route of routes) {
    expect(errorOf(await askRoute(group, route, { server }))).toMatchObject({ status: 401, code: "unauthorized" });
  }
  expect(errorOf(await ask("GET", pathOf(group, "/session"), { server }))).toMatchObject({ status: 401 });
  const client = await connect(group, { server });
  expect(client.protocol).toBe("edge-election.v1");
  expect(await client.closed).toEqual({
    code: 4401,
    reason: expect.stringContaining("set AUTH_SECRET or AUTH_JWKS_URL"),
  });
  expect((await ask("GET", "/healthz", { server })).status).toBe(200);
  expect(await isTouched(group)).toBe(false);
  expect(log).toHaveBeenLastCalledWith(expect.stringContaining("createElectionApp an authorize option"));
});

test.each([
  "http://example.com",
  "http://127.0.0.1.example.com",
  "http://localhost.example.com:8787",
  "http://128.0.0.1",
  "http://10.0.0.1:8787",
  "http://0.0.0.0:8787",
  "http://[::2]:8787",
])("open mode serves no other host: %s gets 403, sockets 4403", async (origin) => {
  const group = freshGroup();

  for (const route of routes) {
    expect(errorOf(await askRoute(group, route, { server: open, origin }))).toMatchObject({
      status: 403,
      code: "forbidden",
    });
  }
  const client = await connect(group, { server: open, origin });
  expect(await client.closed).toEqual({ code: 4403, reason: expect.stringContaining("serves loopback only") });
  expect(await isTouched(group)).toBe(false);
});

test.each([
  "https://evil.example",
  "http://127.0.0.1.evil.example",
  "http://localhost.evil.example",
  "null",
  "file://",
])("open mode serves no page of another origin: '%s' gets 403, sockets 4403", async (origin) => {
  const group = freshGroup();
  const headers = { Origin: origin };

  expect(errorOf(await ask("GET", pathOf(group), { server: open, headers }))).toMatchObject({
    status: 403,
    code: "forbidden",
  });
  expect(errorOf(await ask("DELETE", pathOf(group, "?force=true"), { server: open, headers }))).toMatchObject({
    status: 403,
  });
  const client = await connect(group, { server: open, headers });
  expect(await client.closed).toEqual({ code: 4403, reason: expect.stringContaining("ALLOWED_ORIGINS") });
  expect(await isTouched(group)).toBe(false);
});

test.each(["image", "script", "empty"])(
  "open mode serves nothing (%s) to a page of another site whose browser names no origin: it could fill this machine with groups",
  async (destination) => {
    const group = freshGroup();
    const fetched = { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": destination };

    for (const route of looking.filter(([method]) => method === "GET")) {
      expect(errorOf(await askRoute(group, route, { server: open, headers: fetched }))).toMatchObject({ status: 403 });
    }
    expect(await isTouched(group)).toBe(false);
  },
);

test.each(["same-origin", "none"])(
  "open mode serves what a person opens or its own page asks for (%s)",
  async (site) => {
    expect((await ask("GET", pathOf(freshGroup()), { server: open, headers: { "Sec-Fetch-Site": site } })).status).toBe(
      200,
    );
  },
);

test.each([
  ["Forwarded", "for=198.51.100.7"],
  ["Via", "1.1 proxy"],
  ["X-Forwarded-For", "127.0.0.1"],
  ["X-Forwarded-Host", "elections.example"],
  ["X-Forwarded-Proto", "https"],
  ["X-Real-IP", "198.51.100.7"],
  ["CF-Connecting-IP", "198.51.100.7"],
])(
  "open mode serves nothing that a proxy has forwarded (%s: %s), for who comes that way is not on this machine",
  async (header, value) => {
    const group = freshGroup();
    const headers = { [header]: value };

    for (const route of routes) {
      const refused = errorOf(await askRoute(group, route, { server: open, headers }));
      expect(refused).toMatchObject({ status: 403, code: "forbidden" });
      expect(refused.message).toContain(`(${header.toLowerCase()}): set AUTH_SECRET instead of OPEN_MODE`);
    }
    expect(await (await connect(group, { server: open, headers })).closed).toEqual({
      code: 4403,
      reason: expect.stringContaining(`(${header.toLowerCase()})`),
    });
    const both = { "CF-Connecting-IP": "127.0.0.1", ...headers };
    expect((await ask("GET", pathOf(group), { server: open, headers: both })).status).toBe(403);
    expect(await isTouched(group)).toBe(false);
  },
);

test.each(["127.0.0.1", "::1", "::ffff:127.0.0.1"])(
  "open mode serves this machine through wrangler dev, which names its address (%s)",
  async (address) => {
    const headers = { "CF-Connecting-IP": address };
    expect((await ask("GET", pathOf(freshGroup()), { server: open, headers })).status).toBe(200);
  },
);

test.each(["AUTH_SECRET", "AUTH_SECRET_PREVIOUS", "AUTH_JWKS_URL", "AUTH_ISSUER", "AUTH_AUDIENCE"])(
  "OPEN_MODE beside %s lets nobody in, not even with a good token, and the answer and the log name both",
  async (setting) => {
    const group = freshGroup();
    const log = captureLog();
    const server = deployWith({ OPEN_MODE: "loopback", AUTH_SECRET: SECRET, [setting]: SECRET });
    const alone = deployWith({ OPEN_MODE: "loopback", [setting]: SECRET });
    const headers = bearer(await tokenFor());

    expect(errorOf(await ask("GET", pathOf(group), { server, headers }))).toMatchObject({ status: 503 });
    for (const route of routes) {
      const refused = errorOf(await askRoute(group, route, { server: alone }));
      expect(refused).toMatchObject({ status: 503, code: "misconfigured" });
      expect(refused.message).toBe(
        `OPEN_MODE and ${setting} are both set: to require tokens, remove OPEN_MODE; to serve everybody on this machine without tokens, remove ${setting}`,
      );
    }
    expect(log.at(-1)).toContain(`OPEN_MODE and ${setting} are both set`);
    expect(await isTouched(group)).toBe(false);
  },
);

test.each(["group", "component", "roles"])(
  "an authorize option whose principal has an unknown name (%s) lets nobody in: it would allow more than was meant",
  async (name) => {
    const group = freshGroup();
    const server = deploy({ authorize: () => ({ role: "admin", [name]: ["other"] }) });
    const refused = errorOf(await ask("GET", pathOf(group), { server }));

    expect(refused).toMatchObject({ status: 503, code: "misconfigured" });
    expect(refused.message).toContain(`${name} is unknown: the options are role, groups, components, subject, until`);
    expect(await isTouched(group)).toBe(false);
  },
);

test.each([Number.NaN, Number("soon")])(
  "an authorize option whose `until` is no number (%s) lets nobody in: it would never expire",
  async (until) => {
    const group = freshGroup();
    const server = deploy({ authorize: () => ({ role: "admin", until }) });
    const refused = errorOf(await ask("GET", pathOf(group), { server }));

    expect(refused).toMatchObject({ status: 503, code: "misconfigured" });
    expect(refused.message).toContain("until");
    expect(await isTouched(group)).toBe(false);
  },
);

test.each([
  ["http://127.0.0.1:1", undefined],
  ["http://127.8.9.1", undefined],
  ["http://localhost:5173", "http://localhost:3000"],
  ["http://[::1]:8787", "http://127.0.0.1:8787"],
  ["https://localhost", "https://[::1]"],
])("open mode serves this machine: %s with the origin %s", async (origin, page) => {
  stopClock();
  const headers: Record<string, string> = page === undefined ? {} : { Origin: page };

  expect((await ask("GET", pathOf(freshGroup()), { server: open, origin, headers })).status).toBe(200);
  const { client } = await join(freshGroup(), {}, { server: open, origin, headers });
  await client.win();
});

test.each(["observe", "contend", "admin"] as const)(
  "the role %s may look; contend and admin may contend and ask for a token, only admin may operate",
  async (role) => {
    const server = as(role);

    for (const route of looking) {
      expect([200, 404]).toContain((await askRoute(freshGroup(), route, { server })).status);
    }
    for (const route of contending) {
      const group = freshGroup();
      const { status } = await askRoute(group, route, { server });
      expect(role === "observe" ? [403] : [200, 409]).toContain(status);
      expect(await isTouched(group)).toBe(role !== "observe");
    }
    for (const route of operating) {
      const group = freshGroup();
      const { status } = await askRoute(group, route, { server });
      expect(role === "admin" ? [200, 404, 409] : [403]).toContain(status);
      expect(await isTouched(group)).toBe(role === "admin");
    }
  },
);

test("the role observe may watch over a socket, but neither join nor register as a contender", async () => {
  const group = freshGroup();
  const { client } = await join(group, { observe: ["dispatcher"] }, { server: as("observe") });

  expect(await client.next("error")).toMatchObject({ code: "forbidden", component: "dispatcher" });
  expect((await client.next("leaders")).leaders).toEqual([{ component: "dispatcher", leader: null }]);
  client.send({ type: "register", component: "other", election: "dedicated" });
  expect(await client.next("error")).toMatchObject({ code: "forbidden", component: "other" });
  expect((await ask("GET", pathOf(group))).body).toMatchObject({ sessions: 1, elections: [] });
});

test.each([
  [400, 4400],
  [401, 4401],
  [403, 4403],
  [426, 4426],
])("an authorize option that refuses with %s is obeyed, and sockets are closed with %s", async (status, code) => {
  const group = freshGroup();
  const authorize = async (request: Request) =>
    new Response(request.headers.get("Authorization"), { status, headers: { "WWW-Authenticate": "Bearer" } });
  const server = deploy({ authorize });
  const headers = { Authorization: "Bearer t" };

  const answer = await ask("GET", pathOf(group), { server, headers });
  expect([answer.status, answer.body, answer.headers.get("WWW-Authenticate")]).toEqual([status, "Bearer t", "Bearer"]);
  expect(await (await connect(group, { server })).closed).toEqual({ code, reason: "refused" });
  expect(await isTouched(group)).toBe(false);
});

test("[S9] a token that ends closes its socket with 4401, even asleep; back within the lease with a new one, the term goes on", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const until = (lifetimeMs: number): Server =>
    deploy({
      authorize: () => ({ role: "contend", until: Date.now() + lifetimeMs }),
      policy: () => ({ leaseMs: LEASE_MS }),
    });
  const first = await join(group, {}, { server: until(1_000) });
  const { leaderSessionId, epoch } = await first.client.win();

  await evictDurableObject(objectOf(group));
  pass(1_000);
  await fireAlarm(group);
  expect(await first.client.closed).toMatchObject({ code: 4401 });
  pass(LEASE_MS - 1_001);
  const { client, welcome } = await resume(
    group,
    first.welcome,
    { held: [leaderSessionId] },
    { server: until(60_000) },
  );
  expect(welcome).toMatchObject({ resumed: true, held: [leaderSessionId] });
  expect(await client.next("grant")).toMatchObject({ joined: true, leaderSessionId, epoch });
});

test("pages of an allowed origin may look things up; others get no permission from the browser's point of view", async () => {
  const app = createElectionApp();
  const settings = {
    ...env,
    OPEN_MODE: "",
    AUTH_SECRET: "0123456789abcdef0123456789abcdef",
    ALLOWED_ORIGINS: "https://shop.example",
  };
  const preflight = (origin: string) =>
    app.request(
      "https://elections.example/v1/groups/g/leaders/x",
      { method: "OPTIONS", headers: { Origin: origin, "Access-Control-Request-Method": "GET" } },
      settings,
    );
  expect((await preflight("https://shop.example")).headers.get("Access-Control-Allow-Origin")).toBe(
    "https://shop.example",
  );
  expect((await preflight("https://evil.example")).headers.get("Access-Control-Allow-Origin")).toBeNull();
});
