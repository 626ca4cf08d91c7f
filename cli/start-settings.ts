import { MAX_LEASE_MS, MIN_LEASE_MS } from "../shared/lease.ts";
import { wholeNumberIn } from "../shared/whole-number.ts";

/** One day: a longer time is a mistake in the unit. */
const longestMs = MAX_LEASE_MS;

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
  const cooldownMs = wholeNumber(environment, "PREEMPT_COOLDOWN_MS", 0, longestMs);
  const given = [
    ["LEASE_MS", leaseMs] as const,
    ["DRAIN_MS", drainMs] as const,
    ["PREEMPT_COOLDOWN_MS", cooldownMs] as const,
  ].filter(([, value]) => value !== undefined);
  return {
    port,
    dataDir: environment["DATA_DIR"] || ".data",
    bindings: {
      OPEN_MODE: "loopback",
      LOG_LEVEL: logLevel(environment),
      ...Object.fromEntries(given.map(([name, value]) => [name, String(value)])),
      ...fenceKeys(environment),
    },
    summary: given.length === 0 ? "defaults" : given.map(([name, value]) => `${name}=${value}`).join(" "),
  };
}

/** The Worker checks them when it signs a token. They are secrets, so the summary leaves them out. */
function fenceKeys(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const given = ["FENCE_SECRET", "FENCE_PRIVATE_KEY"].map((name) => [name, environment[name] ?? ""] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== ""));
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
