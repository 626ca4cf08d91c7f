/**
 * Who may do what. Closed by default: without configuration everything but `healthz` is refused. Open mode is for one
 * machine: it is switched on by the command line, never by `wrangler.toml`, and serves loopback only.
 */

import { refuseWith } from "./problem.ts";

/** Each role may do what the ones before it may. */
export type Role = "observe" | "contend" | "admin";

const ROLES: readonly Role[] = ["observe", "contend", "admin"];

export interface Principal {
  readonly role: Role;
}

/** Decides before the group's object is touched. A `Response` refuses; its status (401 or 403) is told to sockets too. */
export type Authorize = (request: Request, env: AuthorizeEnv) => Principal | Response | Promise<Principal | Response>;

export interface AuthorizeEnv {
  /** `loopback`: serve anybody on this machine. */
  readonly OPEN_MODE?: string;
}

export const mayAct = (principal: Principal, needed: Role): boolean =>
  ROLES.indexOf(principal.role) >= ROLES.indexOf(needed);

/** The `authorize` of a deployment that has not set its own. */
export const openOnLoopback: Authorize = (request, env) => {
  if (env.OPEN_MODE !== "loopback") {
    return refuseWith(
      401,
      "unauthorized",
      "this deployment has no authorize option: nobody is let in until it has one",
    );
  }
  // Any web page can reach 127.0.0.1: its origin, and a rebound host name, give it away.
  const origin = request.headers.get("Origin");
  const local = isLoopback(new URL(request.url).hostname) && (origin === null || isLoopbackOrigin(origin));
  return local
    ? { role: "admin" }
    : refuseWith(403, "forbidden", "open mode serves loopback only: use 127.0.0.1 or localhost");
};

const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);

const isLoopbackOrigin = (origin: string): boolean => URL.canParse(origin) && isLoopback(new URL(origin).hostname);
