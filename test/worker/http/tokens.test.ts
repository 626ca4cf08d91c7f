/** Tokens: which are good, which are not, and that they are printed nowhere. */
import { verifyWithJwks } from "hono/jwt";
import { expect, test } from "vitest";
import { createToken } from "../../../worker/index.ts";
import { ask, connect, errorOf, fireAlarm, freshGroup, join, LEASE_MS, pathOf, resume, stopClock } from "../support.ts";
import {
  bearer,
  bearerProtocol,
  captureLog,
  deployWith,
  forge,
  goodClaims,
  hmac,
  KEYS_URL,
  part,
  provider,
  SECRET,
  seconds,
  signingKey,
  tokenFor,
} from "./identities.ts";
import { deploy, isTouched } from "./routes.ts";

const HS256 = { alg: "HS256", typ: "JWT" };
const settings = { AUTH_SECRET: SECRET, AUTH_ISSUER: "issuer", AUTH_AUDIENCE: "elections" };
const accepted = () => ({ ...goodClaims(), iss: "issuer", aud: "elections" });
const claiming = (claims: object) => forge(HS256, { ...accepted(), ...claims }, hmac("SHA-256"));
const without = (name: string) =>
  forge(HS256, Object.fromEntries(Object.entries(accepted()).filter(([key]) => key !== name)), hmac("SHA-256"));
const unsigned = (header: object) => `${part(header)}.${part(accepted())}.`;

async function tampered(): Promise<string> {
  const [header, , signature] = (await claiming({ role: "observe" })).split(".");
  return `${header}.${part(accepted())}.${signature}`;
}

const attacks: readonly (readonly [what: string, token: () => string | Promise<string>])[] = [
  ["nothing", () => ""],
  ["no token", () => "let-me-in"],
  ["three empty parts", () => ".."],
  ["parts that are no JSON", () => "e30.!!!.e30"],
  ["JSON null", () => `${part(null)}.${part(null)}.`],
  ["alg none", () => unsigned({ alg: "none", typ: "JWT" })],
  ["alg None", () => unsigned({ alg: "None", typ: "JWT" })],
  ["alg HS256 without a signature", () => unsigned(HS256)],
  ["no alg", () => unsigned({ typ: "JWT" })],
  ["HS384 with the right secret", () => forge({ ...HS256, alg: "HS384" }, accepted(), hmac("SHA-384"))],
  ["HS512 with the right secret", () => forge({ ...HS256, alg: "HS512" }, accepted(), hmac("SHA-512"))],
  ["an alg that the signature is not of", () => forge(HS256, accepted(), hmac("SHA-512"))],
  ["another secret", () => forge(HS256, accepted(), hmac("SHA-256", "another secret of the same kind, as long"))],
  ["an empty secret", () => forge(HS256, accepted(), hmac("SHA-256", " "))],
  ["a payload that was changed", tampered],
  ["a fourth part", async () => `${await claiming({})}.e30`],
  ["a critical extension", () => forge({ ...HS256, crit: ["x"], x: 1 }, accepted(), hmac("SHA-256"))],
  ["another type", () => forge({ ...HS256, typ: "reset-password" }, accepted(), hmac("SHA-256"))],
  ["a key of its own", async () => (await signingKey("own")).token(accepted(), { jwk: {}, jku: KEYS_URL })],
  ["no expiry", () => without("exp")],
  ["an expiry that is text", () => claiming({ exp: String(seconds(60)) })],
  ["an expiry without end", () => claiming({ exp: 1e300 })],
  ["an expiry that was 31 seconds ago", () => claiming({ exp: seconds(-31) })],
  ["a beginning in 40 seconds", () => claiming({ nbf: seconds(40) })],
  ["a beginning that is text", () => claiming({ nbf: "0" })],
  ["no issuer", () => without("iss")],
  ["another issuer", () => claiming({ iss: "issuer.evil.example" })],
  ["no audience", () => without("aud")],
  ["another audience", () => claiming({ aud: "billing" })],
  ["other audiences", () => claiming({ aud: ["billing", "mail"] })],
  ["no role", () => without("role")],
  ["an unknown role", () => claiming({ role: "root" })],
  ["several roles", () => claiming({ role: ["observe", "admin"] })],
  ["no groups", () => without("groups")],
  ["groups that are text", () => claiming({ groups: "*" })],
  ["an empty group", () => claiming({ groups: [""] })],
  ["too many groups", () => claiming({ groups: Array.from({ length: 257 }, (_, n) => `g${n}`) })],
  ["components that are no names", () => claiming({ components: ["a b"] })],
  ["a subject that is a number", () => claiming({ sub: 7 })],
  ["a subject of 256 characters", () => claiming({ sub: "s".repeat(256) })],
  ["8,193 characters", async () => `${await claiming({})}${"x".repeat(8_193)}`.slice(0, 8_193)],
  ["a good signature over a huge payload", () => claiming({ filler: "x".repeat(8_192) })],
  ["a megabyte", () => "x".repeat(1_000_000)],
];

