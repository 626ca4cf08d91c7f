/**
 * The life of the page: it freezes, sleeps in the back/forward cache, goes offline, and comes back. What follows from that
 * is the session core's business; this only tells, and only while there is a session. Where there is no page it is silent.
 */
import type { PageEvent } from "./session/events.ts";
import type { Shell } from "./shell.ts";

/** What the client needs of a `window`: the events of its document pass through it. Listeners leave with the signal. */
export interface PageTarget {
  addEventListener(
    type: string,
    listener: (event: { readonly type: string; readonly target: unknown }) => void,
    options: { readonly capture: true; readonly signal: AbortSignal },
  ): void;
}

const TYPES = ["pagehide", "freeze", "pageshow", "resume", "online", "offline", "visibilitychange"];

/** Calls `begin` whenever a session begins; the signal aborts when it is over. A page that is frozen still has one. */
export async function whileInUse(shell: Shell, begin: (signal: AbortSignal) => void): Promise<void> {
  const isInUse = (): boolean => !/idle|closed/.test(shell.driver.state().connection);
  for (;;) {
    await shell.until(isInUse);
    const use = new AbortController();
    begin(use.signal);
    await shell.until(() => !isInUse());
    use.abort();
  }
}

/** Resolves never; rejects when the client is closed. */
export async function followPage(shell: Shell, page: PageTarget | false = globalThis.window): Promise<void> {
  // React Native has a `window` without events.
  if (!page || !page.addEventListener) return;
  await whileInUse(shell, (signal) => {
    for (const type of TYPES) {
      page.addEventListener(
        type,
        ({ target }) => {
          const { visibilityState } = target as Partial<Document>;
          const event = type as PageEvent;
          if (event !== "visibilitychange") shell.driver.dispatch({ type: "page", event });
          else if (visibilityState === "visible") shell.driver.dispatch({ type: "page", event: "visible" });
        },
        { capture: true, signal },
      );
    }
  });
}
