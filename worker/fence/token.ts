/**
 * Signed fence tokens: a resource that has a key can check, without asking the group, that a leadership was current a
 * short time ago. They are JSON Web Tokens. The kind of key determines the algorithm, never the token (RFC 8725, section
 * 3.1). They have their own audience, so no other token is accepted as one.
 */
import { sign, verify } from "hono/jwt";
import { type Fence, validFence } from "../../shared/fence.ts";
import { type Check, InvalidField, number, object, oneOf, text } from "../../shared/protocol/fields.ts";
import { assertSecret } from "../../shared/secret.ts";
import { FenceTokenError, InvalidFenceError } from "./errors.ts";
import { type Accepted, assertAccepted, assertOptions } from "./rule.ts";

/** The longest validity of a token, for leases of any length. */
const FENCE_TOKEN_LIFE_MS = 30_000;
const AUDIENCE = "edge-election.fence";
const DEFAULT_TOLERANCE_MS = 1_000;
/** If the clocks differ by more, fix the clock. */
const LARGEST_TOLERANCE_MS = 60_000;
/** Longer tokens are refused unread, because verifying costs time. */
const TOKEN_LENGTH = 2_048;

interface Claims extends Fence {
  readonly aud: typeof AUDIENCE;
  /** Seconds since 1970, with fractions. */
  readonly iat: number;
  readonly exp: number;
}

const seconds = number(0, Number.MAX_SAFE_INTEGER);
const anyText: Check<string> = text(TOKEN_LENGTH);

const claims: Check<Claims> = object<Claims>({
  aud: oneOf(AUDIENCE),
  group: anyText,
  component: anyText,
  epoch: seconds,
  leaderSessionId: anyText,
  iat: seconds,
  exp: seconds,
});

/** A secret (HS256), or a private key of the curve P-256 as PKCS #8 in PEM (ES256). */
export type FenceSigningKey = { readonly secret: string } | { readonly privateKey: string };

/** Throws a `RangeError` with the remedy if the key can't be safe. */
export function assertSigningKey(key: FenceSigningKey): void {
  if ("secret" in key) return assertSecret(key.secret);
  if (!key.privateKey.includes("PRIVATE KEY")) {
    throw new RangeError("the private key must be PKCS #8 in PEM: make one of the curve P-256");
  }
}

export interface IssuedFenceToken {
  readonly token: string;
  /** How long the token is valid, from now on. */
  readonly expiresInMs: number;
}

/** `now` in milliseconds since 1970, read before the group was asked, so that the token never outlives the lease. */
export async function signFenceToken(
  fence: Fence,
  remainingMs: number,
  key: FenceSigningKey,
  now: number,
): Promise<IssuedFenceToken> {
  const { group, component, epoch, leaderSessionId } = fence;
  const expiresInMs = Math.min(remainingMs, FENCE_TOKEN_LIFE_MS);
  const times = { iat: now / 1_000, exp: (now + expiresInMs) / 1_000 };
  const payload = { aud: AUDIENCE, group, component, epoch, leaderSessionId, ...times };
  const token =
    "secret" in key
      ? await sign(payload, key.secret, "HS256")
      : await sign(payload, withLineEnds(key.privateKey), "ES256");
  return { token, expiresInMs };
}

/** Environment variables often contain line ends as the two characters `\n`. */
const withLineEnds = (pem: string): string => pem.replaceAll("\\n", "\n");

/** A public key of the curve P-256: SPKI in PEM, or a JSON Web Key. */
export type FencePublicKey = string | Readonly<Record<string, unknown>>;

