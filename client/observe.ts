/** `observe`: who leads, as it changes. */
import type { LeaderChange, LeaderInformation, Leaders } from "../shared/messages.ts";
import { assertComponent, assertSignalOptions } from "./checks.ts";
import { iterate } from "./iteration.ts";
import type { Participant } from "./participant.ts";

/** Options of `observe` and of the look-ups. */
export interface ObserveOptions {
  /** Ends it: what waits rejects with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * The changes of one component, or of all. What is taken differs from what was taken before of its component: the
 * newest, and between two leaders one `null`. Watches from the first `next` on, until the iterator is left.
 */
export function observe<T>(
  participant: Participant,
  component: string | undefined,
  options: ObserveOptions,
  select: (change: LeaderChange) => T,
): AsyncGenerator<T, void, undefined> {
  return iterate(() => {
    if (component !== undefined) assertComponent(component);
    assertSignalOptions(options);
    const { signal } = options;
    signal?.throwIfAborted();
    participant.assertConnectable();
    const changes = new Changes(component);
    const hear = (news: Leaders): void => changes.hear(news);
    const wish = { component: component ?? true } as const;
    participant.observers.add(hear);
    participant.dispatch({ type: "observe", ...wish });
    return {
      async next(left) {
        for (;;) {
          await participant.until(() => changes.any || left.aborted, signal);
          left.throwIfAborted();
          const change = changes.take();
          if (change) return select(change);
        }
      },
      async leave() {
        participant.observers.delete(hear);
        participant.dispatch({ type: "unobserve", ...wish });
      },
    };
  });
}

/** What a slow reader has not taken yet: the newest of each component. */
class Changes {
  readonly #component: string | undefined;
  readonly #newest = new Map<string, LeaderInformation | null>();
  readonly #taken = new Map<string, LeaderInformation | null>();

  constructor(component: string | undefined) {
    this.#component = component;
  }

  get any(): boolean {
    return this.#newest.size > 0;
  }

  hear({ snapshot, leaders }: Leaders): void {
    // A snapshot is all there is: who is not in it does not lead.
    if (snapshot) for (const name of this.#known()) this.#newest.set(name, null);
    for (const { component, leader } of leaders) if (this.#isWatched(component)) this.#newest.set(component, leader);
  }

  #isWatched(component: string): boolean {
    return this.#component === undefined || this.#component === component;
  }

  #known(): Iterable<string> {
    return this.#component === undefined ? this.#taken.keys() : [this.#component];
  }

  take(): LeaderChange | undefined {
    for (const [component, newest] of this.#newest) {
      const last = this.#taken.get(component);
      const leader = isAnother(newest, last) ? null : newest;
      if (leader === newest) this.#newest.delete(component);
      this.#taken.set(component, leader);
      if (JSON.stringify(leader) !== JSON.stringify(last)) return { component, leader };
    }
    return undefined;
  }
}

/** Two leaders are told apart by one `null` between them. */
const isAnother = (newest: LeaderInformation | null, last: LeaderInformation | null | undefined): boolean =>
  Boolean(newest && last && last.leaderSessionId !== newest.leaderSessionId);
