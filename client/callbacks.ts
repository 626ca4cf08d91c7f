/** How the callbacks of contenders are called: what one of them throws harms only its own component. */
import type { LossReason } from "./errors.ts";
import type { Leadership } from "./leadership.ts";
import { type Member, notify, type Shell } from "./shell.ts";
import { reportUncaught } from "./uncaught.ts";

/** Does not wait for `onGrant`. */
export function grant(shell: Shell, member: Member, leadership: Leadership): void {
  member.leadership = leadership;
  void attempt(shell, member, () => member.callbacks.onGrant?.(leadership));
}

/** Its promise is the drain, and never rejects. */
export const revoke = (shell: Shell, member: Member, leadership: Leadership, reason: LossReason): Promise<void> =>
  attempt(shell, member, () => member.callbacks.onRevoke?.(leadership, reason));

/** Of one contender: to its own `onError`, otherwise to the client's; where nobody listens it must not vanish. */
export function fail(shell: Shell, error: unknown, onError?: (error: unknown) => void): void {
  if (onError) notify([onError], error);
  else if (shell.errorListeners.size > 0) notify(shell.errorListeners, error);
  else reportUncaught(error);
}

async function attempt(shell: Shell, { callbacks }: Member, callback: () => unknown): Promise<void> {
  try {
    await callback();
  } catch (error) {
    fail(shell, error, callbacks.onError);
  }
}
