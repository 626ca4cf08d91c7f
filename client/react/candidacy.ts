/** One contender, one observer and one state, shared by all React components that name the same election component. */
import type { ElectionClient, LeaderInformation, Leadership, ScopeOptions } from "../index.ts";

/** What `useLeader` returns. On the server, and before anything is known, it is empty. */
export interface LeaderState<Component extends string = string> {
  /** This page's own term, while it leads. Call its `isLeader()` before each act: the rendered state may be old. */
  readonly leadership?: Leadership<Component> | undefined;
  /** The leader that has confirmed, here or elsewhere. `null`: nobody. `undefined`: not known yet. */
  readonly leader?: LeaderInformation | null;
  /** Why this page does not contend or observe: the component has another contender, the group refuses it, or the client is closed. */
  readonly error?: unknown;
}

/** Options of `useLeader`: those of `client.elect` except `signal`, since unmounting leaves the election. */
export interface LeaderOptions extends Omit<ScopeOptions, "signal"> {
  /** `false`: watch only. */
  readonly contend?: boolean;
}

/** An external store: what `useSyncExternalStore` takes. */
export interface Candidacy {
  /** `options` count for the first subscriber. Returns a function that unsubscribes. */
  subscribe(listener: () => void, options: LeaderOptions): () => void;
  snapshot(): LeaderState;
  /** Empty: on a server nothing is known. */
  serverSnapshot(): LeaderState;
}

const NOTHING: LeaderState = {};

/**
 * Watches, and contends if `contend` says so, while there is a subscriber. When the last one leaves and another comes within
 * the same turn, as in StrictMode's double mount or when a component moves in the tree, nothing changes. After that turn
 * the first subscriber brings its own options.
 */
export function createCandidacy(client: ElectionClient, component: string, contend: boolean): Candidacy {
  const listeners = new Set<() => void>();
  let state = NOTHING;
  let running: AbortController | undefined;
  const set = (change: LeaderState): void => {
    state = { ...state, ...change };
    for (const listener of listeners) listener();
  };
  const watch = async (signal: AbortSignal): Promise<void> => {
    for await (const leader of client.observe(component, { signal })) set({ leader });
  };
  const lead = async (leadership: Leadership): Promise<void> => {
    set({ leadership });
    await new Promise((stop) => leadership.signal.addEventListener("abort", stop));
    // React cleans up the effects of this change before the promise settles, and so before the group is told.
    set({ leadership: undefined });
  };
  const start = (options: LeaderOptions): void => {
    running = new AbortController();
    const { signal } = running;
    const tasks = [watch(signal), contend && client.elect(component, lead, { ...options, signal })];
    Promise.all(tasks).catch((error) => signal.aborted || set({ error }));
  };
  const stop = (): void => {
    if (listeners.size > 0) return;
    running?.abort();
    running = undefined;
    state = NOTHING;
  };
  return {
    subscribe(listener, options) {
      listeners.add(listener);
      if (!running) start(options);
      return () => {
        listeners.delete(listener);
        queueMicrotask(stop);
      };
    },
    snapshot: () => state,
    serverSnapshot: () => NOTHING,
  };
}
