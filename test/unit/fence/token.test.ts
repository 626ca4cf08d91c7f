/** Signed fence tokens, and who takes them. */

import type { webcrypto } from "node:crypto";
import fc from "fast-check";
import { sign } from "hono/jwt";
import { beforeAll, expect, test } from "vitest";
import { createFenceVerifier, type Fence, type FenceVerifier } from "../../../worker/fence/index.ts";
import { signFenceToken } from "../../../worker/fence/token.ts";
import { wrong } from "../../support/wrong.ts";

const SECRET = "a secret of 32 characters or more";
const NOW = 1_800_000_000_123;
const fence: Fence = { group: "shop/eu", component: "orders", epoch: 1_800_000_000_000, leaderSessionId: "nonce.1" };

const issue = async (life = 20_000, now = NOW): Promise<string> =>
  (await signFenceToken(fence, life, { secret: SECRET }, now)).token;
const verifier = (options: object = {}, now = NOW): FenceVerifier =>
  createFenceVerifier({ secret: SECRET, now: () => now, ...options });
/** Any claims, signed with the secret. */
const forged = (changes: object): Promise<string> => {
  const claims = { aud: "edge-election.fence", ...fence, iat: NOW / 1_000, exp: NOW / 1_000 + 10 };
  return sign({ ...claims, ...changes }, SECRET, "HS256");
};

interface Pair {
  readonly privateKey: string;
  readonly publicKey: string;
  readonly jwk: Readonly<Record<string, unknown>>;
}
let [pair, other]: Pair[] = [];

async function newPair(): Promise<Pair> {
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const pem = async (format: "pkcs8" | "spki", key: webcrypto.CryptoKey, kind: string): Promise<string> => {
    const text = Buffer.from(await crypto.subtle.exportKey(format, key)).toString("base64");
    return `-----BEGIN ${kind} KEY-----\n${text}\n-----END ${kind} KEY-----\n`;
  };
  const jwk = { ...(await crypto.subtle.exportKey("jwk", keys.publicKey)) };
  return {
    jwk,
    privateKey: await pem("pkcs8", keys.privateKey, "PRIVATE"),
    publicKey: await pem("spki", keys.publicKey, "PUBLIC"),
  };
}

beforeAll(async () => {
  [pair, other] = [await newPair(), await newPair()];
});
const pairs = (): [Pair, Pair] => {
  if (pair === undefined || other === undefined) throw new Error("no keys");
  return [pair, other];
};

test("[FG6] a token reads back as the fence that it was signed for, by secret and by key pair", async () => {
  const [{ privateKey, publicKey, jwk }] = pairs();
  const signed = await signFenceToken(fence, 5_000, { privateKey }, NOW);
  const spelledOut = await signFenceToken(fence, 5_000, { privateKey: privateKey.replaceAll("\n", "\\n") }, NOW);

  expect(await verifier()(await issue())).toEqual(fence);
  expect(signed.expiresInMs).toBe(5_000);
  for (const { token } of [signed, spelledOut]) {
    expect(await createFenceVerifier({ publicKey, now: () => NOW })(token)).toEqual(fence);
    expect(await createFenceVerifier({ publicKey: jwk, now: () => NOW })(token)).toEqual(fence);
  }
});

test("[FG6] a token lives for the lease's time left, but never longer than 30 s, and not a millisecond more", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: 0, max: 999 }), async (left, fraction) => {
      const issued = NOW + fraction;
      const { token, expiresInMs } = await signFenceToken(fence, left, { secret: SECRET }, issued);
      expect(expiresInMs).toBe(Math.min(left, 30_000));
      const at = (now: number) => verifier({ clockToleranceMs: 0 }, now)(token);
      expect(await at(issued)).toEqual(fence);
      expect(await at(issued + expiresInMs - 1)).toEqual(fence);
      await expect(at(issued + expiresInMs)).rejects.toMatchObject({
        code: "fence_token_expired",
        retryable: true,
      });
    }),
    { numRuns: 40 },
  );
});

