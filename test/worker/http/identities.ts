/** Tokens, deployments that ask for them, and a provider of public keys, for tests of who is let in. */
import { env } from "cloudflare:workers";
import { onTestFinished, vi } from "vitest";
import {
  type AuthorizeEnv,
  createElectionApp,
  createToken,
  type ElectionEnv,
  type TokenClaims,
} from "../../../worker/index.ts";
import { LEASE_MS, type Server } from "../support.ts";

export const SECRET = "a secret of this test, long enough for HS256";
export const KEYS_URL = "https://identity.example/keys";

/** The default app under these settings, and nothing of this machine's open mode. */
export function deployWith(settings: AuthorizeEnv & Partial<ElectionEnv>): Server {
  const app = createElectionApp();
  const { ELECTIONS } = env;
  const whole = { ELECTIONS, LEASE_MS: String(LEASE_MS), ...settings };
  return (request) => app.fetch(request, whole);
}

export const tokenFor = (claims: Partial<TokenClaims> = {}, secret = SECRET): Promise<string> =>
  createToken({ role: "admin", groups: ["*"], expiresInSeconds: 36_000, ...claims }, secret, Date.now());

export const bearer = (token: string): Record<string, string> => ({ Authorization: `Bearer ${token}` });

/** As browsers send it, who can't set headers. */
export const bearerProtocol = (token: string): string => `bearer.${base64Url(new TextEncoder().encode(token))}`;

export const seconds = (fromNow: number): number => Math.floor(Date.now() / 1_000) + fromNow;

export const goodClaims = (): Record<string, unknown> => ({ role: "admin", groups: ["*"], exp: seconds(3_600) });

function base64Url(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

export const part = (value: unknown): string => base64Url(new TextEncoder().encode(JSON.stringify(value)));

/** A token with any header and payload, signed over both; made here, by nothing of the project. */
export async function forge(
  header: object,
  payload: unknown,
  sign: (text: Uint8Array) => Promise<ArrayBuffer> | ArrayBuffer,
): Promise<string> {
  const text = `${part(header)}.${part(payload)}`;
  return `${text}.${base64Url(new Uint8Array(await sign(new TextEncoder().encode(text))))}`;
}

export const hmac =
  (hash: "SHA-256" | "SHA-384" | "SHA-512", secret: string = SECRET) =>
  async (text: Uint8Array): Promise<ArrayBuffer> => {
    const algorithm = { name: "HMAC", hash };
    const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(secret), algorithm, false, ["sign"]);
    return crypto.subtle.sign("HMAC", key, text);
  };

export interface SigningKey {
  readonly kid: string;
  readonly publicKey: JsonWebKey & { readonly kid: string; readonly alg: string };
  sign(text: Uint8Array): Promise<ArrayBuffer>;
  token(payload?: unknown, header?: object): Promise<string>;
}

const ALGORITHMS = {
  RS256: {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 2_048,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
} as const;

export async function signingKey(kid: string, alg: keyof typeof ALGORITHMS = "ES256"): Promise<SigningKey> {
  const algorithm = ALGORITHMS[alg];
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new Error("no pair of keys");
  const exported = await crypto.subtle.exportKey("jwk", pair.publicKey);
  if (exported instanceof ArrayBuffer) throw new Error("no JSON Web Key");
  const sign = (text: Uint8Array) => crypto.subtle.sign(algorithm, pair.privateKey, text);
  return {
    kid,
    publicKey: { ...exported, kid, alg },
    sign,
    token: (payload = goodClaims(), header = {}) => forge({ alg, typ: "JWT", kid, ...header }, payload, sign),
  };
}

export interface Provider {
  keys: readonly object[];
  /** What it answers with; `lost` never answers, as a fetch whose request is gone. */
  mode: "up" | "down" | "broken" | "lost";
  asked: number;
}

/** Stands at `KEYS_URL`, with any query; nothing else can be fetched. */
export function provider(...keys: readonly object[]): Provider {
  const state: Provider = { keys, mode: "up", asked: 0 };
  const spy = vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    if (!String(input).startsWith(KEYS_URL)) throw new Error(`nobody is at ${String(input)}`);
    state.asked += 1;
    if (state.mode === "lost") return new Promise(() => {});
    if (state.mode === "broken") return new Response("<html>", { status: 200 });
    return state.mode === "up" ? Response.json({ keys: state.keys }) : new Response(null, { status: 500 });
  });
  onTestFinished(() => {
    spy.mockRestore();
  });
  return state;
}

/** Everything that is logged until the test ends. */
export function captureLog(): string[] {
  const lines: string[] = [];
  for (const level of ["error", "warn", "info", "log", "debug"] as const) {
    const spy = vi
      .spyOn(console, level)
      .mockImplementation((...values: unknown[]) => void lines.push(values.join(" ")));
    onTestFinished(() => {
      spy.mockRestore();
    });
  }
  return lines;
}
