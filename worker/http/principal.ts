/** The caller of a request, and what it may do. */
import { assertNames } from "../../shared/options.ts";
import type { Access } from "../group/state.ts";

/** `observe`, `contend` or `admin`: each role includes the roles before it. */
export type Role = Access["role"];

const ROLES: readonly Role[] = ["observe", "contend", "admin"];

/**
 * The caller of a request. `groups`: exact names, or prefixes that end with `*`; absent: any single group, but not
 * the routes that list all groups.
 */
export interface Principal extends Access {
  readonly groups?: readonly string[];
}

/** Throws a `TypeError` for a name that is unknown: a misspelt `groups` or `components` would allow all of them. */
export const assertPrincipal = (principal: Partial<Principal>): void =>
  assertNames(principal, ["role", "groups", "components", "subject", "until"]);

export const mayAct = (principal: Principal, needed: Role): boolean =>
  ROLES.indexOf(principal.role) >= ROLES.indexOf(needed);

export const mayEnter = ({ groups }: Principal, group: string): boolean =>
  groups === undefined ||
  groups.some((name) => (name.endsWith("*") ? group.startsWith(name.slice(0, -1)) : group === name));
