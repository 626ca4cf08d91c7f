import { MAX_LEASE_MS, MIN_LEASE_MS } from "../shared/lease.ts";
import { assertSecret } from "../shared/secret.ts";
import { wholeNumberIn } from "../shared/whole-number.ts";
import { openUnlessTokens } from "./backend/access.ts";

/** One day: a longer time is a mistake in the unit. */
const longestMs = MAX_LEASE_MS;

/** Variables that the Worker checks. Some are secrets, so the summary leaves them out. */
const TEXTS = [
  "AUTH_SECRET",
  "AUTH_SECRET_PREVIOUS",
  "AUTH_ISSUER",
  "AUTH_AUDIENCE",
  "ALLOWED_ORIGINS",
  "LIMITS",
  "PREFER",
  "SPREAD",
  "FENCE_SECRET",
  "FENCE_PRIVATE_KEY",
];

const logLevels = ["silent", "error", "info", "debug"];

export interface StartSettings {
  readonly port: number;
  readonly dataDir: string;
  readonly bindings: Readonly<Record<string, string>>;
  readonly summary: string;
}

/**
 * Reads the settings of `npm start` from the environment. Throws an error that names the variable, its value and the
 * values it may have. An empty variable counts as not set.
 */
export function startSettings(environment: Readonly<Record<string, string | undefined>>): StartSettings {
  const port = wholeNumber(environment, "PORT", 0, 65_535) ?? 8787;
  const leaseMs = wholeNumber(environment, "LEASE_MS", MIN_LEASE_MS, longestMs);
  const drainMs = wholeNumber(environment, "DRAIN_MS", 0, longestMs);
  const aheadMs = wholeNumber(environment, "HORIZON_AHEAD_MS", 0, longestMs);
  const idleMs = wholeNumber(environment, "IDLE_TTL_MS", 60_000, Number.MAX_SAFE_INTEGER);
  const cooldownMs = wholeNumber(environment, "PREEMPT_COOLDOWN_MS", 0, longestMs);
  assertAccess(environment);
  const given = [
    ["LEASE_MS", leaseMs] as const,
    ["DRAIN_MS", drainMs] as const,
    ["HORIZON_AHEAD_MS", aheadMs] as const,
    ["IDLE_TTL_MS", idleMs] as const,
    ["PREEMPT_COOLDOWN_MS", cooldownMs] as const,
  ].filter(([, value]) => value !== undefined);
  return {
    port,
    dataDir: environment["DATA_DIR"] || ".data",
    bindings: openUnlessTokens({
      LOG_LEVEL: logLevel(environment),
      ...Object.fromEntries(given.map(([name, value]) => [name, String(value)])),
      ...Object.fromEntries(TEXTS.flatMap((name) => (environment[name] ? [[name, environment[name]]] : []))),
    }),
    summary: given.length === 0 ? "defaults" : given.map(([name, value]) => `${name}=${value}`).join(" "),
  };
}

/** Without `AUTH_SECRET` this backend is open: a setting that says otherwise is a mistake, and never ignored. */
function assertAccess(environment: Readonly<Record<string, string | undefined>>): void {
  const given = Object.keys(environment).filter((name) => name.startsWith("AUTH_") && environment[name]);
  const { AUTH_SECRET: secret, OPEN_MODE: openMode } = environment;
  if (given.includes("AUTH_JWKS_URL")) {
    throw new Error(
      "AUTH_JWKS_URL is set, but a local backend calls nobody: set AUTH_SECRET instead, or configure workerd as docs/DEPLOYMENT.md shows.",
    );
  }
  if (!secret && given[0] !== undefined) {
    throw new Error(`${given[0]} is set without AUTH_SECRET: set AUTH_SECRET too, or leave ${given[0]} out.`);
  }
  if (!secret) return;
  if (openMode) {
    throw new Error(
      "OPEN_MODE and AUTH_SECRET are both set: leave OPEN_MODE out to require tokens, or AUTH_SECRET to serve everybody on this machine.",
    );
  }
  assertSecret(secret, "AUTH_SECRET");
}

/** The default shows errors only; other levels also show who leads. */
function logLevel(environment: Readonly<Record<string, string | undefined>>): string {
  const level = environment["LOG_LEVEL"]?.trim() || "error";
  if (logLevels.includes(level)) return level;
  throw new Error(`LOG_LEVEL is "${level}": set it to one of ${logLevels.join(", ")}, or leave it out.`);
}

function wholeNumber(
  environment: Readonly<Record<string, string | undefined>>,
  name: string,
  smallest: number,
  largest: number,
): number | undefined {
  const text = environment[name]?.trim();
  if (text === undefined || text === "") return undefined;
  const value = wholeNumberIn(text, smallest, largest);
  if (value !== undefined) return value;
  throw new Error(`${name} is "${text}": set it to a whole number from ${smallest} to ${largest}, or leave it out.`);
}
