/**
 * The rule of every guard, in one place: for each group and component, a resource accepts an epoch that is higher than all
 * it has seen, or equal to the highest and from the same leadership.
 */
import { invalidArgument } from "../../shared/errors.ts";
import { type Fence, parseFence, validFence } from "../../shared/fence.ts";
import { assertNames } from "../../shared/options.ts";
import { InvalidField } from "../../shared/protocol/fields.ts";
import { type Highest, InvalidFenceError, StaleLeaderError } from "./errors.ts";

/** True if the fence is new and has to be remembered. Throws `StaleLeaderError` if it is late. */
export function advances(fence: Fence, highest: Highest | null): boolean {
  if (highest === null || fence.epoch > highest.epoch) return true;
  if (fence.epoch === highest.epoch && fence.leaderSessionId === highest.leaderSessionId) return false;
  throw new StaleLeaderError(fence, highest);
}

/** Only the four fields, or throws `InvalidFenceError`. */
export const checked = (fence: Fence): Fence => orInvalid(() => validFence(fence));

/** The fence in the value of the header. Throws `InvalidFenceError` if the header is missing or invalid. */
export function readFence(header: string | null | undefined): Fence {
  if (header === null || header === undefined) {
    throw new InvalidFenceError(
      "fence_missing",
      "the header Edge-Election-Fence is missing: send leadership.headers() with every request",
    );
  }
  return orInvalid(() => parseFence(header));
}

/** The groups and components that a resource accepts; if absent, all of them. */
export interface Accepted {
  readonly groups?: readonly string[];
  readonly components?: readonly string[];
}

/** Throws a `TypeError` for an option that is unknown, which would accept all, and for one that is no list. */
export function assertOptions(options: Accepted, names: readonly string[]): void {
  assertNames(options, [...names, "groups", "components"]);
  for (const [field, value] of Object.entries({ groups: options.groups, components: options.components })) {
    if (value !== undefined && !Array.isArray(value)) throw invalidArgument(`${field} must be a list of names`);
  }
}

export function assertAccepted({ group, component }: Fence, { groups, components }: Accepted): void {
  if (groups !== undefined && !groups.includes(group)) throw foreign(`the group ${group}`);
  if (components !== undefined && !components.includes(component)) throw foreign(`the component ${component}`);
}

const foreign = (what: string): InvalidFenceError =>
  new InvalidFenceError(
    "fence_not_accepted",
    `leaders of ${what} may not write here: use a leadership that this resource accepts`,
  );

function orInvalid(read: () => Fence): Fence {
  try {
    return read();
  } catch (error) {
    if (error instanceof InvalidField) throw new InvalidFenceError("invalid_fence", error.message, error);
    throw error;
  }
}
