/** What `runOnce` needs of the platform, inside a Worker or an object: calls by elections, and their clock. */
import type { OncePorts } from "../../shared/once/calls.ts";
import { type CallerClock, clockOf } from "./clock.ts";
import { initialState } from "./core/state.ts";
import type { Elections } from "./service.ts";

const DAY_MS = 86_400_000;

export function oncePorts(elections: Elections, group: string): OncePorts {
  const state = initialState({ contenders: [] });
  const clock = clockOf(elections, () => state);
  return {
    call: (call) => elections.run(group, call),
    now: elapsed(clock),
    random: () => clock.random(),
    setTimeout: (run, ms) => clock.setTimeout(run, ms),
    clearTimeout: (handle) => clock.clearTimeout(handle),
    freshId: () => crypto.randomUUID(),
    isoOf,
    by: () => `worker-${crypto.randomUUID().slice(0, 8)}`,
  };
}

function isoOf(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** A clock that was set back has shown too little: whatever was held by it is over. */
function elapsed(clock: CallerClock): () => number {
  let last = clock.now();
  let added = 0;
  return () => {
    const wall = clock.now();
    if (wall < last) added += last - wall + DAY_MS;
    last = wall;
    return wall + added;
  };
}
