/** The routes of one group, mounted below its path: for reading, for leaders, and for operators. */
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { election as electionName, id, name } from "../../shared/protocol/codec.ts";
import { type Check, number, object, optional, record, text } from "../../shared/protocol/fields.ts";
import { DEFAULT_LIMITS, NOTE_LENGTH } from "../../shared/protocol/limits.ts";
import { type RunCall, runCall } from "../../shared/protocol/runs.ts";
import type { RevokeOptions } from "../../shared/protocol/status.ts";
import type { Answer } from "../callers/core/requests.ts";
import { campaigning, confirming, type Exchange, releasing, renewing, runAnswer } from "../callers/exchanges.ts";
import type { Refused } from "../callers/service.ts";
import type { ElectionGroup } from "../durable-object/election-group.ts";
import { type FenceSigningKey, signFenceToken } from "../fence/token.ts";
import type { Outcome } from "../group/events.ts";
import { createPolicy } from "../group/policy.ts";
import type { FenceQuestion } from "../group/views.ts";
import { type Admission, type App, askedTooOften, askLessOften } from "./admission.ts";
import { type FenceKeyEnv, signingKey } from "./fence-key.ts";
import { groupAt } from "./group-at.ts";
import { takesJson, takesQuery } from "./input.ts";
import { type Call, callWith } from "./interface.ts";
import { type Looks, lookAt } from "./looking.ts";
import { type ProblemStatus, problem, problemResponse, refuseWith } from "./problem.ts";
import { PROMETHEUS_TYPE } from "./prometheus.ts";

const BODY_BYTES = 16_384;
const HISTORY_DEFAULT = 100;
/** The longest name of an election has 138 characters. */
const QUERY_LENGTH = 256;

const small = bodyLimit({
  maxSize: BODY_BYTES,
  onError: () => refuseWith(413, "too_large", `a body has at most ${BODY_BYTES} bytes`),
});

/** The object of the request's group. Admission has checked the name before. */
export const groupOf = ({ env, req, var: { place } }: Context<App>): DurableObjectStub<ElectionGroup> =>
  groupAt(env.ELECTIONS, req.param("group") ?? "", place);

const look = <T>(context: Context<App>, ask: (looks: Looks) => Promise<T>): Promise<T> =>
  lookAt(context.req.param("group") ?? "", groupOf(context), context.env, ask);

const callOf = ({ var: { policy } }: Context<App>): Call => callWith(policy);

export const readingRoutes = (allow: Admission) =>
  new Hono<App>()
    .get("/", allow("observe"), takesQuery(statusQuery), async (context) => {
      const { after } = context.req.valid("query");
      const page = after !== undefined && { after: electionName(after, "after") };
      return context.json(await look(context, (group) => group.status({ ...callOf(context), ...page })));
    })
    .get("/elections/:election", allow("observe"), takesQuery(electionQuery), async (context) => {
      const election = electionName(context.req.param("election"), "election");
      const { from = "0" } = context.req.valid("query");
      const first = Math.floor(number(0, Number.MAX_SAFE_INTEGER)(Number(from), "from"));
      return context.json(
        await look(context, (group) => group.electionStatus({ ...callOf(context), election, from: first })),
      );
    })
    .get("/leaders/:component", allow("observe"), async (context) => {
      const component = name(context.req.param("component"), "component");
      const leader = await look(context, (group) => group.getLeader({ ...callOf(context), component }));
      if (leader === null) throw refusal(404, "no_leader", "nobody has confirmed the leadership of this component");
      return context.json(leader);
    })
    .post("/fence", allow("observe"), small, takesJson(fenceQuestion), async (context) =>
      context.json(
        await look(context, (group) => group.checkFence({ ...callOf(context), question: context.req.valid("json") })),
      ),
    )
    .get("/history", allow("observe"), takesQuery(historyQuery), async (context) => {
      const { limit: text } = context.req.valid("query");
      const { historyRows } = createPolicy(context.var.policy).limits;
      const limit = number(1, historyRows)(
        text === undefined ? Math.min(HISTORY_DEFAULT, historyRows) : Number(text),
        "limit",
      );
      const terms = await look(context, (group) => group.history({ ...callOf(context), limit: Math.floor(limit) }));
      return context.json({ terms });
    })
    .get("/metrics", allow("observe"), async (context) =>
      context.text(await look(context, (group) => group.metrics(callOf(context))), 200, {
        "Content-Type": PROMETHEUS_TYPE,
      }),
    );