interface VerifierSettings extends Accepted {
  /** How far the clocks of this host and of the backend may differ. Default 1,000, at most 60,000. */
  readonly clockToleranceMs?: number;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * Give one kind of key: `secret` or `publicKey`. Give several keys of that kind while one replaces another. Further options:
 * `groups` and `components` (those of `Accepted`), `clockToleranceMs` (how far the clocks of this host and of the backend may
 * differ: default 1,000, at most 60,000) and `now` (milliseconds since 1970: default `Date.now`).
 */
export type FenceVerifierOptions = VerifierSettings &
  (
    | { readonly secret: string | readonly string[]; readonly publicKey?: never }
    | { readonly publicKey: FencePublicKey | readonly FencePublicKey[]; readonly secret?: never }
  );

/**
 * Resolves with the leadership in a token. Rejects with `FenceTokenError`, or with `InvalidFenceError` if it is of a
 * group or component that is not accepted.
 */
export type FenceVerifier = (token: string) => Promise<Fence>;

/**
 * Makes a verifier of fence tokens. A token proves that the leadership was current when the token was issued, at most
 * 30 s and `clockToleranceMs` ago. It does not prove that the leadership is current now: the epoch still has to be compared.
 * Throws `RangeError` for unsafe keys and settings, and a `TypeError` for an option that is unknown.
 */
export function createFenceVerifier(options: FenceVerifierOptions): FenceVerifier {
  assertOptions(options, ["clockToleranceMs", "now", "secret", "publicKey"]);
  const { clockToleranceMs = DEFAULT_TOLERANCE_MS, now = Date.now } = options;
  assertTolerance(clockToleranceMs);
  const checkSignature = signatureCheck(options);
  return async (token) => {
    if (token.length > TOKEN_LENGTH) throw refused("it is too long");
    const { group, component, epoch, leaderSessionId, iat, exp } = await checkSignature(token);
    assertInTime(Math.round(iat * 1_000), Math.round(exp * 1_000), now(), clockToleranceMs);
    const fence = fenceOf({ group, component, epoch, leaderSessionId });
    assertAccepted(fence, options);
    return fence;
  };
}

function signatureCheck({ secret, publicKey }: FenceVerifierOptions): (token: string) => Promise<Claims> {
  const secrets = secret === undefined ? [] : [secret].flat();
  const publicKeys = publicKey === undefined ? [] : [publicKey].flat();
  if (secrets.length > 0 === publicKeys.length > 0) throw new RangeError("give either a secret or a publicKey");
  for (const each of secrets) assertSecret(each);
  for (const each of publicKeys) assertPublicKey(each);
  // The library checks only the signature. The claims are checked here, because their times have fractions.
  const rest = { exp: false, nbf: false, iat: false } as const;
  return async (token) => {
    const attempts = [
      ...secrets.map((key) => verify(token, key, { alg: "HS256", ...rest })),
      ...publicKeys.map((key) => verify(token, key, { alg: "ES256", ...rest })),
    ];
    try {
      return claims(await Promise.any(attempts), "claims");
    } catch (error) {
      throw refused("its signature, algorithm or audience does not match any configured key", error);
    }
  };
}

/** With a NaN tolerance no token would ever expire. */
function assertTolerance(toleranceMs: number): void {
  if (toleranceMs >= 0 && toleranceMs <= LARGEST_TOLERANCE_MS) return;
  throw new RangeError(`clockToleranceMs is ${toleranceMs}: set it to 0-${LARGEST_TOLERANCE_MS} milliseconds`);
}

function assertInTime(issuedAt: number, endsAt: number, now: number, toleranceMs: number): void {
  if (!Number.isFinite(now)) throw refused("the clock of this host returns no time: check the option `now`");
  if (endsAt - issuedAt > FENCE_TOKEN_LIFE_MS) throw refused(`it is valid for longer than ${FENCE_TOKEN_LIFE_MS} ms`);
  if (endsAt + toleranceMs <= now) throw new FenceTokenError("fence_token_expired", OVER, undefined, true);
  if (issuedAt - toleranceMs > now) throw refused("it was issued in the future: set the clock of this host");
}

const OVER = "the fence token has ended: get a new one from the group, if the leadership is still current";

const refused = (why: string, cause?: unknown): FenceTokenError =>
  new FenceTokenError("invalid_fence_token", `the fence token is refused: ${why}`, cause);

function fenceOf(fence: Fence): Fence {
  try {
    return validFence(fence);
  } catch (error) {
    if (!(error instanceof InvalidField)) throw error;
    throw new InvalidFenceError("invalid_fence", error.message, error);
  }
}

function assertPublicKey(key: FencePublicKey): void {
  const isPublic =
    typeof key === "string"
      ? key.includes("PUBLIC KEY")
      : key["kty"] === "EC" && key["crv"] === "P-256" && key["d"] === undefined;
  if (!isPublic)
    throw new RangeError("publicKey must be a public key of the curve P-256: SPKI in PEM, or a JSON Web Key");
}
