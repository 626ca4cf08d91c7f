/** `POST /fence/token`: who gets a signed fence token, for what, and for how long. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { createFenceVerifier } from "../../../worker/fence/index.ts";
import { createElectionApp, type ElectionEnv } from "../../../worker/index.ts";
import { ask, errorOf, freshGroup, join, LEASE_MS, pathOf, type Server, stopClock } from "../support.ts";
import { isTouched } from "./routes.ts";

const SECRET = env.FENCE_SECRET ?? "";

/** An app with other keys than the deployed one. */
function serverOf(keys: Pick<ElectionEnv, "FENCE_SECRET" | "FENCE_PRIVATE_KEY">, components?: string[]): Server {
  const app = createElectionApp({
    policy: () => ({ leaseMs: LEASE_MS }),
    authorize: () => ({ role: "contend", ...(components !== undefined && { components }) }),
  });
  return (request) => app.fetch(request, { ELECTIONS: env.ELECTIONS, ...keys });
}

interface Issued {
  readonly token: string;
  readonly expiresInMs: number;
}

async function lead(group: string) {
  const { client } = await join(group);
  const { leaderSessionId, epoch } = await client.win();
  return { client, body: { component: "dispatcher", leaderSessionId, epoch } };
}

test("[FG6] the leader gets a token that a resource checks offline, for what is left of its lease", async () => {
  const group = freshGroup("team/a");
  const pass = stopClock();
  const { body } = await lead(group);
  pass(500);
  const answer = await ask<Issued>("POST", pathOf(group, "/fence/token"), { body });
  const { token, expiresInMs } = answer.body;

  expect(answer.status).toBe(200);
  expect(expiresInMs).toBe(LEASE_MS - 500);
  const verify = createFenceVerifier({ secret: SECRET, groups: [group], clockToleranceMs: 0, now: Date.now });
  expect(await verify(token)).toEqual({ group, ...body });
  pass(LEASE_MS - 500);
  await expect(verify(token)).rejects.toMatchObject({ code: "fence_token_expired" });
});

test("[FG6] a draining leader still gets one, one that is over gets 409, and so does a foreign one", async () => {
  const group = freshGroup();
  const pass = stopClock();
  const { client, body } = await lead(group);
  const request = (changes: object = {}) =>
    ask("POST", pathOf(group, "/fence/token"), { body: { ...body, ...changes } });
  const revoked = ask("POST", pathOf(group, "/elections/process/revoke"));
  await client.next("revoke");

  expect((await request()).status).toBe(200);
  for (const changes of [{ epoch: body.epoch + 1 }, { leaderSessionId: "another" }, { component: "other" }]) {
    expect(errorOf(await request(changes))).toMatchObject({ status: 409, code: "not_current" });
  }
  client.send({ type: "release", leaderSessionId: body.leaderSessionId });
  await revoked;
  expect(errorOf(await request())).toMatchObject({ status: 409, code: "not_current" });
  const { leaderSessionId, epoch } = await client.win();
  expect((await request({ leaderSessionId, epoch })).status).toBe(200);
  pass(LEASE_MS);
  expect(errorOf(await request({ leaderSessionId, epoch }))).toMatchObject({ status: 409, code: "not_current" });
});

/** The private one as a line of a configuration has it, the public one as JSON. */
async function pairOfKeys(): Promise<{ readonly pem: string; readonly publicKey: Record<string, unknown> }> {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new Error("no pair of keys");
  const der = await crypto.subtle.exportKey("pkcs8", pair.privateKey);
  if (!(der instanceof ArrayBuffer)) throw new Error("no bytes");
  const text = btoa(String.fromCharCode(...new Uint8Array(der)));
  const pem = `-----BEGIN PRIVATE KEY-----\\n${text}\\n-----END PRIVATE KEY-----`;
  return { pem, publicKey: { ...(await crypto.subtle.exportKey("jwk", pair.publicKey)) } };
}

test("[FG6] with a private key the resource needs the public one alone", async () => {
  const { pem, publicKey } = await pairOfKeys();
  const group = freshGroup();
  const { body } = await lead(group);
  const server = serverOf({ FENCE_PRIVATE_KEY: pem });
  const { token } = (await ask<Issued>("POST", pathOf(group, "/fence/token"), { body, server })).body;

  expect(await createFenceVerifier({ publicKey })(token)).toEqual({ group, ...body });
  await expect(createFenceVerifier({ secret: SECRET })(token)).rejects.toMatchObject({ code: "invalid_fence_token" });
});

test.each([
  ["no key", {}, "fence tokens are not configured on this deployment: set FENCE_SECRET or FENCE_PRIVATE_KEY"],
  [
    "two keys",
    { FENCE_SECRET: SECRET, FENCE_PRIVATE_KEY: "PRIVATE KEY" },
    "set FENCE_SECRET or FENCE_PRIVATE_KEY, not both",
  ],
  ["a short secret", { FENCE_SECRET: "short" }, "FENCE_SECRET: the secret must have at least 32 characters"],
  ["a key of no kind", { FENCE_PRIVATE_KEY: "x" }, "FENCE_PRIVATE_KEY: the private key must be PKCS #8 in PEM"],
])("a deployment with %s answers 503 with the setting, and touches nothing", async (_, keys, message) => {
  const group = freshGroup();
  const body = { component: "dispatcher", leaderSessionId: "l", epoch: 1 };
  const refused = errorOf(await ask("POST", pathOf(group, "/fence/token"), { body, server: serverOf(keys) }));

  expect(refused).toMatchObject({ status: 503, code: "misconfigured" });
  expect(refused.message).toContain(message);
  expect(await isTouched(group)).toBe(false);
});

test("credentials for certain components get tokens for these alone", async () => {
  const group = freshGroup();
  const { body } = await lead(group);
  const request = (components: string[]) =>
    ask("POST", pathOf(group, "/fence/token"), { body, server: serverOf({ FENCE_SECRET: SECRET }, components) });

  expect((await request(["dispatcher"])).status).toBe(200);
  expect(errorOf(await request(["other"]))).toMatchObject({ status: 403, code: "forbidden" });
});
