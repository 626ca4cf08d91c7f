/**
 * The configuration of wrangler for a Worker that mounts the elections, to be copied. It has the bindings, the limits and
 * the log of the wrangler.toml that is shipped; a test compares them as wrangler reads them.
 */
import type { RuntimeSettings } from "./worker-bundle.ts";

export interface MountedWorker extends RuntimeSettings {
  readonly name: string;
  readonly main: string;
}

export type Format = "jsonc" | "toml";

const listed = (flags: readonly string[]): string => flags.map((flag) => JSON.stringify(flag)).join(", ");

const toml = ({ name, main, compatibilityDate, compatibilityFlags }: MountedWorker): string => `name = "${name}"
main = "${main}"
# With a date before 2026-08-04 the flag "nodejs_compat" is needed, too.
compatibility_date = "${compatibilityDate}"
# Without it one frame of a stranger could unpack to megabytes.
compatibility_flags = [${listed(compatibilityFlags)}]
# Variables that were set by hand stay at the next deployment.
keep_vars = true

[durable_objects]
bindings = [{ name = "ELECTIONS", class_name = "ElectionGroup" }]
# Groups that hibernate within a minute of a deployment keep their sockets; all others restart after that minute.
code_update_strategy = { mode = "deferred", max_delay = 60 }

[[migrations]]
tag = "v1" # if you have migrations already, add one with a tag of its own
new_sqlite_classes = ["ElectionGroup"]

# Counts refused upgrades by address. All Workers of an account share a namespace_id: take one that is free.
[[ratelimits]]
name = "UPGRADE_LIMITER"
namespace_id = "8787"
simple = { limit = 100, period = 60 }

# Counts look-ups by subject, or by address where the token names no subject. Operators and upgrades are not counted.
[[ratelimits]]
name = "REQUEST_LIMITER"
namespace_id = "8788"
simple = { limit = 600, period = 60 }

# Without it no log is kept. A line for each invocation would only cost money, so it is turned off below.
[observability]
enabled = true

[observability.logs]
invocation_logs = false
`;

const jsonc = ({ name, main, compatibilityDate, compatibilityFlags }: MountedWorker): string => `{
  "$schema": "node_modules/wrangler/config-schema.json",
  "name": "${name}",
  "main": "${main}",
  // With a date before 2026-08-04 the flag "nodejs_compat" is needed, too.
  "compatibility_date": "${compatibilityDate}",
  // Without it one frame of a stranger could unpack to megabytes.
  "compatibility_flags": [${listed(compatibilityFlags)}],
  // Variables that were set by hand stay at the next deployment.
  "keep_vars": true,
  "durable_objects": {
    "bindings": [{ "name": "ELECTIONS", "class_name": "ElectionGroup" }],
    // Groups that hibernate within a minute of a deployment keep their sockets; all others restart after that minute.
    "code_update_strategy": { "mode": "deferred", "max_delay": 60 }
  },
  // If you have migrations already, add one with a tag of its own.
  "migrations": [{ "tag": "v1", "new_sqlite_classes": ["ElectionGroup"] }],
  // Counts refused upgrades by address. All Workers of an account share a namespace_id: take one that is free.
  // The second one counts look-ups by subject, or by address where the token names no subject.
  "ratelimits": [
    { "name": "UPGRADE_LIMITER", "namespace_id": "8787", "simple": { "limit": 100, "period": 60 } },
    { "name": "REQUEST_LIMITER", "namespace_id": "8788", "simple": { "limit": 600, "period": 60 } }
  ],
  // Without it no log is kept. A line for each invocation would only cost money, so it is turned off below.
  "observability": { "enabled": true, "logs": { "invocation_logs": false } }
}
`;

/** The text of the configuration in each language that wrangler reads. */
export const configurations: Readonly<Record<Format, (worker: MountedWorker) => string>> = { jsonc, toml };
