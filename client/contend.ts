/** `contend`: grant and revoke, by callbacks. */
import type { ContenderInfo } from "../shared/messages.ts";
import type { ElectionKind } from "../shared/names.ts";
import type { SessionEngine } from "./engine.ts";
import type { LossReason } from "./errors.ts";
import type { Leadership } from "./leadership.ts";
import type { Member, Shell } from "./shell.ts";
import { check, invalid } from "./validate.ts";

/** Strictly alternating: grant, revoke, grant, ... A grant waits until the promise of the revoke before it has settled. */
export interface ContenderCallbacks<Component extends string = string> {
  readonly onGrant?: (leadership: Leadership<Component>) => unknown;
  /** Stop. Its promise is the drain. Called even while the promise of `onGrant` is pending. */
  readonly onRevoke?: (leadership: Leadership<Component>, reason: LossReason) => unknown;
  /** Of the callbacks above, and of the connection. Without it, errors of the callbacks go to the client's. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Which election a contender stands in. */
export interface ContendOptions {
  /** `process`: shared by all components of the client that say so, which is the default. `dedicated`: of its own. */
  readonly election?: ElectionKind;
  /** In a dedicated election only. Higher is asked first. */
  readonly priority?: number;
}

/** A component of this process that runs for leadership, again after every loss, until it is closed. */
export interface Contender<Component extends string = string> extends AsyncDisposable {
  readonly component: Component;
  /** The present term, or `null`. */
  readonly leadership: Leadership<Component> | null;
  /** At call time; of this very term, if one is named. */
  hasLeadership(leaderSessionId?: string): boolean;
  /** Revokes, drains, leaves. Siblings are not touched. */
  close(): Promise<void>;
}

export interface Entry<Component extends string> extends Contender<Component> {
  /** Resolves when it has left, rejects when the client was closed meanwhile. */
  readonly left: Promise<void>;
}

export function contend<Component extends string>(
  shell: Shell,
  component: Component,
  callbacks: ContenderCallbacks<Component> = {},
  { election, priority }: ContendOptions = {},
  isBody = false,
): Entry<Component> {
  check({ component: component ?? "", election, priority });
  if (priority !== undefined && election !== "dedicated") throw invalid("priority", "needs a dedicated election");
  shell.assertOpen();
  shell.assertFree(component);

  const contender = shell.nextId();
  const { onError } = callbacks;
  const attempt = async (callback: () => unknown): Promise<void> => {
    try {
      await callback();
    } catch (error) {
      shell.fail(error, onError);
    }
  };
  let term: Leadership<Component> | null = null;
  const member: Member<Component> = {
    component,
    isBody,
    isClosing: false,
    onError,
    grant(leadership) {
      term = leadership;
      void attempt(() => callbacks.onGrant?.(leadership));
    },
    revoke: (leadership, reason) => attempt(() => callbacks.onRevoke?.(leadership, reason)),
  };
  shell.members.set(contender, member);
  const info: ContenderInfo = {
    component,
    ...(election && { election }),
    ...(priority !== undefined && { priority }),
  };
  const register = (engine: SessionEngine): void => engine.dispatch({ type: "register", contender, info });
  shell.whenLoaded(register);

  const isHere = (): boolean => shell.isWaiting(register) || shell.engine?.has(contender) === true;
  const left = shell.until(() => !isHere()).finally(() => shell.members.delete(contender));
  left.catch(() => {});

  const leading = (): Leadership<Component> | null => (term?.isLeader() ? term : null);
  const close = (): Promise<void> => {
    member.isClosing = true;
    if (!shell.forget(register)) shell.engine?.dispatch({ type: "deregister", contender });
    return left;
  };
  return {
    component,
    get leadership() {
      return leading();
    },
    hasLeadership: (id) => {
      const leadership = leading();
      return leadership !== null && (id ?? leadership.leaderSessionId) === leadership.leaderSessionId;
    },
    close,
    [Symbol.asyncDispose]: close,
    left,
  };
}
