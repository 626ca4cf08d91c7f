/** `observe`: who leads, as it changes. */
import type { LeaderChange } from "../shared/protocol/messages.ts";
import { assertComponent, assertSignalOptions } from "./checks.ts";
import { unlessAborted } from "./deferred.ts";
import { iterate, type Steps } from "./iteration.ts";
import { Changes } from "./observers.ts";
import type { Participant } from "./participant.ts";

/** Options of `observe` and of the look-ups. */
export interface ObserveOptions {
  /** Ends the observer or the look-up: a call that waits rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * The changes of one component, or of all. Each value differs from the value before for its component. A slow consumer
 * gets the newest value, with one `null` between two leaders. Watches from the first `next` until the iterator is left.
 * Rejects with the group's refusal (`limit_exceeded`).
 */
export function observe<T>(
  participant: Participant,
  component: string | undefined,
  options: ObserveOptions,
  select: (change: LeaderChange) => T,
): AsyncGenerator<T, void, undefined> {
  const begin = (): Steps<T> => {
    if (component !== undefined) assertComponent(component);
    assertSignalOptions(options);
    const { signal } = options;
    signal?.throwIfAborted();
    participant.assertConnectable();
    const changes = new Changes(component ?? true);
    participant.observers.join(changes);
    return {
      async next(left) {
        for (;;) {
          await unlessAborted(changes.any(), left, signal);
          const change = changes.take();
          if (change) return select(change);
        }
      },
      async leave() {
        participant.observers.leave(changes);
      },
    };
  };
  return iterate(begin, (outcome) => participant.held(outcome));
}