test("[FG6] clocks may be apart by the tolerance, and no further", async () => {
  const token = await issue(20_000);

  expect(await verifier({}, NOW + 20_999)(token)).toEqual(fence);
  await expect(verifier({}, NOW + 21_001)(token)).rejects.toThrow("get a new one from the group");
  expect(await verifier({}, NOW - 999)(token)).toEqual(fence);
  await expect(verifier({}, NOW - 1_001)(token)).rejects.toThrow("issued in the future");
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, -1, 60_001])(
  "[FG6] a tolerance of %d ms, with which tokens might never be over, is refused when the verifier is made",
  (clockToleranceMs) => {
    expect(() => verifier({ clockToleranceMs })).toThrow(/^clockToleranceMs is .*: set it to 0-60000/);
  },
);

test("[FG6] a clock without a time lets no token through", async () => {
  await expect(verifier({}, Number.NaN)(await issue())).rejects.toMatchObject({ code: "invalid_fence_token" });
});

test.each([
  ["of another audience", { aud: "edge-election" }],
  ["of no audience", { aud: undefined }],
  ["without an end", { exp: undefined }],
  ["without a beginning", { iat: undefined }],
  ["that lives too long", { exp: NOW / 1_000 + 30.1 }],
  ["without an epoch", { epoch: undefined }],
  ["with an epoch that is a text", { epoch: "5" }],
])("[FG6] a token %s is refused, well signed or not", async (_, changes) => {
  await expect(verifier()(await forged(changes))).rejects.toMatchObject({ code: "invalid_fence_token" });
});

test("[FG6] well-formed claims alone make a token: the refusals above have their own reasons", async () => {
  expect(await verifier()(await forged({}))).toEqual(fence);
  await expect(verifier()(await forged({ component: ".." }))).rejects.toMatchObject({ code: "invalid_fence" });
});

test("[FG6] a token signed with another key or another algorithm is refused", async () => {
  const [{ privateKey, publicKey }, { publicKey: foreign }] = pairs();
  const { token } = await signFenceToken(fence, 5_000, { privateKey }, NOW);
  const refused = {
    code: "invalid_fence_token",
    message: expect.stringContaining("does not match any configured key"),
  };
  const byPublicKey = createFenceVerifier({ publicKey, now: () => NOW });
  const none = `${btoa('{"alg":"none","typ":"JWT"}')}.${token.split(".")[1]}.`;
  const confused = await sign({ aud: "edge-election.fence", ...fence, iat: 1, exp: 2 }, publicKey, "HS256").catch(
    () => "refused by the library",
  );

  await expect(createFenceVerifier({ publicKey: foreign, now: () => NOW })(token)).rejects.toMatchObject(refused);
  await expect(verifier()(token)).rejects.toMatchObject(refused);
  await expect(verifier({ secret: `${SECRET}!` })(await issue())).rejects.toMatchObject(refused);
  await expect(byPublicKey(await issue())).rejects.toMatchObject(refused);
  for (const text of [none, confused, "", "a.b", "a.b.c", `${token}x`]) {
    await expect(byPublicKey(text)).rejects.toMatchObject(refused);
  }
  await expect(byPublicKey("x".repeat(3_000))).rejects.toThrow("it is too long");
});

test("[FG6] while one key replaces another, tokens of both are taken", async () => {
  const both = verifier({ secret: [`${SECRET} of tomorrow`, SECRET] });

  expect(await both(await issue())).toEqual(fence);
});

test("[FG6] a verifier takes tokens of the groups and components that it is for", async () => {
  const token = await issue();

  expect(await verifier({ groups: ["shop/eu"], components: ["orders", "bills"] })(token)).toEqual(fence);
  await expect(verifier({ groups: ["shop"] })(token)).rejects.toMatchObject({ code: "fence_not_accepted" });
  await expect(verifier({ components: [] })(token)).rejects.toMatchObject({ code: "fence_not_accepted" });
});

test("keys that can't be safe are refused when the verifier is made, with the remedy", () => {
  const [{ privateKey, jwk }] = pairs();
  const both = wrong({ secret: SECRET, publicKey: jwk });

  expect(() => createFenceVerifier({ secret: "short" })).toThrow("at least 32 characters");
  expect(() => createFenceVerifier({ secret: [SECRET, ""] })).toThrow("at least 32 characters");
  for (const publicKey of [privateKey, SECRET, { kty: "oct", k: "x" }, { ...jwk, d: "x" }]) {
    expect(() => createFenceVerifier({ publicKey })).toThrow("publicKey must be a public key of the curve P-256");
  }
  expect(() => createFenceVerifier(both)).toThrow("either a secret or a publicKey");
  expect(() => createFenceVerifier(wrong({}))).toThrow("either a secret or a publicKey");
});
