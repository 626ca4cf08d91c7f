/** `contend`: grant and revoke, by callbacks. */
import type { ElectionKind } from "../shared/names.ts";
import type { LossReason } from "./errors.ts";
import type { Leadership } from "./leadership.ts";
import type { Member, Shell, Task } from "./shell.ts";
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
  shell.assertFree(component);

  const contender = shell.nextId();
  const member: Member<Component> = { component, election, priority, callbacks, isBody };
  const task: Task = { run: (engine) => engine.register(contender, member) };
  shell.members.set(contender, member);
  shell.whenLoaded(task);

  const left = shell
    .until(() => !shell.isWaiting(task) && !shell.engine?.has(contender))
    .finally(() => shell.members.delete(contender));
  left.catch(() => {});

  const leading = (): Leadership<Component> | null => (member.leadership?.isLeader() ? member.leadership : null);
  const close = (): Promise<void> => {
    member.isClosing = true;
    shell.forget(task);
    shell.engine?.dispatch({ type: "deregister", contender });
    return left;
  };
  return {
    component,
    get leadership() {
      return leading();
    },
    hasLeadership: (id) => {
      const current = leading()?.leaderSessionId;
      return current !== undefined && (id ?? current) === current;
    },
    close,
    [Symbol.asyncDispose]: close,
    left,
  };
}