/** The largest frame of a client by default: a campaign names as much as a hello. */
const CALL_BYTES = DEFAULT_LIMITS.messageBytes;

const callSized = bodyLimit({
  maxSize: CALL_BYTES,
  onError: () => refuseWith(413, "too_large", `a call has at most ${CALL_BYTES} bytes`),
});

/** Contenders without a socket: the calls of `Elections`, with the same answers. A refusal is a problem, and has changed nothing. */
export const callingRoutes = (allow: Admission) => {
  const by = <Asked extends object, Given extends Answer>({ call, answer }: Exchange<Asked, Given>) => {
    return async (context: Context<App>, asked: Asked): Promise<Exclude<Given, Refused>> => {
      const { access } = context.var;
      const isPoll = "contenders" in asked && !("held" in asked && Array.isArray(asked.held) && asked.held.length > 0);
      await count(context, !isPoll);
      const outcome = await groupOf(context).poll({ ...callOf(context), access, request: call(asked) });
      if (outcome.type !== "polled" && outcome.type !== "refused")
        throw new Error(`the group answered ${outcome.type}`);
      const given = answer(outcome, asked);
      if (given.type !== "refused") return given as Exclude<Given, Refused>;
      const { code, message } = given;
      throw refusal(code === "forbidden" ? 403 : 409, code, message);
    };
  };
  const [campaign, renew, confirm, release] = [by(campaigning), by(renewing), by(confirming), by(releasing)];
  return new Hono<App>()
    .post("/campaign", allow("contend"), callSized, takesJson(campaigning.check), async (context) =>
      context.json(await campaign(context, context.req.valid("json"))),
    )
    .post("/renew", allow("contend"), callSized, takesJson(renewing.check), async (context) =>
      context.json(await renew(context, context.req.valid("json"))),
    )
    .post("/confirm", allow("contend"), callSized, takesJson(confirming.check), async (context) =>
      context.json(await confirm(context, context.req.valid("json"))),
    )
    .post("/release", allow("contend"), callSized, takesJson(releasing.check), async (context) =>
      context.json(await release(context, context.req.valid("json"))),
    );
};

/** `keeps`: it keeps a lease, or gives it back. Throws the refusal of callers who ask too often. */
async function count(context: Context<App>, keeps: boolean): Promise<void> {
  if (await askedTooOften(context, keeps)) throw new HTTPException(429, { res: askLessOften() });
}

const NO_JOB = "this job has never run in this group";

/** Jobs that run once for each occurrence. The path names the job; the bodies are the calls of `RunCall`. */
export const jobRoutes = (allow: Admission) =>
  new Hono<App>()
    .get("/:job", allow("observe"), async (context) => {
      const job = name(context.req.param("job"), "job");
      const status = await look(context, (group) => group.job({ ...callOf(context), job }));
      if (status === null) throw refusal(404, "no_job", NO_JOB);
      return context.json(status);
    })
    .post("/:job", allow("contend"), small, takesJson(jobCall), async (context) => {
      const job = name(context.req.param("job"), "job");
      const request = runCall({ ...context.req.valid("json"), job }, "");
      const { access } = context.var;
      await count(context, request.type !== "begin");
      const answer = runAnswer(await groupOf(context).run({ ...callOf(context), access, request }));
      if (answer.type !== "refused") return context.json(answer);
      throw refusal(answer.code === "forbidden" ? 403 : 409, answer.code, answer.message);
    })
    .delete("/:job", allow("admin"), async (context) => {
      const job = name(context.req.param("job"), "job");
      const outcome = await groupOf(context).forgetJob({ ...callOf(context), job });
      if (outcome.type !== "job_forgotten") throw refusal(404, "no_job", NO_JOB);
      const { type: _, ...forgotten } = outcome;
      return context.json(forgotten);
    });

type JobCall = { readonly type: RunCall["type"] } & Readonly<Record<string, unknown>>;
/** The rest is checked with the name of the job, which is in the path. */
const jobCall: Check<JobCall> = (value, field) => {
  const body = record(value, field);
  runCall({ job: "any", ...body }, field);
  return body as JobCall;
};

