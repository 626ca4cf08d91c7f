/**
 * Tokens: JSON Web Tokens, verified before a group's object is touched. What may sign them is pinned by the
 * configuration and never taken from the token; an expiry is required (RFC 8725, sections 3.1 and 3.10).
 *
 * Claims: `role` (`observe`, `contend` or `admin`), `groups` (exact names, or beginnings that end with `*`), optionally
 * `components` (contends for these only), `exp`, optionally `nbf`, `iss`, `aud`, `sub` (whose sessions are counted together).
 */
import { jwtVerify, SignJWT } from "jose";
import { name } from "../../shared/protocol/codec.ts";
import { type Check, list, number, object, oneOf, optional, text } from "../../shared/protocol/fields.ts";
import { TOKEN_PROTOCOL } from "../../shared/protocol/messages.ts";
import type { Principal, Role } from "./principal.ts";
import { providerKeys } from "./provider-keys.ts";

type Bits = "256" | "384" | "512";
type AsymmetricAlgorithm = `ES${Bits}` | `RS${Bits}` | `PS${Bits}` | "EdDSA";

/** The tokens that are accepted. */
export interface TokenOptions {
  /** Secrets for HS256, at least 32 bytes each; several while one replaces another. */
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

/** RFC 7518, section 3.2: a key of the size of the hash output, or larger. */
const SECRET_LENGTH = 32;
/** Longer ones are refused unread: verifying costs time. */
const TOKEN_LENGTH = 8_192;
/** Between the clock of the issuer and that of this host. */
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
}

const claims: Check<Claims> = object<Claims>({
  role: oneOf("observe", "contend", "admin"),
  groups: list(text(129, 1), CLAIM_ENTRIES),
  components: optional(list(name, CLAIM_ENTRIES)),
  sub: optional(text(SUBJECT_LENGTH, 1)),
  exp: number(0, Number.MAX_SAFE_INTEGER),
});

/** Resolves with the principal of a token. Rejects if the token is not valid; no error quotes the token. */
export type Verifier = (token: string, now: number) => Promise<Principal>;

/** Throws `RangeError` for settings that can't be safe. */
export function createVerifier(options: TokenOptions): Verifier {
  const { secrets = [], jwksUrl, algorithms = ["ES256", "RS256", "EdDSA"], issuer, audience } = options;
  if (secrets.some((secret) => secret.length < SECRET_LENGTH)) {
    throw new RangeError(
      `AUTH_SECRET must have at least ${SECRET_LENGTH} characters: make one with a random generator`,
    );
  }
  const required = {
    requiredClaims: ["exp"],
    clockTolerance: LEEWAY_SECONDS,
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
  };
  const keys = jwksUrl === undefined || secrets.length > 0 ? null : providerKeys(jwksUrl);
  return async (token, now) => {
    if (token.length > TOKEN_LENGTH) throw new RangeError("the token is too long");
    const verification = { ...required, currentDate: new Date(now) };
    const { payload, protectedHeader } =
      keys === null
        ? await Promise.any(
            secrets.map((secret) => jwtVerify(token, bytesOf(secret), { ...verification, algorithms: ["HS256"] })),
          )
        : await jwtVerify(token, keys, { ...verification, algorithms: [...algorithms] });
    if ((protectedHeader.typ ?? "JWT") !== "JWT") throw new RangeError("the token is of another type");
    return principalOf(claims(payload, "claims"));
  };
}

const bytesOf = (secret: string): Uint8Array => new TextEncoder().encode(secret);

function principalOf({ role, groups, components, sub, exp }: Claims): Principal {
  const until = (exp + LEEWAY_SECONDS) * 1_000;
  const subject = sub !== undefined && { subject: sub };
  return { role, groups, until, ...(components !== undefined && { components }), ...subject };
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

/** Issues a token for `AUTH_SECRET`. `now` in milliseconds since 1970. Rejects for a secret that is too short. */
export async function createToken(wanted: TokenClaims, secret: string, now: number): Promise<string> {
  if (secret.length < SECRET_LENGTH) throw new RangeError(`the secret must have at least ${SECRET_LENGTH} characters`);
  const { role, groups, components, subject, issuer, audience, expiresInSeconds } = wanted;
  const issued = Math.floor(now / 1_000);
  const payload = {
    role,
    groups,
    ...(components !== undefined && { components }),
    ...(subject !== undefined && { sub: subject }),
    ...(issuer !== undefined && { iss: issuer }),
    ...(audience !== undefined && { aud: audience }),
    nbf: issued,
    exp: issued + expiresInSeconds,
  };
  return new SignJWT(payload).setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(bytesOf(secret));
}
