/**
 * Tokens: JSON Web Tokens, verified before a group's object is touched. What may sign them is pinned by the
 * configuration and never taken from the token; an expiry is required (RFC 8725, sections 3.1 and 3.10).
 *
 * Claims: `role` (`observe`, `contend` or `admin`), `groups` (exact names, or beginnings that end with `*`), optionally
 * `components` (contends for these only), `exp`, optionally `nbf`, `iss`, `aud`, `sub` (whose sessions are counted together).
 */
import { decode, sign, verify, verifyWithJwks } from "hono/jwt";
import type { HonoJsonWebKey } from "hono/utils/jwt/jws";
import { assertNames } from "../../shared/options.ts";
import { name } from "../../shared/protocol/codec.ts";
import { type Check, list, number, object, oneOf, optional, text } from "../../shared/protocol/fields.ts";
import { TOKEN_PROTOCOL } from "../../shared/protocol/messages.ts";
import { assertSecret } from "../../shared/secret.ts";
import { KeySet } from "./key-set.ts";
import type { Principal, Role } from "./principal.ts";

type AsymmetricAlgorithm = Parameters<typeof verifyWithJwks>[1]["allowedAlgorithms"][number];

/** The tokens that are accepted. */
export interface TokenOptions {
  /** Secrets for HS256, at least 32 characters each; several while one replaces another. */
  readonly secrets?: readonly string[];
  /** Where the public keys of an identity provider are. */
  readonly jwksUrl?: string;
  /** The accepted algorithms of such keys. Default ES256, RS256, EdDSA. */
  readonly algorithms?: readonly AsymmetricAlgorithm[];
  /** If set, a token must have this `iss`. */
  readonly issuer?: string;
  /** If set, a token must have this `aud`. */
  readonly audience?: string;
}

/** Longer tokens are refused unread, because verifying costs time. */
const TOKEN_LENGTH = 8_192;
/** How far the clocks of the issuer and of this host may differ. */
const LEEWAY_SECONDS = 30;
const CLAIM_ENTRIES = 256;
/** As OpenID Connect bounds it. */
export const SUBJECT_LENGTH = 255;

interface Claims {
  readonly role: Role;
  readonly groups: readonly string[];
  readonly components?: readonly string[];
  readonly sub?: string;
  readonly exp: number;
  readonly nbf?: number;
}

const claims: Check<Claims> = object<Claims>({
  role: oneOf("observe", "contend", "admin"),
  groups: list(text(129, 1), CLAIM_ENTRIES),
  components: optional(list(name, CLAIM_ENTRIES)),
  sub: optional(text(SUBJECT_LENGTH, 1)),
  exp: number(0, Number.MAX_SAFE_INTEGER),
  nbf: optional(number(0, Number.MAX_SAFE_INTEGER)),
});

/** Resolves with the principal of a token. Rejects if the token is not valid; no error quotes the token. */
export type Verifier = (token: string, now: number) => Promise<Principal>;

/** Throws `RangeError` for settings that can't be safe. */
export function createVerifier({ secrets = [], jwksUrl, algorithms, issuer, audience }: TokenOptions): Verifier {
  for (const secret of secrets) assertSecret(secret, "AUTH_SECRET");
  const keys = jwksUrl === undefined ? null : new KeySet(jwksUrl);
  // Times are checked here, with a leeway; the library checks everything else.
  const verification = {
    exp: false,
    nbf: false,
    iat: false,
    ...(issuer !== undefined && { iss: issuer }),
    ...(audience !== undefined && { aud: audience }),
  };
  const bySecret = async (token: string): Promise<unknown> => {
    const outcomes = secrets.map((secret) => verify(token, secret, { alg: "HS256", ...verification }));
    return Promise.any(outcomes);
  };
  const byKey = async (token: string, set: KeySet, now: number): Promise<unknown> => {
    const keySet: readonly HonoJsonWebKey[] = await set.keysFor(keyIdOf(token), now);
    const allowedAlgorithms = algorithms ?? ["ES256", "RS256", "EdDSA"];
    return verifyWithJwks(token, { keys: [...keySet], verification, allowedAlgorithms });
  };
  return async (token, now) => {
    if (token.length > TOKEN_LENGTH) throw new RangeError("the token is too long");
    const payload = keys !== null && secrets.length === 0 ? await byKey(token, keys, now) : await bySecret(token);
    return principalOf(claims(payload, "claims"), now);
  };
}

function principalOf({ role, groups, components, sub, exp, nbf = 0 }: Claims, now: number): Principal {
  const seconds = now / 1_000;
  if (exp + LEEWAY_SECONDS <= seconds) throw new RangeError("the token has ended");
  if (nbf - LEEWAY_SECONDS > seconds) throw new RangeError("the token is not valid yet");
  const until = (exp + LEEWAY_SECONDS) * 1_000;
  const subject = sub !== undefined && { subject: sub };
  return { role, groups, until, ...(components !== undefined && { components }), ...subject };
}

/** Used only to choose a key: the signature is checked before anything else of the token is used. */
function keyIdOf(token: string): string | undefined {
  const header: unknown = decode(token).header;
  return typeof header === "object" && header !== null && "kid" in header && typeof header.kid === "string"
    ? header.kid
    : undefined;
}

/** The token of a request: the `Authorization` header, or the offered subprotocol for those who can't set headers. */
export function tokenOf(request: Request): string | null {
  const authorization = request.headers.get("Authorization");
  const bearer = /^bearer +(.*)$/i.exec(authorization ?? "")?.[1];
  if (bearer !== undefined) return bearer;
  const offered = (request.headers.get("Sec-WebSocket-Protocol") ?? "").split(",").map((protocol) => protocol.trim());
  const encoded = offered.find((protocol) => protocol.startsWith(TOKEN_PROTOCOL))?.slice(TOKEN_PROTOCOL.length);
  return encoded === undefined ? null : textOf(encoded);
}

function textOf(base64Url: string): string | null {
  try {
    const bytes = atob(base64Url.replaceAll("-", "+").replaceAll("_", "/"));
    return new TextDecoder().decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));
  } catch {
    return null;
  }
}

/** What a new token allows. */
export interface TokenClaims {
  readonly role: Role;
  readonly groups: readonly string[];
  readonly components?: readonly string[];
  /** Sessions of all tokens of one subject are counted together. */
  readonly subject?: string;
  readonly issuer?: string;
  readonly audience?: string;
  /** How long the token is valid from now on, in seconds. */
  readonly expiresInSeconds: number;
}

/** A token with a misspelt `components` would be good for all of them. */
const TOKEN_CLAIMS = ["role", "groups", "components", "subject", "issuer", "audience", "expiresInSeconds"];

/**
 * Issues a token for `AUTH_SECRET`. `now` in milliseconds since 1970. Rejects for a secret that is too short, and for a claim
 * that is unknown.
 */
export async function createToken(wanted: TokenClaims, secret: string, now: number): Promise<string> {
  assertNames(wanted, TOKEN_CLAIMS);
  assertSecret(secret);
  const { role, groups, components, subject, issuer, audience, expiresInSeconds } = wanted;
  const issued = Math.floor(now / 1_000);
  return sign(
    {
      role,
      groups,
      ...(components !== undefined && { components }),
      ...(subject !== undefined && { sub: subject }),
      ...(issuer !== undefined && { iss: issuer }),
      ...(audience !== undefined && { aud: audience }),
      nbf: issued,
      exp: issued + expiresInSeconds,
    },
    secret,
    "HS256",
  );
}