export const contendingRoutes = (allow: Admission) =>
  new Hono<App>().post("/fence/token", allow("contend"), small, takesJson(fenceQuestion), async (context) => {
    const question = context.req.valid("json");
    const { components } = context.var.access;
    if (components !== undefined && !components.includes(question.component)) {
      throw refusal(403, "forbidden", "these credentials are not for this component");
    }
    const key = keyIn(context.env);
    // Read before the group is asked: the token must not outlive the answer.
    const now = Date.now();
    const { current, remainingMs } = await look(context, (group) => group.checkFence({ ...callOf(context), question }));
    if (!current) throw refusal(409, "not_current", "this leadership is not current: stop, and wait for the next one");
    const fence = { group: context.req.param("group") ?? "", ...question };
    return context.json(await signFenceToken(fence, remainingMs, key, now));
  });

/** Checked at each request: the check is cheap. */
function keyIn(env: FenceKeyEnv): FenceSigningKey {
  try {
    return signingKey(env);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw refusal(503, "misconfigured", error.message);
  }
}

export const operatingRoutes = (allow: Admission) =>
  new Hono<App>()
    .post("/elections/:election/revoke", allow("admin"), small, takesJson(revokeOptions), async (context) => {
      const election = electionName(context.req.param("election"), "election");
      const outcome = await groupOf(context).revoke({ ...callOf(context), ...context.req.valid("json"), election });
      if (outcome.type !== "revoked") throw refusal(409, "not_led", "nobody leads this election");
      const { type: _, ...result } = outcome;
      return context.json(result);
    })
    .post("/pause", allow("admin"), async (context) =>
      context.json({ paused: await groupOf(context).setPaused({ ...callOf(context), paused: true }) }),
    )
    .post("/resume", allow("admin"), async (context) =>
      context.json({ paused: await groupOf(context).setPaused({ ...callOf(context), paused: false }) }),
    )
    .delete("/", allow("admin"), takesQuery(cleanupQuery), async (context) => {
      const { force: forced, purge } = context.req.valid("query");
      if (purge === "true") {
        const outcome = await groupOf(context).purge(callOf(context));
        if (outcome.type === "in_use") throw inUse(outcome);
        return context.json({ ok: true });
      }
      const force = forced === "true";
      const outcome = await groupOf(context).cleanup({ ...callOf(context), force });
      if (outcome.type === "contenders_registered") {
        throw refusal(409, "contenders_registered", "contenders are registered: close them first, or add ?force=true");
      }
      return context.json({ ok: true });
    });

/** Thrown, not returned: with two types of response, the typed client would have neither. */
const refusal = (status: ProblemStatus, code: string, message: string): HTTPException =>
  new HTTPException(status, { res: refuseWith(status, code, message) });

function inUse({ message, retryAfterMs }: Extract<Outcome, { readonly type: "in_use" }>): HTTPException {
  const later = retryAfterMs === undefined ? {} : { "Retry-After": String(Math.ceil(retryAfterMs / 1_000)) };
  return new HTTPException(409, { res: problemResponse(problem(409, "in_use", message), later) });
}

const fenceQuestion: Check<FenceQuestion> = object<FenceQuestion>({
  component: name,
  leaderSessionId: id,
  epoch: number(0, Number.MAX_SAFE_INTEGER),
});

const revokeOptions: Check<RevokeOptions> = object<RevokeOptions>({
  successor: optional(id),
  reason: optional(text(NOTE_LENGTH)),
});

export interface StatusQuery {
  readonly after?: string;
}

const statusQuery: Check<StatusQuery> = object<StatusQuery>({ after: optional(text(QUERY_LENGTH)) });

export interface ElectionQuery {
  readonly from?: string;
}

const electionQuery: Check<ElectionQuery> = object<ElectionQuery>({ from: optional(text(QUERY_LENGTH)) });

export interface HistoryQuery {
  readonly limit?: string;
}

const historyQuery: Check<HistoryQuery> = object<HistoryQuery>({ limit: optional(text(QUERY_LENGTH)) });

export interface CleanupQuery {
  readonly force?: string;
  readonly purge?: string;
}

const cleanupQuery: Check<CleanupQuery> = object<CleanupQuery>({
  force: optional(text(QUERY_LENGTH)),
  purge: optional(text(QUERY_LENGTH)),
});
