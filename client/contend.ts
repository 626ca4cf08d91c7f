/** `contend`: grant and revoke, by callbacks. */

import type { Leadership } from "../shared/leadership/leadership.ts";
import type { ElectionKind } from "../shared/protocol/names.ts";
import { assertCallbacks, assertComponent, assertContendOptions, invalid } from "./checks.ts";
import { deferred } from "./deferred.ts";
import type { ContenderCallbacks, Member } from "./member.ts";
import type { Participant } from "./participant.ts";

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
  const left = deferred();
  left.promise.catch(() => {});
  const member: Member<Component> = { component, election, priority, callbacks, resignSkipsOwnDrain, onRefused, left };
  const id = participant.register(member);

  const leading = (): Leadership<Component> | null => (member.leadership?.isLeader() ? member.leadership : null);
  const close = (): Promise<void> => participant.close(id, member);
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
  return { contender, id, left: left.promise };
}
