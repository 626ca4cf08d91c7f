/**
 * Decides who may do what. Without configuration everything except `healthz` is refused. With tokens configured,
 * callers with a token are admitted. Only the command line sets open mode, for one machine; `wrangler.toml` never does.
 */

import { KeySetUnavailable } from "./key-set.ts";
import { logError } from "./log.ts";
import type { Principal } from "./principal.ts";
import { refuseWith } from "./problem.ts";
import { createVerifier, type TokenOptions, tokenOf, type Verifier } from "./tokens.ts";

/**
 * Decides who may do what, before the group's object is touched. To refuse a request, it returns a `Response`. Pages can't
 * read the status of a refused upgrade, so the socket of a page is accepted and closed: with 4400 for status 400, 4401 for
 * 401, 4403 for 403, 4426 for 426. With any other status the upgrade fails, and the client tries again.
 */
export type Authorize = (request: Request, env: AuthorizeEnv) => Principal | Response | Promise<Principal | Response>;

/** Settings of the default `authorize`, as text. */
export interface AuthorizeEnv {
  /** `loopback`: serve everybody on this machine, and nobody else. Must not be set together with any `AUTH_` setting. */
  readonly OPEN_MODE?: string;
  /** Tokens signed with it (HS256) are accepted. At least 32 characters. */
  readonly AUTH_SECRET?: string;
  /** The previous secret, as long as its tokens are still in use. */
  readonly AUTH_SECRET_PREVIOUS?: string;
  /** Tokens signed with a key of this JSON Web Key Set are accepted; used only if there is no secret. */
  readonly AUTH_JWKS_URL?: string;
  readonly AUTH_ISSUER?: string;
  readonly AUTH_AUDIENCE?: string;
  /** Origins of pages that may connect, separated by commas. Default: the Worker's own. */
  readonly ALLOWED_ORIGINS?: string;
}

/** The `authorize` of a deployment that has not set its own. Throws a `RangeError` for settings that contradict each other. */
export const authorizeByEnv: Authorize = (request, env) => {
  assertOneDoor(env);
  if (env.OPEN_MODE === "loopback") return openToLoopback(request);
  const verifier = verifierOf(env);
  if (verifier !== null) return byToken(request, env, verifier);
  logError("closed", new Error("set AUTH_SECRET or AUTH_JWKS_URL, or give createElectionApp an authorize option"));
  return refuseWith(
    401,
    "unauthorized",
    "authentication is not configured on this deployment: set AUTH_SECRET or AUTH_JWKS_URL, or OPEN_MODE=loopback for local use",
  );
};

const TOKEN_SETTINGS = [
  "AUTH_SECRET",
  "AUTH_SECRET_PREVIOUS",
  "AUTH_JWKS_URL",
  "AUTH_ISSUER",
  "AUTH_AUDIENCE",
] as const;

/** Throws a `RangeError` that names both settings: an owner who sets both expects that tokens are required. */
function assertOneDoor(env: AuthorizeEnv): void {
  const setting = env.OPEN_MODE ? TOKEN_SETTINGS.find((name) => env[name]) : undefined;
  if (setting === undefined) return;
  throw new RangeError(
    `OPEN_MODE and ${setting} are both set: to require tokens, remove OPEN_MODE; to serve everybody on this machine without tokens, remove ${setting}`,
  );
}

/** Any web page can reach 127.0.0.1. Its origin, a rebound host name, or the browser's `Sec-Fetch-Site` reveals it. */
function openToLoopback(request: Request): Principal | Response {
  const forwarded = forwardingHeader(request);
  if (forwarded !== undefined) {
    const message = `open mode serves this machine only, and a proxy has forwarded this request (${forwarded}): set AUTH_SECRET instead of OPEN_MODE, or use the backend's own address`;
    return refuseWith(403, "forbidden", message);
  }
  const isHere = isLoopback(new URL(request.url).hostname) && !isLoadedElsewhere(request);
  if (isHere && originAllowed(request, { OPEN_MODE: "loopback" })) return { role: "admin", groups: ["*"] };
  return refuseWith(
    403,
    "forbidden",
    "open mode serves loopback only: use 127.0.0.1 or localhost; for other pages set AUTH_SECRET and ALLOWED_ORIGINS",
  );
}

