/**
 * The rule of every guard, in one place: per group and component, a resource takes the highest epoch that it has seen
 * and higher ones; an equal epoch only from the leadership that it has seen it from.
 */
import { type Fence, parseFence, validFence } from "../../shared/fence.ts";
import { InvalidField } from "../../shared/protocol/fields.ts";
import { type Highest, InvalidFenceError, StaleLeaderError } from "./errors.ts";

/** Whether the fence brings something new to remember. Throws `StaleLeaderError` where it is late. */
export function advances(fence: Fence, highest: Highest | null): boolean {
  if (highest === null || fence.epoch > highest.epoch) return true;
  if (fence.epoch === highest.epoch && fence.leaderSessionId === highest.leaderSessionId) return false;
  throw new StaleLeaderError(fence, highest);
}

/** The four fields alone, or `InvalidFenceError`. */
export const checked = (fence: Fence): Fence => orInvalid(() => validFence(fence));

/** Reads a header's value; null where there is none. */
export function readFence(header: string | null | undefined): Fence {
  if (header === null || header === undefined) {
    throw new InvalidFenceError(
      "fence_missing",
      "the header Edge-Election-Fence is missing: send leadership.headers() along with every request",
    );
  }
  return orInvalid(() => parseFence(header));
}

/** What of the groups and components a resource takes; whatever is left out takes all. */
export interface Accepted {
  readonly groups?: readonly string[];
  readonly components?: readonly string[];
}

export function assertAccepted({ group, component }: Fence, { groups, components }: Accepted): void {
  if (groups !== undefined && !groups.includes(group)) throw foreign(`the group ${group}`);
  if (components !== undefined && !components.includes(component)) throw foreign(`the component ${component}`);
}

const foreign = (what: string): InvalidFenceError =>
  new InvalidFenceError("fence_not_accepted", `leaders of ${what} may not write here: ask as the leader that may`);

function orInvalid(read: () => Fence): Fence {
  try {
    return read();
  } catch (error) {
    if (error instanceof InvalidField) throw new InvalidFenceError("invalid_fence", error.message, error);
    throw error;
  }
}
