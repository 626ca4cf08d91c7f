/** `contend`: grant and revoke, by callbacks. */

import type { Leadership } from "../shared/leadership/leadership.ts";
import type { ElectionKind } from "../shared/protocol/names.ts";
import { assertCallbacks, assertComponent, assertContendOptions, invalid } from "./checks.ts";
import type { LossReason } from "./errors.ts";
import type { Member } from "./member.ts";
import type { Participant } from "./participant.ts";

/** Strictly alternating: grant, revoke, grant, ... A grant waits until the promise of the revoke before it has settled. */
export interface ContenderCallbacks<Component extends string = string> {
  /** Not called for a term that is over before its turn comes. Nobody waits for its promise. */
  onGrant?(leadership: Leadership<Component>): unknown;
  /** Stop. Its promise is the drain. Called even while the promise of `onGrant` is pending, and once for each `onGrant`. */
  onRevoke?(leadership: Leadership<Component>, reason: LossReason): unknown;
  /**
   * Called for errors of the callbacks above and of the connection, and when the group refuses the contender (`forbidden`,
   * `election_mismatch`, `limit_exceeded`): then the client asks again, at growing intervals. Without it, errors of the
   * callbacks go to the client's listeners. Not called for what the callbacks throw because their term has ended
   * (`LeadershipLostError`, `AbortError`).
   */
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
  /**
   * Revokes, drains, leaves; siblings are not touched. Resolves when it has left. Inside a callback it waits for the other
   * callbacks only.
   */
  close(): Promise<void>;
}

/** A contender, and what scopes need of it. */
export interface Entry<Component extends string> {
  readonly contender: Contender<Component>;
  /** Its number in the session. */
  readonly id: number;
  /** Resolves when it has left, rejects when the client was closed meanwhile. */
  readonly left: Promise<void>;
}

export function contend<Component extends string>(
  participant: Participant,
  component: Component,
  callbacks: ContenderCallbacks<Component> = {},
  options: ContendOptions = {},
  { resignSkipsOwnDrain = false, onRefused }: Partial<Pick<Member, "resignSkipsOwnDrain" | "onRefused">> = {},
): Entry<Component> {
  assertComponent(component);
  assertCallbacks(callbacks);
  assertContendOptions(options);
  const { election, priority } = options;
  if (priority !== undefined && election !== "dedicated") {
    throw invalid("priority", 'needs election: "dedicated"; the process election goes by setPriority of the client');
  }
  const member: Member<Component> = { component, election, priority, callbacks, resignSkipsOwnDrain, onRefused };
  const id = participant.register(member);
  const hasLeft = (): boolean => !participant.has(id);
  const left = participant.until(hasLeft).finally(() => participant.members.delete(id));
  left.catch(() => {});

  const leading = (): Leadership<Component> | null => (member.leadership?.isLeader() ? member.leadership : null);
  const close = async (): Promise<void> => {
    member.isClosing = true;
    participant.dispatch({ type: "deregister", contender: id });
    await participant.stopped(hasLeft, (other) => other === id);
  };
  const contender: Contender<Component> = {
    component,
    get leadership() {
      return leading();
    },
    hasLeadership: (leaderSessionId) => {
      const current = leading()?.leaderSessionId;
      return current !== undefined && (leaderSessionId ?? current) === current;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  return { contender, id, left };
}
