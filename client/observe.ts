/** `observe`: who leads, as it changes. */

import type { LeaderChange, LeaderInformation } from "../shared/protocol/messages.ts";
import { assertComponent, assertSignalOptions } from "./checks.ts";
import { iterate, type Steps } from "./iteration.ts";
import { Changes } from "./observers.ts";
import type { Participant } from "./participant.ts";
import { unlessAborted } from "./unless-aborted.ts";

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
function observe<T>(
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

/** `observe` of a client: of one component, or of all. */
export function observing(participant: Participant): {
  (component: string, asked?: ObserveOptions): AsyncGenerator<LeaderInformation | null, void, undefined>;
  (component?: undefined, asked?: ObserveOptions): AsyncGenerator<LeaderChange, void, undefined>;
} {
  type Leader = LeaderInformation | null;
  function observeOne(component: string, asked?: ObserveOptions): AsyncGenerator<Leader, void, undefined>;
  function observeOne(component?: undefined, asked?: ObserveOptions): AsyncGenerator<LeaderChange, void, undefined>;
  function observeOne(component?: string, asked: ObserveOptions = {}): AsyncGenerator<unknown, void, undefined> {
    return component === undefined
      ? observe(participant, component, asked, (change) => change)
      : observe(participant, component, asked, ({ leader }) => leader);
  }
  return observeOne;
}

/** The leader that is confirmed now, otherwise the next one. Rejects as an observer does, and when the client is closed. */
export async function nextLeader(
  participant: Participant,
  component: string,
  options: ObserveOptions,
): Promise<LeaderInformation> {
  assertComponent(component);
  for await (const { leader } of observe(participant, component, options, (change) => change)) {
    if (leader !== null) return leader;
  }
  throw participant.closedError();
}
