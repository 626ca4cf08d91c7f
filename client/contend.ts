/** `contend`: grant and revoke, by callbacks. */

import { invalid } from "../shared/errors.ts";
import { deferred } from "../shared/leadership/deferred.ts";
import type { Leadership } from "../shared/leadership/leadership.ts";
import type { ElectionKind } from "../shared/protocol/names.ts";
import { assertCallbacks, assertComponent, assertContendOptions } from "./checks.ts";
import type { ContenderCallbacks, Member } from "./member.ts";
import type { Participant } from "./participant.ts";

/** The election and the priority of a contender. */
export interface ContendOptions {
  /** `process` (the default): the election that components of the process share. `dedicated`: an election of its own. */
  readonly election?: ElectionKind;
  /** Only for a dedicated election. Higher comes first. */
  readonly priority?: number;
  /**
   * `false`: the component contends and keeps its place in the queue, but is passed over until `setReady` of the client says
   * otherwise.
   */
  readonly ready?: boolean;
}

/** A component of this process that runs for leadership, again after every loss, until it is closed. */
export interface Contender<Component extends string = string> extends AsyncDisposable {
  readonly component: Component;
  /** The current term, or `null`. */
  readonly leadership: Leadership<Component> | null;
  /** Computed at call time. With an id, true only for that term. */
  hasLeadership(leaderSessionId?: string): boolean;
  /**
   * Revokes, drains and leaves; the other components of the client are not affected. Resolves when it has left. Inside a
   * callback it waits only for the other callbacks.
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

/** What only scopes choose. */
type OfScope = Pick<Member, "resignSkipsOwnDrain" | "onRefused" | "onTried">;

export function contend<Component extends string>(
  participant: Participant,
  component: Component,
  callbacks: ContenderCallbacks<Component> = {},
  options: ContendOptions = {},
  { resignSkipsOwnDrain = false, onRefused, onTried }: Partial<OfScope> = {},
): Entry<Component> {
  assertComponent(component);
  assertCallbacks(callbacks);
  assertContendOptions(options);
  const { election, priority, ready = true } = options;
  if (priority !== undefined && election !== "dedicated") {
    throw invalid("priority", 'needs election: "dedicated"; for the process election call setPriority of the client');
  }
  const left = deferred();
  left.promise.catch(() => {});
  const own = { resignSkipsOwnDrain, onRefused, onTried };
  const member: Member<Component> = { component, election, priority, callbacks, ...own, left };
  const id = participant.register(member, ready);

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