test.each(attacks)(
  "a token with %s is refused with 401, its socket with 4401, and printed nowhere",
  async (_, make) => {
    const group = freshGroup();
    const server = deployWith(settings);
    const log = captureLog();
    const token = await make();

    const answer = await ask("GET", pathOf(group), { server, headers: bearer(token) });
    expect(errorOf(answer)).toMatchObject({ status: 401, code: "unauthorized" });
    const client = await connect(group, { server, protocols: ["edge-election.v1", bearerProtocol(token)] });
    expect(await client.closed).toEqual({ code: 4401, reason: expect.stringContaining("this token is not valid") });
    expect(await isTouched(group)).toBe(false);
    const told = [JSON.stringify(answer.body), ...[...answer.headers.values()], ...log].join("\n");
    for (const secretPart of token.split(".").filter((text) => text.length > 8)) expect(told).not.toContain(secretPart);
  },
);

test("the token that all of these are variations of is good", async () => {
  const server = deployWith(settings);
  expect((await ask("GET", pathOf(freshGroup()), { server, headers: bearer(await claiming({})) })).status).toBe(200);
});

test.each([
  ["expired 29 seconds ago", () => claiming({ exp: seconds(-28) })],
  ["beginning in 29 seconds", () => claiming({ nbf: seconds(29) })],
  ["for several audiences", () => claiming({ aud: ["mail", "elections"] })],
] as const)("a token %s is good: clocks differ a little", async (_, make) => {
  const server = deployWith(settings);
  expect((await ask("GET", pathOf(freshGroup()), { server, headers: bearer(await make()) })).status).toBe(200);
});

test.each([
  ["by header", async (token: string) => ({ headers: bearer(token) })],
  ["by subprotocol", async (token: string) => ({ protocols: ["edge-election.v1", bearerProtocol(token)] })],
] as const)("a token comes %s, and only the protocol is echoed", async (_, offer) => {
  const group = freshGroup();
  const log = captureLog();
  const token = await tokenFor();
  const { client, welcome } = await join(
    group,
    {},
    { server: deployWith({ AUTH_SECRET: SECRET }), ...(await offer(token)) },
  );

  expect(client.protocol).toBe("edge-election.v1");
  await client.win();
  expect(JSON.stringify(welcome)).not.toContain(token.slice(0, 20));
  expect(log.join("\n")).not.toContain(token.slice(0, 20));
});

test.each(["?token=", "?access_token=", "?bearer=", "?authorization=Bearer%20"])(
  "a token in the URL (%s) is no token",
  async (query) => {
    const server = deployWith({ AUTH_SECRET: SECRET });
    const answer = await ask("GET", pathOf(freshGroup(), `${query}${await tokenFor()}`), { server });
    expect(errorOf(answer)).toMatchObject({ status: 401 });
  },
);

test.each([
  [["shop"], "shop", true],
  [["shop"], "shop-2", false],
  [["shop-*"], "shop-2", true],
  [["shop-*"], "shop", false],
  [["*"], "anything", true],
  [["a", "b*"], "bc", true],
  [["sh*p"], "shop", false],
  [[], "shop", false],
])("a token for the groups %j and the group %s: %s", async (groups, group, allowed) => {
  const server = deployWith({ AUTH_SECRET: SECRET });
  const headers = bearer(await tokenFor({ groups }));

  expect((await ask("GET", pathOf(group), { server, headers })).status).toBe(allowed ? 200 : 403);
  const client = await connect(group, { server, headers });
  if (allowed) await client.hello();
  else
    expect(await client.closed).toEqual({
      code: 4403,
      reason: "these credentials are not for this group: use a token that names it",
    });
});

