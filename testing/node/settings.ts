/** The settings of a real backend, as its tests give them. */
import { openUnlessTokens } from "../../cli/backend/access.ts";

/** Settings of the backend, for all its groups. */
export interface LocalBackendOptions {
  /** The lease D: at least 2,000. Default 10,000. */
  readonly leaseMs?: number;
  /** How long a revoked leader may renew while it stops. Default 10,000. */
  readonly drainMs?: number;
  /** A strictly higher priority takes over once a leadership is this old. Default: only at the next hand-over. */
  readonly preemptCooldownMs?: number;
  /** More settings of the Worker, by the names of its environment variables. With `AUTH_SECRET` it requires tokens. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The variables of the Worker. */
export function bindingsOf({
  leaseMs,
  drainMs,
  preemptCooldownMs,
  settings,
}: LocalBackendOptions): Readonly<Record<string, string>> {
  return openUnlessTokens({
    ...(leaseMs !== undefined && { LEASE_MS: String(leaseMs) }),
    ...(drainMs !== undefined && { DRAIN_MS: String(drainMs) }),
    ...(preemptCooldownMs !== undefined && { PREEMPT_COOLDOWN_MS: String(preemptCooldownMs) }),
    ...settings,
  });
}
