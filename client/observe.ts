/** `observe`: who leads, as it changes. */
import type { LeaderChange, LeaderInformation, Leaders } from "../shared/messages.ts";
import type { SessionEngine } from "./engine.ts";
import type { Shell } from "./shell.ts";

/** Of `observe`, and of the look-ups. */
export interface ObserveOptions {
  /** Ends it: what waits rejects with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * The changes of one component, or of all. What is taken differs from what was taken before of its component: the
 * newest, and between two leaders one `null`. Watches from now on, until the generator is left: it has to be run.
 */
export function observe(
  shell: Shell,
  engine: SessionEngine,
  component: string | undefined,
  { signal }: ObserveOptions = {},
): AsyncGenerator<LeaderChange, void, undefined> {
  const newest = new Map<string, LeaderInformation | null>();
  const taken = new Map<string, LeaderInformation | null>();
  const hear = ({ snapshot, leaders }: Leaders): void => {
    // A snapshot is all there is: who is not in it does not lead.
    if (snapshot) for (const name of component === undefined ? taken.keys() : [component]) newest.set(name, null);
    for (const change of leaders) {
      if (component === undefined || change.component === component) newest.set(change.component, change.leader);
    }
  };
  const take = (): LeaderChange | undefined => {
    for (const [name, leader] of newest) {
      const last = taken.get(name);
      const between = last && leader && last.leaderSessionId !== leader.leaderSessionId;
      if (!between) newest.delete(name);
      const next = between ? null : leader;
      taken.set(name, next);
      if (JSON.stringify(next) !== JSON.stringify(last)) return { component: name, leader: next };
    }
    return undefined;
  };
  const wish = { component: component ?? true } as const;
  engine.observers.add(hear);
  engine.dispatch({ type: "observe", ...wish });
  return changes();

  async function* changes(): AsyncGenerator<LeaderChange, void, undefined> {
    try {
      for (;;) {
        await shell.until(() => newest.size > 0, signal);
        const change = take();
        if (change) yield change;
      }
    } finally {
      engine.observers.delete(hear);
      engine.dispatch({ type: "unobserve", ...wish });
    }
  }
}

/** The leaders of one component. */
export async function* leadersOf(
  changes: AsyncGenerator<LeaderChange, void, undefined>,
): AsyncGenerator<LeaderInformation | null, void, undefined> {
  for await (const { leader } of changes) yield leader;
}