test("a token for some components contends for those, and for no others", async () => {
  const headers = bearer(await tokenFor({ role: "contend", components: ["printer"] }));
  const { client } = await join(
    freshGroup(),
    { contenders: [{ component: "printer" }, { component: "scanner" }] },
    { server: deployWith({ AUTH_SECRET: SECRET }), headers },
  );

  expect(await client.next("error")).toMatchObject({ code: "forbidden", component: "scanner" });
  expect((await client.win()).components).toEqual(["printer"]);
});

test("the sessions of one subject are counted together, over all its tokens; another subject, and a resume, are let in", async () => {
  const group = freshGroup();
  const server = deployWith({ AUTH_SECRET: SECRET, LIMITS: '{"sessionsPerSubject": 2}' });
  const of = async (subject: string, role: "contend" | "admin" = "contend") => ({
    server,
    headers: bearer(await tokenFor({ role, subject })),
  });

  const first = await join(group, {}, await of("greedy"));
  await join(group, {}, await of("greedy", "admin"));
  const third = await connect(group, await of("greedy"));
  third.send({ type: "hello", sentAt: 1 });
  expect(await third.closed).toMatchObject({ code: 4429, reason: expect.stringContaining("subject") });
  await join(group, {}, await of("modest"));
  const back = await resume(group, first.welcome, {}, await of("greedy"));
  expect(back.welcome.resumed).toBe(true);
});

test("a peer can't give itself a role or settings by the headers that the Worker and the object use between them", async () => {
  const headers = {
    ...bearer(await tokenFor({ role: "observe" })),
    "Edge-Election-Access": JSON.stringify({ role: "admin" }),
    "Edge-Election-Policy": JSON.stringify({ leaseMs: 86_400_000 }),
  };
  const { client, welcome } = await join(freshGroup(), {}, { server: deployWith({ AUTH_SECRET: SECRET }), headers });

  expect(welcome.lease.durationMs).toBe(LEASE_MS);
  expect(await client.next("error")).toMatchObject({ code: "forbidden" });
});

test("[S9] a session whose token ends is closed with 4401 and goes on with a new one, its term unharmed", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const server = deployWith({ AUTH_SECRET: SECRET });
  const short = bearer(await tokenFor({ role: "contend", expiresInSeconds: 1 }));
  const { client, welcome } = await join(group, {}, { server, headers: short });
  const { leaderSessionId, epoch } = await client.win();

  for (let second = 1; second <= 30; second++) {
    pass(1_000);
    expect(await client.renew(leaderSessionId)).toEqual([leaderSessionId]);
  }
  pass(1_000);
  await fireAlarm(group);
  expect(await client.closed).toMatchObject({ code: 4401 });
  expect(errorOf(await ask("GET", pathOf(group), { server, headers: short }))).toMatchObject({ status: 401 });
  const fresh = bearer(await tokenFor({ role: "contend" }));
  const back = await resume(group, welcome, { held: [leaderSessionId] }, { server, headers: fresh });
  expect(back.welcome).toMatchObject({ resumed: true, held: [leaderSessionId] });
  expect(await back.client.next("grant")).toMatchObject({ joined: true, leaderSessionId, epoch });
});

test("a secret may be replaced: tokens of the one before are good while it is named", async () => {
  const old = "the secret before this one, long enough too";
  const headers = bearer(await tokenFor({}, old));
  const status = async (settings: Record<string, string>) =>
    (await ask("GET", pathOf(freshGroup()), { server: deployWith(settings), headers })).status;

  expect(await status({ AUTH_SECRET: SECRET, AUTH_SECRET_PREVIOUS: old })).toBe(200);
  expect(await status({ AUTH_SECRET: SECRET })).toBe(401);
});

test("a secret that is too short lets nobody in, and says so", async () => {
  const server = deployWith({ AUTH_SECRET: "short" });
  const refused = errorOf(await ask("GET", pathOf(freshGroup()), { server, headers: bearer(await tokenFor()) }));

  expect(refused).toMatchObject({ status: 503, code: "misconfigured" });
  expect(refused.message).toMatch(/^AUTH_SECRET must have at least 32 characters/);
  await expect(tokenFor({}, "short")).rejects.toThrow("at least 32 characters");
});

