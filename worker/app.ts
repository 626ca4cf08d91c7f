/**
 * The HTTP face of the elections: a Hono app that can be mounted under any path. It checks names, bodies and who asks
 * before the group's object is touched, so that a refused request costs nothing and creates nothing.
 */
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { CLOSE } from "../shared/close-codes.ts";
import { id, name } from "../shared/codec.ts";
import { type Check, InvalidField, number, object, optional, text } from "../shared/fields.ts";
import { NOTE_LENGTH } from "../shared/limits.ts";
import { type ElectionName, isElectionName } from "../shared/names.ts";
import { type App, createAdmission, type ElectionAppOptions, type ElectionEnv } from "./admission.ts";
import { openOnLoopback } from "./authorize.ts";
import { type ElectionGroup, POLICY_HEADER } from "./election-group.ts";
import { createPolicy, type PolicyOptions } from "./group/policy.ts";
import type { FenceQuestion } from "./group/views.ts";
import { logError } from "./log.ts";
import { problem, problemResponse, refuseWith } from "./problem.ts";
import { chooseProtocol, innerUpgrade, isUpgrade, refuseSocket } from "./upgrade.ts";

const BODY_BYTES = 16_384;
const HISTORY_DEFAULT = 100;
const METHODS = ["GET", "POST", "DELETE"] as const;

const small = bodyLimit({
  maxSize: BODY_BYTES,
  onError: () => refuseWith(413, "too_large", `a body has at most ${BODY_BYTES} bytes`),
});

const policyFromEnv = (_group: string, { LEASE_MS, DRAIN_MS }: ElectionEnv): PolicyOptions => ({
  ...(LEASE_MS && { leaseMs: Number(LEASE_MS) }),
  ...(DRAIN_MS && { drainMs: Number(DRAIN_MS) }),
});

/** The object of the request's group; `allow` has checked the name. */
const groupOf = ({ env, req }: Context<App>): DurableObjectStub<ElectionGroup> =>
  env.ELECTIONS.get(env.ELECTIONS.idFromName(req.param("group") ?? ""));

export function createElectionApp({ authorize = openOnLoopback, policy = policyFromEnv }: ElectionAppOptions = {}) {
  const allow = createAdmission(authorize, policy);
  const app = new Hono<App>()
    .get("/healthz", (context) => context.json({ ok: true }))
    .get("/v1/groups/:group/session", allow("observe"), (context) => {
      const request = context.req.raw;
      if (!isUpgrade(request))
        return refuseWith(426, "upgrade_required", "this is a WebSocket endpoint: send Upgrade: websocket");
      const protocol = chooseProtocol(request);
      if (protocol === "unsupported") {
        return refuseSocket(
          request,
          CLOSE.unsupportedVersion,
          "this server speaks edge-election.v1: use a client of that version",
        );
      }
      const settings = JSON.stringify(context.var.policy);
      return groupOf(context).fetch(innerUpgrade(request, protocol, { [POLICY_HEADER]: settings }));
    })
    .get("/v1/groups/:group", allow("observe"), async (context) =>
      context.json(await groupOf(context).status(context.var.policy)),
    )
    .get("/v1/groups/:group/leaders/:component", allow("observe"), async (context) => {
      const component = name(context.req.param("component"), "component");
      const leader = await groupOf(context).getLeader(context.var.policy, component);
      if (leader === null) return refuseWith(404, "no_leader", "nobody has confirmed the leadership of this component");
      return context.json(leader);
    })
    .post("/v1/groups/:group/fence", allow("observe"), small, async (context) =>
      context.json(await groupOf(context).checkFence(context.var.policy, await bodyOf(context, fenceQuestion))),
    )
    .post("/v1/groups/:group/elections/:election/revoke", allow("admin"), small, async (context) => {
      const election = electionName(context.req.param("election"));
      const { successor = null, reason: note = null } = await bodyOf(context, revokeOrder);
      const outcome = await groupOf(context).revoke(context.var.policy, { election, successor, note });
      if (outcome.type !== "revoked") return refuseWith(409, "not_led", "nobody leads this election");
      const { from, to, epoch, durationMs } = outcome;
      return context.json({ from, to, epoch, durationMs });
    })
    .get("/v1/groups/:group/history", allow("observe"), async (context) => {
      const text = context.req.query("limit");
      const { historyRows } = createPolicy(context.var.policy).limits;
      const limit = number(1, historyRows)(
        text === undefined ? Math.min(HISTORY_DEFAULT, historyRows) : Number(text),
        "limit",
      );
      return context.json({ terms: await groupOf(context).history(context.var.policy, Math.floor(limit)) });
    })
    .post("/v1/groups/:group/pause", allow("admin"), async (context) =>
      context.json({ paused: await groupOf(context).setPaused(context.var.policy, true) }),
    )
    .post("/v1/groups/:group/resume", allow("admin"), async (context) =>
      context.json({ paused: await groupOf(context).setPaused(context.var.policy, false) }),
    )
    .delete("/v1/groups/:group", allow("admin"), async (context) => {
      const force = context.req.query("force") === "true";
      const outcome = await groupOf(context).cleanup(context.var.policy, force);
      if (outcome.type === "contenders_registered") {
        return refuseWith(
          409,
          "contenders_registered",
          "contenders are registered: close them first, or add ?force=true",
        );
      }
      return context.json({ ok: true });
    });

  app.notFound(({ req }) => {
    const allowed = METHODS.filter((method) => app.router.match(method, req.path)[0].length > 0);
    if (allowed.length === 0) return refuseWith(404, "not_found", "there is nothing at this path");
    const methods = allowed.join(", ");
    return problemResponse(problem(405, "method_not_allowed", `this path takes ${methods}`), { Allow: methods });
  });
  app.onError((error) => {
    if (error instanceof InvalidField) return refuseWith(400, "invalid_argument", error.message);
    if (error instanceof HTTPException) return error.getResponse();
    logError("request_failed", error);
    return refuseWith(503, "unavailable", "the group can't answer right now: try again");
  });
  return app;
}

/** For `hono/client`: a typed client of these routes. */
export type ElectionApp = ReturnType<typeof createElectionApp>;

const fenceQuestion: Check<FenceQuestion> = object<FenceQuestion>({
  component: name,
  leaderSessionId: id,
  epoch: number(0, Number.MAX_SAFE_INTEGER),
});

interface RevokeOrder {
  readonly successor?: string;
  readonly reason?: string;
}

const revokeOrder: Check<RevokeOrder> = object<RevokeOrder>({
  successor: optional(id),
  reason: optional(text(NOTE_LENGTH)),
});

function electionName(value: string): ElectionName {
  if (!isElectionName(value)) throw new InvalidField("election", 'process or "component:" and a name');
  return value;
}

/** An empty body is an object without fields. */
async function bodyOf<T>(context: Context, check: Check<T>): Promise<T> {
  const body = await context.req.text();
  let value: unknown = {};
  try {
    if (body !== "") value = JSON.parse(body);
  } catch {
    throw new InvalidField("body", "JSON");
  }
  return check(value, "");
}
