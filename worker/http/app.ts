/**
 * The HTTP app of the elections, a Hono app that can be mounted under any path. It checks names, bodies and credentials
 * before it touches a group's object, so a refused request costs and creates nothing.
 *
 * Entry of the room `worker/http`. In `worker/`, `index.ts`, `durable-object` and `callers` may import it; so may
 * `cli/`, `tools/`, `bench/` and `examples/`. It imports `shared/`, other rooms of `worker/`, and Hono. It never
 * decides about leadership: it forwards requests to the group's object.
 */
import { Hono, type MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { assertNames } from "../../shared/options.ts";
import { CLOSE } from "../../shared/protocol/close-codes.ts";
import { InvalidField } from "../../shared/protocol/fields.ts";
import { newerSchemaIn } from "../group/schema.ts";
import { type App, createAdmission, type ElectionAppOptions } from "./admission.ts";
import { allGroupsRoutes } from "./all-groups.ts";
import { authorizeByEnv, originAllowed } from "./authorize.ts";
import { policyFromEnv } from "./env-policy.ts";
import { INTERFACE_HEADER, INTERFACE_VERSION, otherInterfaceIn } from "./interface.ts";
import { logError } from "./log.ts";
import { misconfiguredIn } from "./misconfigured.ts";
import { isOverloaded, overloaded, tryLater } from "./overload.ts";
import { placeFromEnv } from "./place.ts";
import { problem, problemResponse, refuseWith } from "./problem.ts";
import { callingRoutes, contendingRoutes, groupOf, jobRoutes, operatingRoutes, readingRoutes } from "./routes.ts";
import { ACCESS_HEADER, chooseProtocol, innerUpgrade, isUpgrade, POLICY_HEADER, refused } from "./upgrade.ts";

/** Pages of allowed origins may read the answers. Sockets do not need this, and an upgrade's headers can't be changed. */
const crossOrigin: MiddlewareHandler<App> = (context, next) => {
  if (isUpgrade(context.req.raw) || context.req.header("Origin") === undefined) return next();
  const origin = (asking: string): string | null => (originAllowed(context.req.raw, context.env) ? asking : null);
  const allowHeaders = ["Authorization", "Content-Type"];
  return cors({ origin, allowMethods: [...METHODS], allowHeaders, exposeHeaders: ["Retry-After"] })(context, next);
};

/** Only the caller may have an answer about a group: no cache keeps it, and browsers do not guess its type. */
const guarded: MiddlewareHandler<App> = async (context, next) => {
  await next();
  if (isUpgrade(context.req.raw)) return; // the headers of an upgrade can't be changed
  context.header("Cache-Control", "no-store");
  context.header("X-Content-Type-Options", "nosniff");
};

const METHODS = ["GET", "POST", "DELETE"] as const;

/** The app: mount it under any path, or serve it directly. Each group is the object that `ELECTIONS` has for its name. */
export function createElectionApp(options: ElectionAppOptions = {}) {
  assertNames(options, ["authorize", "policy", "place"]);
  const { authorize = authorizeByEnv, policy = policyFromEnv, place = placeFromEnv } = options;
  const admissions = createAdmission({ authorize, policy, place });
  const allow = admissions.ofGroup;
  const app = new Hono<App>()
    .use("/v1/*", guarded)
    .use("/v1/*", crossOrigin)
    .get("/healthz", (context) => context.json({ ok: true }))
    .get("/v1/groups/:group/session", allow("observe"), (context) => {
      const request = context.req.raw;
      if (!isUpgrade(request))
        return refuseWith(426, "upgrade_required", "this is a WebSocket endpoint: send Upgrade: websocket");
      const protocol = chooseProtocol(request);
      if (protocol === "unsupported") {
        const message = "this server speaks edge-election.v1: use a client of that version";
        return refused(request, CLOSE.unsupportedVersion, message, () =>
          refuseWith(426, "unsupported_version", message),
        );
      }
      const settings = JSON.stringify(context.var.policy);
      const access = JSON.stringify(context.var.access);
      const version = String(INTERFACE_VERSION);
      const headers = { [INTERFACE_HEADER]: version, [POLICY_HEADER]: settings, [ACCESS_HEADER]: access };
      return groupOf(context).fetch(innerUpgrade(request, protocol, headers));
    })
    .route("/v1", allGroupsRoutes(admissions))
    .route("/v1/groups/:group", readingRoutes(allow))
    .route("/v1/groups/:group", contendingRoutes(allow))
    .route("/v1/groups/:group/contenders", callingRoutes(allow))
    .route("/v1/groups/:group/jobs", jobRoutes(allow))
    .route("/v1/groups/:group", operatingRoutes(allow));

  app.notFound(({ req }) => {
    const handlers = (method: string): number => app.router.match(method, req.path)[0].length;
    const allowed = METHODS.filter((method) => handlers(method) > handlers("TRACE")); // TRACE matches only middleware
    if (allowed.length === 0)
      return refuseWith(404, "not_found", "there is nothing at this path: check the base path of the address");
    const methods = allowed.join(", ");
    return problemResponse(problem(405, "method_not_allowed", `this path takes ${methods}`), { Allow: methods });
  });
  app.onError((error, context) => {
    if (error instanceof InvalidField) return refuseWith(400, "invalid_argument", error.message);
    if (error instanceof HTTPException)
      return (
        error.res ?? Response.json({ error: { code: "refused", message: error.message } }, { status: error.status })
      );
    const newer = newerSchemaIn(error);
    if (newer !== null) return tryLater(context.req.raw, problem(503, "newer_schema", newer)); // the group's object has logged it
    const other = otherInterfaceIn(error);
    if (other !== null) return tryLater(context.req.raw, problem(503, "other_interface", other));
    logError("request_failed", error);
    const fault = misconfiguredIn(error);
    if (fault !== null) return misconfigured(context.req.raw, fault);
    return isOverloaded(error)
      ? overloaded(context.req.raw)
      : refuseWith(503, "unavailable", "the group can't answer right now: try again; the backend's log says why");
  });
  return app;
}

const misconfigured = (request: Request, fault: string): Response =>
  refused(request, CLOSE.tryLater, fault, () => refuseWith(503, "misconfigured", fault));

/** The type of the app: `hono/client` makes a typed client of its routes from it. */
export type ElectionApp = ReturnType<typeof createElectionApp>;
