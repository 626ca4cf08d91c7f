/** Elections by HTTP: for code that has the address of a deployment instead of a binding. */
import { ElectionError, invalidArgument } from "../../shared/errors.ts";
import { assertNames } from "../../shared/options.ts";
import { inPath } from "../../shared/protocol/paths.ts";
import { groupAddress } from "../../shared/remote/address.ts";
import { type Deployment, type Endpoint, endpointOf, type Reply } from "../../shared/remote/endpoint.ts";
import { callOfRun, jobPath } from "../../shared/remote/runs.ts";
import { isToken, TOKEN_FORM } from "../../shared/remote/token.ts";
import type { TermStatus } from "../group/history.ts";
import {
  componentName,
  electionName,
  fenceQuestion,
  firstCandidate,
  groupName,
  historyLimit,
  jobName,
  revokeOptions,
  runRequest,
} from "./calls.ts";
import type { Answer } from "./core/requests.ts";
import { campaigning, confirming, type Exchange, refused, releasing, renewing } from "./exchanges.ts";
import type { Elections, Refused } from "./service.ts";

/**
 * The elections of a deployment. Wrong arguments reject with a `TypeError` that names the field, as by a binding. What the
 * group refuses is an answer to a contender's call, and an `ElectionError` of a look-up.
 */
export function electionsAt(deployment: Deployment): Elections {
  assertDeployment(deployment);
  const at = (group: string): Endpoint => endpointOf(deployment, groupName(group), globalThis);
  const look = async <T>(group: string, path: string): Promise<T> =>
    given<T>(await at(group).ask({ method: "GET", path }));
  const by =
    <Asked extends object, Given extends Answer>(path: string, { call }: Exchange<Asked, Given>) =>
    async (group: string, asked: Asked): Promise<Given | Refused> => {
      call(asked);
      return answerIn<Given>(await at(group).ask({ method: "POST", path: `/contenders/${path}`, body: asked }));
    };
  return {
    getLeader: async (group, component) => {
      const path = `/leaders/${inPath(componentName(component))}`;
      const reply = await at(group).ask({ method: "GET", path });
      return reply.isRefused && reply.code === "no_leader" ? null : given(reply);
    },
    status: async (group, after) =>
      look(group, after === undefined ? "" : `?after=${encodeURIComponent(electionName(after))}`),
    electionStatus: async (group, election, from = 0) =>
      look(group, `/elections/${inPath(electionName(election))}?from=${firstCandidate(from)}`),
    history: async (group, limit) => {
      const { terms } = await look<{ terms: TermStatus[] }>(group, `/history?limit=${historyLimit(limit)}`);
      return terms;
    },
    checkFence: async (group, question) =>
      given(await at(group).ask({ method: "POST", path: "/fence", body: fenceQuestion(question) })),
    revoke: async (group, election, options) => {
      const path = `/elections/${inPath(electionName(election))}/revoke`;
      const reply = await at(group).ask({ method: "POST", path, body: revokeOptions(options) });
      if (reply.isRefused) return reply.code === "not_led" ? { type: "not_led" } : refused(reply.code, reply.message);
      return { type: "revoked", ...given<object>(reply) } as Awaited<ReturnType<Elections["revoke"]>>;
    },
    campaign: by("campaign", campaigning),
    renew: by("renew", renewing),
    confirm: by("confirm", confirming),
    release: by("release", releasing),
    run: async (group, call) => callOfRun(at(group), runRequest(call)),
    job: async (group, job) => {
      const reply = await at(group).ask({ method: "GET", path: jobPath(jobName(job)) });
      return reply.isRefused && reply.code === "no_job" ? null : given(reply);
    },
  };
}

function assertDeployment(deployment: Deployment): void {
  assertNames(deployment, ["url", "token", "fetcher"]);
  const { url, token } = deployment;
  groupAddress(url, "any");
  if (token !== undefined && typeof token !== "function" && !isToken(token))
    throw invalidArgument(`token must be ${TOKEN_FORM}`);
}

function given<T>(reply: Reply): T {
  if (reply.isRefused) throw new ElectionError(reply.code, reply.message);
  return reply.body as T;
}

const answerIn = <Given>(reply: Reply): Given | Refused =>
  reply.isRefused ? refused(reply.code, reply.message) : (reply.body as Given);
