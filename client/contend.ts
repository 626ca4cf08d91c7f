/** `contend`: grant and revoke, by callbacks. */
import type { ContenderInfo } from "../shared/messages.ts";
import type { ElectionKind } from "../shared/names.ts";
import { DuplicateContenderError, LeadershipLostError } from "./errors.ts";
import { createLeadership, type Leadership } from "./leadership.ts";
import type { LossReason } from "./session/state.ts";
import type { Shell } from "./shell.ts";
import { check, invalid } from "./validate.ts";

/** Strictly alternating: grant, revoke, grant, ... A grant waits until the promise of the revoke before it has settled. */
export interface ContenderCallbacks<Component extends string = string> {
  readonly onGrant?: (leadership: Leadership<Component>) => unknown;
  /** Stop. Its promise is the drain. Called even while the promise of `onGrant` is pending. */
  readonly onRevoke?: (leadership: Leadership<Component>, reason: LossReason) => unknown;
  /** Of the callbacks above, and of the connection. Without it, errors of the callbacks go to the client's. */
  readonly onError?: (error: unknown) => void;
}

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
): Entry<Component> {
  check({ component: component ?? "", kind: election, priority });
  if (priority !== undefined && election !== "dedicated") throw invalid("priority", "needs a dedicated election");
  shell.assertOpen();
  const { contenders } = shell.driver.state();
  if (contenders.some(({ info, phase }) => info.component === component && phase !== "closing")) {
    throw new DuplicateContenderError("duplicate_component", `${component} has a contender already: close it first`);
  }

  const contender = shell.nextId();
  const fail = callbacks.onError ?? ((error: unknown) => shell.report(error));
  let term: ReturnType<typeof createLeadership<Component>> | undefined;
  const call = async (callback: () => unknown): Promise<void> => {
    try {
      await callback();
    } catch (error) {
      fail(error);
    }
  };
  shell.members.set(contender, {
    component,
    fail,
    grant(granted) {
      const created = createLeadership(shell, component, granted);
      term = created;
      void call(() => callbacks.onGrant?.(created.leadership));
    },
    async revoke(reason) {
      if (!term) return;
      const { leadership, end } = term;
      end(new LeadershipLostError(reason));
      await call(() => callbacks.onRevoke?.(leadership, reason));
      shell.driver.dispatch({ type: "settled", contender });
    },
  });
  const info: ContenderInfo = Object.assign(
    { component },
    election && { election },
    priority !== undefined && { priority },
  );
  shell.driver.dispatch({ type: "register", contender, info });

  const isHere = (): boolean =>
    shell.driver
      .state()
      .contenders.some(({ id, phase, registered }) => id === contender && (registered || phase === "queued"));
  const left = shell.until(() => !isHere()).finally(() => shell.members.delete(contender));
  left.catch(() => {});

  const leading = (): Leadership<Component> | null => (term?.leadership.isLeader() ? term.leadership : null);
  const close = (): Promise<void> => {
    shell.driver.dispatch({ type: "deregister", contender });
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
