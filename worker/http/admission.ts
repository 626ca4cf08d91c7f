/** Checks the group's name, the caller's identity and the settings before a group's object is touched. */
import type { Context, MiddlewareHandler } from "hono";
import { CLOSE_CODE_OF_STATUS } from "../../shared/protocol/close-codes.ts";
import { mustBe, shown } from "../../shared/protocol/fields.ts";
import { isName, NAME_RULE } from "../../shared/protocol/names.ts";
import type { ElectionGroup } from "../durable-object/election-group.ts";
import { assertPolicy, type PolicyOptions } from "../group/policy.ts";
import type { Access } from "../group/state.ts";
import type { Authorize, AuthorizeEnv } from "./authorize.ts";
import type { PolicyEnv } from "./env-policy.ts";
import type { FenceKeyEnv } from "./fence-key.ts";
import type { IndexEnv } from "./index-binding.ts";
import { logError } from "./log.ts";
import type { GroupFilesEnv } from "./looking.ts";
import { assertPlace, type Place, type PlaceEnv } from "./place.ts";
import { assertPrincipal, mayAct, mayEnter, type Principal, type Role } from "./principal.ts";
import { type Problem, problem, problemResponse } from "./problem.ts";
import { isUpgrade, refused } from "./upgrade.ts";

/** The required and optional bindings of the Worker's environment. */
export interface ElectionEnv extends AuthorizeEnv, PolicyEnv, PlaceEnv, FenceKeyEnv, GroupFilesEnv, IndexEnv {
  /** The binding of the Durable Object class `ElectionGroup`. */
  readonly ELECTIONS: DurableObjectNamespace<ElectionGroup>;
  /** If bound, it counts refused upgrades by address, or by network (/64) in IPv6. Those beyond the rate get status 429. */
  readonly UPGRADE_LIMITER?: RateLimit;
  /**
   * If bound, it counts look-ups and calls over HTTP by subject, or by address where the credentials name none. Those
   * beyond the rate get status 429. Operators are not counted, nor are upgrades: a leader has to come back in time.
   */
  readonly REQUEST_LIMITER?: RateLimit;
}

/** The place of a group: always the same one for the same group. */
export type PlaceOf = (group: string, env: ElectionEnv) => Place;

/** Who may connect, and the settings and the place of each group. */
export interface ElectionAppOptions {
  /** The settings of a group. Called for every request: keep it cheap, with the same result for the same group. Default: from the env. */
  readonly policy?: (group: string, env: ElectionEnv) => PolicyOptions;
  /**
   * Where a group's object lives. Give the same function to `electionsOf` and to the entrypoint: in another jurisdiction
   * the same name is another group, with a leader of its own. Default: from the env.
   */
  readonly place?: PlaceOf;
  /**
   * Default: by the settings of `AuthorizeEnv`; without any, every request but `healthz` is refused. It throws a `RangeError` for
   * wrong settings: then the request is answered with 503 and the error's message.
   */
  readonly authorize?: Authorize;
}

export interface App {
  Bindings: ElectionEnv;
  Variables: { policy: PolicyOptions; access: Access; place: Place; groups: readonly string[] | undefined };
}

export type Admission = (role: Role) => MiddlewareHandler<App>;

/** The two kinds of routes: those of one group, and those of all groups that the caller may enter. */
export interface Admissions {
  /** Admits callers with the role in the group, and passes the group's settings to the handler. */
  readonly ofGroup: Admission;
  /** Admits callers with the role, and passes the names of their groups to the handler. */
  readonly ofAll: Admission;
  /** The settings and the place of a group. */
  readonly settingsOf: (group: string, env: ElectionEnv) => { policy: PolicyOptions; place: Place } | Problem;
}

/** Middleware that admits callers, and refuses all others before a group's object is touched. */
export function createAdmission({ authorize, policy, place }: Required<ElectionAppOptions>): Admissions {
  const identify = async ({ req, env }: Context<App>): Promise<Principal | Response | Problem> => {
    try {
      return await authorize(req.raw, env);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      logError("closed", error);
      return problem(503, "misconfigured", error.message);
    }
  };
  const policyOf = (group: string, env: ElectionEnv): { readonly policy: PolicyOptions } | Problem => {
    try {
      const settings = policy(group, env);
      assertPolicy(settings);
      return { policy: settings };
    } catch (error) {
      const message = error instanceof Error ? error.message : "the policy of this group is invalid";
      return problem(503, "misconfigured", message);
    }
  };
  const placeOf = (group: string, env: ElectionEnv): { readonly place: Place } | Problem => {
    try {
      const at = place(group, env);
      assertPlace(at);
      return { place: at };
    } catch (error) {
      const message = error instanceof Error ? error.message : "the place of this group is invalid";
      return problem(503, "misconfigured", message);
    }
  };
  const settingsOf: Admissions["settingsOf"] = (group, env) => {
    const at = placeOf(group, env);
    if (isProblem(at)) return at;
    const settings = policyOf(group, env);
    return isProblem(settings) ? settings : { ...at, ...settings };
  };
  /** `group`: undefined for a route of all groups. */
  const admit = async (context: Context<App>, role: Role, group?: string): Promise<Response | Problem | null> => {
    const principal = await identify(context);
    if (principal instanceof Response || isProblem(principal)) return principal;
    const fault = faultOf(principal);
    if (fault !== null) return problem(503, "misconfigured", fault);
    const access = accessOf(principal);
    const forbidden = whyForbidden(principal, group, role) ?? whyTooLarge(access);
    if (forbidden !== null) return problem(403, "forbidden", forbidden);
    context.set("access", access);
    context.set("groups", principal.groups);
    return null;
  };
  const admitTo = async (context: Context<App>, role: Role): Promise<Response | Problem | null> => {
    const group = context.req.param("group");
    if (!isName(group)) return problem(400, "invalid_argument", mustBe("group", NAME_RULE, shown(group)));
    const refusal = await admit(context, role, group);
    if (refusal !== null) return refusal;
    const settings = settingsOf(group, context.env);
    if (isProblem(settings)) return settings;
    context.set("place", settings.place);
    context.set("policy", settings.policy);
    return null;
  };
  const middleware =
    (check: typeof admitTo): Admission =>
    (role) =>
    async (context, next) => {
      const refusal = await check(context, role);
      if (refusal !== null) {
        return (await refusedTooOften(context, refusal))
          ? tooMany("too many upgrades from this address were refused: try again in a minute")
          : refuse(context, refusal);
      }
      if (!isCall(context) && (await askedTooOften(context))) return askLessOften();
      await next();
      return undefined;
    };
  return { ofGroup: middleware(admitTo), ofAll: middleware((context, role) => admit(context, role)), settingsOf };
}