test("an identity system of one's own decides by itself, whatever the origin: the example of Cloudflare Access in SECURITY.md", async () => {
  const key = await signingKey("access", "RS256");
  provider(key.publicKey);
  const issuer = "https://team.cloudflareaccess.example";
  const server = deploy({
    async authorize(request) {
      const token = request.headers.get("Cf-Access-Jwt-Assertion") ?? "";
      try {
        const { email, exp } = await verifyWithJwks(token, {
          jwks_uri: KEYS_URL,
          allowedAlgorithms: ["RS256"],
          verification: { iss: issuer, aud: "tag" },
        });
        const role = email === "ops@shop.example" ? "admin" : "observe";
        return { role, until: Number(exp) * 1_000 };
      } catch {
        return new Response("not by Access", { status: 401 });
      }
    },
  });
  const claims = { iss: issuer, aud: ["tag"], exp: seconds(60), email: "ops@shop.example" };
  const status = async (token: string, method = "GET") =>
    (await ask(method, pathOf(freshGroup()), { server, headers: { "Cf-Access-Jwt-Assertion": token } })).status;

  expect(await status(await key.token(claims), "DELETE")).toBe(200);
  expect(await status(await key.token({ ...claims, email: "guest@shop.example" }), "DELETE")).toBe(403);
  expect(await status(await key.token({ ...claims, email: "guest@shop.example" }))).toBe(200);
  expect(await status(await key.token({ ...claims, aud: ["other"] }))).toBe(401);
  expect(await status(await key.token({ ...claims, exp: seconds(-60) }))).toBe(401);
  expect(await status("")).toBe(401);
  const headers = { "Cf-Access-Jwt-Assertion": await key.token(claims), Origin: "https://evil.example" };
  expect((await ask("GET", pathOf(freshGroup()), { server, headers })).status).toBe(200);
});

test("a claim with an unknown name is not signed: a token without `components` is good for all of them", async () => {
  const claims = { role: "contend", groups: ["shop"], component: ["cart"], expiresInSeconds: 60 } as const;
  await expect(createToken(claims, SECRET, Date.now())).rejects.toThrow("component is unknown: the options are role");
});

// Keys of a provider

let deployments = 0;
/** Of a deployment of its own: what one has fetched is kept for all that have the same settings. */
const byKeys = (): { AUTH_JWKS_URL: string } => {
  deployments += 1;
  return { AUTH_JWKS_URL: `${KEYS_URL}?deployment=${deployments}` };
};
const statusOf = async (server: ReturnType<typeof deployWith>, token: string) =>
  (await ask("GET", pathOf(freshGroup()), { server, headers: bearer(token) })).status;

test.each(["ES256", "RS256"] as const)("a token signed with a %s key of the provider is good", async (alg) => {
  const key = await signingKey("k1", alg);
  provider(key.publicKey);

  expect(await statusOf(deployWith(byKeys()), await key.token())).toBe(200);
});

test("a token that the provider has not signed is refused, with any key in its header", async () => {
  const [key, rsa, stranger] = [await signingKey("k1"), await signingKey("k2", "RS256"), await signingKey("k1")];
  provider(key.publicKey, rsa.publicKey);
  const server = deployWith(byKeys());
  const publicText = JSON.stringify(rsa.publicKey);
  const modulus = rsa.publicKey.n ?? "";
  const confusedBy = (secret: string) =>
    forge({ alg: "HS256", typ: "JWT", kid: "k2" }, goodClaims(), hmac("SHA-256", secret));

  expect(await statusOf(server, await key.token())).toBe(200);
  for (const token of [
    await confusedBy(publicText),
    await confusedBy(modulus),
    await confusedBy(KEYS_URL),
    await stranger.token(),
    await stranger.token(goodClaims(), { jwk: stranger.publicKey }),
    await stranger.token(goodClaims(), { kid: "k9", jku: "https://evil.example/keys" }),
    await stranger.token(goodClaims(), { kid: "../../k1" }),
    await key.token(goodClaims(), { kid: undefined }),
    await key.token(goodClaims(), { alg: "RS256" }),
    await key.token(goodClaims(), { kid: "k2" }),
    await rsa.token(goodClaims(), { alg: "RS512" }),
    await rsa.token(goodClaims(), { alg: "PS256" }),
    `${part({ alg: "none", typ: "JWT", kid: "k1" })}.${part(goodClaims())}.`,
  ]) {
    expect(await statusOf(server, token)).toBe(401);
  }
});