async function byToken(request: Request, env: AuthorizeEnv, verify: Verifier): Promise<Principal | Response> {
  if (!originAllowed(request, env)) {
    return refuseWith(403, "forbidden", "this origin is not allowed: add it to ALLOWED_ORIGINS");
  }
  const token = tokenOf(request);
  if (token === null)
    return refuseWith(
      401,
      "unauthorized",
      "a token is required: give the client a `token`, or send Authorization: Bearer",
    );
  try {
    return await verify(token, Date.now());
  } catch (error) {
    if (error instanceof KeySetUnavailable) {
      return refuseWith(503, "unavailable", "tokens can't be checked right now: try again");
    }
    return refuseWith(401, "unauthorized", "this token is not valid for this deployment, or has ended: get a new one");
  }
}

/** Proxies set these for whom they forward, and may send any host name. A proxy that sets none of them can't be seen. */
const FORWARDING = /^(?:forwarded|via|x-forwarded-.*|x-real-ip|x-client-ip|true-client-ip|cf-connecting-ip)$/;

/** The name of the header that shows that the request comes from elsewhere. */
function forwardingHeader({ headers }: Request): string | undefined {
  // The local runtime of wrangler names this machine there.
  const isOfWrangler = (name: string, value: string): boolean =>
    name === "cf-connecting-ip" && isLoopbackAddress(value);
  return [...headers].find(([name, value]) => FORWARDING.test(name) && !isOfWrangler(name, value))?.[0];
}

/** A page's image or frame request has no `Origin`. The page can't read the answer, but each new group costs a file here. */
const isLoadedElsewhere = ({ headers }: Request): boolean =>
  headers.get("Origin") === null && headers.get("Sec-Fetch-Site") === "cross-site";

/** True for a program (no `Origin`), in open mode for a page of this machine, otherwise for a page of an allowed origin. */
export function originAllowed(request: Request, { OPEN_MODE, ALLOWED_ORIGINS }: AuthorizeEnv): boolean {
  const origin = request.headers.get("Origin");
  if (origin === null) return true;
  if (OPEN_MODE === "loopback") return isLoopbackOrigin(origin);
  const allowed = ALLOWED_ORIGINS ?? new URL(request.url).origin;
  return allowed.split(",").some((one) => one.trim() === origin);
}

/** One verifier for the same settings, in whatever copy of the environment they come: it keeps the provider's keys. */
const verifiers = new Map<string, Verifier>();
/** More than a deployment has. The oldest one gives way, and fetches the keys again if it is still in use. */
const MOST_VERIFIERS = 64;

function verifierOf(env: AuthorizeEnv): Verifier | null {
  const options = tokenOptions(env);
  if (options === null) return null;
  const settings = JSON.stringify(options);
  const verifier = verifiers.get(settings) ?? createVerifier(options);
  if (verifiers.size === MOST_VERIFIERS && !verifiers.has(settings)) {
    const [oldest = ""] = verifiers.keys();
    verifiers.delete(oldest);
  }
  verifiers.set(settings, verifier);
  return verifier;
}

function tokenOptions(env: AuthorizeEnv): TokenOptions | null {
  const { AUTH_SECRET, AUTH_SECRET_PREVIOUS, AUTH_JWKS_URL, AUTH_ISSUER, AUTH_AUDIENCE } = env;
  if (!AUTH_SECRET && !AUTH_JWKS_URL) return null;
  return {
    ...(AUTH_SECRET && { secrets: [AUTH_SECRET, ...(AUTH_SECRET_PREVIOUS ? [AUTH_SECRET_PREVIOUS] : [])] }),
    ...(AUTH_JWKS_URL && { jwksUrl: AUTH_JWKS_URL }),
    ...(AUTH_ISSUER && { issuer: AUTH_ISSUER }),
    ...(AUTH_AUDIENCE && { audience: AUTH_AUDIENCE }),
  };
}

const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);

const isLoopbackAddress = (address: string): boolean =>
  address === "::1" || isLoopback(address.replace(/^::ffff:/, ""));

const isLoopbackOrigin = (origin: string): boolean => URL.canParse(origin) && isLoopback(new URL(origin).hostname);