/** What the `authorize` option has to mend. */
function faultOf(principal: Principal): string | null {
  if (!hasValidExpiry(principal)) return "authorize returned an `until` that is not a number";
  try {
    assertPrincipal(principal);
    return null;
  } catch (error) {
    return `authorize returned something else than a Principal: ${error instanceof Error ? error.message : error}`;
  }
}

function whyForbidden(principal: Principal, group: string | undefined, role: Role): string | null {
  // An `authorize` that decides by the address may not have thought of this one.
  if (group === undefined && principal.groups === undefined)
    return 'these credentials name no groups: authorize has to return `groups`, or ["*"] for all groups';
  if (group !== undefined && !mayEnter(principal, group))
    return "these credentials are not for this group: use a token that names it";
  return mayAct(principal, role) ? null : `this needs the role ${role}`;
}

/** The socket's attachment holds the access and the deadlines of leases: 16,384 bytes for both. */
const ACCESS_LENGTH = 2_048;

const whyTooLarge = (access: Access): string | null =>
  JSON.stringify(access).length > ACCESS_LENGTH
    ? "these credentials name too many components: leave them out to allow all"
    : null;

/** The part of a principal that the group's object needs. */
const accessOf = ({ role, components, subject, until }: Principal): Access => ({
  role,
  ...(subject !== undefined && { subject }),
  ...(components !== undefined && { components }),
  ...(until !== undefined && Number.isFinite(until) && { until }),
});

/** A NaN `until` would never expire. */
const hasValidExpiry = ({ until = Infinity }: Principal): boolean => typeof until === "number" && !Number.isNaN(until);

const isProblem = (outcome: object): outcome is Problem => "status" in outcome;

/**
 * Accepting a socket only to send a close code costs work. So an address that is refused too often gets a plain status.
 * Admitted callers are never counted.
 */
async function refusedTooOften({ req, env }: Context<App>, { status }: Response | Problem): Promise<boolean> {
  if (env.UPGRADE_LIMITER === undefined || !isUpgrade(req.raw) || !(status in CLOSE_CODE_OF_STATUS)) return false;
  return !(await env.UPGRADE_LIMITER.limit({ key: networkOf(req.header("CF-Connecting-IP") ?? "") })).success;
}

/** A call of a contender is counted once its body tells what it is for. */
const isCall = ({ req }: Context<App>): boolean =>
  req.method === "POST" && /\/(?:contenders|jobs)\/[^/]+$/.test(req.path);

/**
 * Each request is billed, whatever it asks. A request that looks at many groups counts once for each of them. What keeps a
 * lease, or gives it back, is counted by itself (`keeps`): those who only wait can't use up what a leader needs (N17).
 */
export async function askedTooOften({ req, env, var: { access } }: Context<App>, keeps = false): Promise<boolean> {
  if (env.REQUEST_LIMITER === undefined || access.role === "admin" || isUpgrade(req.raw)) return false;
  const key = access.subject ?? networkOf(req.header("CF-Connecting-IP") ?? "");
  return !(await env.REQUEST_LIMITER.limit({ key: keeps ? `${key}\nkeeps` : key })).success;
}

export const askLessOften = (): Response => tooMany("these credentials have made too many requests: ask less often");

const tooMany = (message: string): Response =>
  problemResponse(problem(429, "too_many", message), { "Retry-After": "60" });

/** The network of an IPv6 address, because one subscriber has 2^64 addresses. An IPv4 address stays as it is. */
function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = [], tail = []] = address.split("::").map((side) => side.split(":").filter((group) => group !== ""));
  const zeros = Array.from({ length: Math.max(0, IPV6_GROUPS - head.length - tail.length) }, () => "0");
  return [...head, ...zeros, ...tail].slice(0, IPV6_GROUPS / 2).join(":");
}
const IPV6_GROUPS = 8;

async function refuse({ req }: Context<App>, refusal: Response | Problem): Promise<Response> {
  const { status } = refusal;
  const plain = (): Response => (refusal instanceof Response ? refusal : problemResponse(refusal));
  const code = CLOSE_CODE_OF_STATUS[status];
  if (code === undefined) return plain();
  const message = refusal instanceof Response ? await messageIn(refusal.clone()) : refusal.message;
  return refused(req.raw, code, message, plain);
}

/** `authorize` of a user may answer with anything. */
async function messageIn(refusal: Response): Promise<string> {
  const body: unknown = await refusal.json().catch(() => undefined);
  const { message } = (body as { error?: { message?: unknown } } | null | undefined)?.error ?? {};
  return typeof message === "string" ? message : "refused";
}