test("keys rotate: an unknown key makes the set be fetched again, but strangers can't make it be fetched again and again", async () => {
  const pass = stopClock();
  const [first, second] = [await signingKey("k1"), await signingKey("k2")];
  const identity = provider(first.publicKey);
  const server = deployWith(byKeys());

  expect(await statusOf(server, await first.token())).toBe(200);
  identity.keys = [second.publicKey];
  for (let attempt = 0; attempt < 20; attempt++) expect(await statusOf(server, await second.token())).toBe(401);
  expect(identity.asked).toBe(1);
  pass(30_001);
  expect(await statusOf(server, await second.token())).toBe(200);
  expect(await statusOf(server, await first.token())).toBe(401);
  expect(identity.asked).toBe(2);
});

test("a copy of the environment, such as an app makes for each request, shares the keys with all others", async () => {
  stopClock();
  const key = await signingKey("k1");
  const identity = provider(key.publicKey);
  const settings = byKeys();
  for (let copy = 0; copy < 3; copy++) expect(await statusOf(deployWith({ ...settings }), await key.token())).toBe(200);
  expect(identity.asked).toBe(1);
});

test("however many requests come at once with an unknown key, the set is fetched once", async () => {
  const pass = stopClock();
  const [known, made] = [await signingKey("k1"), await signingKey("made-up")];
  const identity = provider(known.publicKey);
  const server = deployWith(byKeys());
  const answers = async (key: typeof known): Promise<number[]> => {
    const token = await key.token();
    return Promise.all(Array.from({ length: 50 }, () => statusOf(server, token)));
  };

  expect(new Set(await answers(made))).toEqual(new Set([401]));
  expect(identity.asked).toBe(1);
  pass(30_001);
  expect(new Set(await answers(made))).toEqual(new Set([401]));
  expect(identity.asked).toBe(2);
  expect(new Set(await answers(known))).toEqual(new Set([200]));
  expect(identity.asked).toBe(2);
});

test("keys that are known stay in use while the provider is away; without any the answer is 503", async () => {
  const pass = stopClock();
  const log = captureLog();
  const key = await signingKey("k1");
  const identity = provider(key.publicKey);
  const server = deployWith(byKeys());

  identity.mode = "down";
  expect(await statusOf(server, await key.token())).toBe(503);
  expect(log.join("\n")).toContain('"event":"keys_unavailable"');
  pass(30_001);
  identity.mode = "up";
  expect(await statusOf(server, await key.token())).toBe(200);
  pass(700_000);
  identity.mode = "broken";
  expect(await statusOf(server, await key.token())).toBe(200);
});

test("a fetch that fails is repeated after a second: while the first keys are unknown, and while they rotate", async () => {
  const pass = stopClock();
  captureLog();
  const [first, second] = [await signingKey("k1"), await signingKey("k2")];
  const identity = provider(first.publicKey);
  const server = deployWith(byKeys());

  identity.mode = "down";
  for (let attempt = 0; attempt < 20; attempt++) expect(await statusOf(server, await first.token())).toBe(503);
  expect(identity.asked).toBe(1);
  pass(1_001);
  identity.mode = "up";
  expect(await statusOf(server, await first.token())).toBe(200);
  expect(identity.asked).toBe(2);

  pass(30_001);
  identity.mode = "broken";
  identity.keys = [second.publicKey];
  for (let attempt = 0; attempt < 20; attempt++) expect(await statusOf(server, await second.token())).toBe(401);
  expect(identity.asked).toBe(3);
  pass(1_001);
  identity.mode = "up";
  expect(await statusOf(server, await second.token())).toBe(200);
});

test("a stranger who hangs up while the keys are fetched keeps nobody else waiting for ever", async () => {
  const pass = stopClock();
  const key = await signingKey("k1");
  const identity = provider(key.publicKey);
  const server = deployWith(byKeys());

  identity.mode = "lost";
  void statusOf(server, await key.token()); // its request is gone: nothing will ever come of it
  await expect.poll(() => identity.asked).toBe(1);
  identity.mode = "up";
  // As long as a fetch may take: then this one counts as failed.
  pass(5_001);
  expect(await statusOf(server, await key.token())).toBe(200);
});
