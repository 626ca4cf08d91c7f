/**
 * The life of the page: it freezes, sleeps in the back/forward cache, goes offline, and comes back. This passes such events
 * to the session core, which decides what follows from them, and only while there is a session. Without a page it does nothing.
 */
import { assertPriority } from "./checks.ts";
import type { Participant } from "./participant.ts";
import type { PageEvent } from "./session/events.ts";

/** What the client needs of a `window`. It also receives the events of its document. The `signal` removes the listeners. */
export interface PageTarget {
  addEventListener(
    type: string,
    /** `target`: the document, for `visibilitychange`. */
    listener: (event: { readonly target: unknown }) => void,
    options: { readonly capture: true; readonly signal: AbortSignal },
  ): void;
}

/**
 * A priority that changes by itself. Called at the start of every session. It may call `set` at once, and at any time until
 * `signal` aborts at the end of the session. Only changes are sent to the group. An error that it throws goes to the
 * client's `onError`, and the priority stays as it was.
 */
export type PrioritySource = (set: (priority: number) => void, signal: AbortSignal) => void;

/** Options that follow the page in which the client runs. */
export interface PageOptions {
  /** The source of page events. Default: the `window`, if there is one. `false`: none. */
  readonly page?: PageTarget | false;
  /** Higher comes first; default 0. `visibleTab()` follows the tab's visibility and focus. */
  readonly priority?: number | PrioritySource;
}

const EVENTS: readonly PageEvent[] = ["pagehide", "freeze", "pageshow", "resume", "online", "offline", "visible"];

/** Follows the page for one session, until `ended` aborts. A page that is frozen still has its session. */
export function followPage(
  participant: Participant,
  { page = globalThis.window, priority }: PageOptions,
  ended: AbortSignal,
): void {
  const { driver } = participant;
  const setPriority = (next: number): void => {
    assertPriority(next);
    if (next !== driver.state().priority) participant.setPriority(next);
  };
  for (const event of EVENTS) {
    const isVisible = event === "visible";
    // React Native has a `window` without events.
    (page || undefined)?.addEventListener?.(
      isVisible ? "visibilitychange" : event,
      ({ target }) => {
        if (isVisible && (target as Document).visibilityState !== event) return;
        driver.dispatch({ type: "page", event });
      },
      { capture: true, signal: ended },
    );
  }
  try {
    if (typeof priority === "function") priority(setPriority, ended);
  } catch (error) {
    participant.listeners.fail(error, {});
  }
}
