/** Elections by RPC on a binding of the groups themselves, for the Worker that has them. */
import { env } from "cloudflare:workers";
import { assertNames } from "../../shared/options.ts";
import type { Deployment } from "../../shared/remote/endpoint.ts";
import type { ElectionGroup, PollRequest } from "../durable-object/election-group.ts";
import type { Outcome, PollAnswer } from "../group/events.ts";
import { assertPolicy, type PolicyOptions } from "../group/policy.ts";
import type { Access } from "../group/state.ts";
import type { ElectionEnv, PlaceOf } from "../http/admission.ts";
import { type PolicyEnv, policyIfSet } from "../http/env-policy.ts";
import { groupAt } from "../http/group-at.ts";
import { answerOfObject, type Call, callWith } from "../http/interface.ts";
import { placeFromEnv } from "../http/place.ts";
import { assertPrincipal } from "../http/principal.ts";
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
import { campaigning, confirming, type Exchange, refused, releasing, renewing, runAnswer } from "./exchanges.ts";
import { electionsAt } from "./remote-elections.ts";
import type { Elections, Refused } from "./service.ts";

/** Options of `electionsOf`. */
export interface LocalElectionsOptions {
  /**
   * The settings of a group; they must be those of the app. Default: the variables of this Worker; without any, the settings
   * stay as the app has set them last.
   */
  readonly policy?: (group: string) => PolicyOptions;
  /** Where a group lives; it must be that of the app. Called with the env of this Worker. Default: from the env. */
  readonly place?: PlaceOf;
  /** What the callers may do. Default: everything, since only a trusted Worker has the binding. */
  readonly access?: Access;
}

/**
 * The elections behind a binding of the Durable Object class `ElectionGroup`. Wrong arguments reject with a `TypeError` that
 * names the field.
 */
export function electionsOf(
  namespace: DurableObjectNamespace<ElectionGroup>,
  options: LocalElectionsOptions = {},
): Elections {
  assertNames(options, ["policy", "place", "access"]);
  const { policy, place = placeFromEnv, access = { role: "admin" } } = options;
  assertPrincipal(access);
  const groupOf = (group: string) => {
    const name = groupName(group);
    return groupAt(namespace, name, place(name, env as unknown as ElectionEnv));
  };
  const asked = async <T>(call: () => T | Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      throw answerOfObject(error);
    }
  };
  const callFor = (group: string): Call => {
    const settings = policy === undefined ? policyIfSet(env as unknown as PolicyEnv) : policy(group);
    if (settings !== undefined) assertPolicy(settings);
    return callWith(settings);
  };
  const poll = async (group: string, call: PollRequest): Promise<PollAnswer | Refused> => {
    if (access.role === "observe") return refused("forbidden", "this binding may only look: give it the role contend");
    const outcome: Outcome = await asked<Outcome>(async () =>
      groupOf(group).poll({ ...callFor(group), access, request: call }),
    );
    if (outcome.type === "polled" || outcome.type === "refused") return outcome;
    throw new Error(`the group answered ${outcome.type} to a call`);
  };
  const by =
    <Asked, Given extends Answer>({ call, answer }: Exchange<Asked, Given>) =>
    async (group: string, asked: Asked): Promise<Given> =>
      answer(await poll(group, call(asked)), asked);
  return {
    getLeader: async (group, component) =>
      asked(async () => groupOf(group).getLeader({ ...callFor(group), component: componentName(component) })),
    status: async (group, after) =>
      asked(async () =>
        groupOf(group).status({ ...callFor(group), ...(after !== undefined && { after: electionName(after) }) }),
      ),
    electionStatus: async (group, election, from = 0) =>
      asked(async () =>
        groupOf(group).electionStatus({
          ...callFor(group),
          election: electionName(election),
          from: firstCandidate(from),
        }),
      ),
    history: async (group, limit) =>
      asked(async () => groupOf(group).history({ ...callFor(group), limit: historyLimit(limit) })),
    checkFence: async (group, question) =>
      asked(async () => groupOf(group).checkFence({ ...callFor(group), question: fenceQuestion(question) })),
    revoke: async (group, election, options) => {
      if (access.role !== "admin") return refused("forbidden", "this binding may not revoke: give it the role admin");
      const order = { ...revokeOptions(options), election: electionName(election) };
      const outcome: Outcome = await asked<Outcome>(async () => groupOf(group).revoke({ ...callFor(group), ...order }));
      if (outcome.type === "revoked" || outcome.type === "not_led") return outcome;
      throw new Error(`the group answered ${outcome.type} to a revoke`);
    },
    campaign: by(campaigning),
    renew: by(renewing),
    confirm: by(confirming),
    release: by(releasing),
    run: async (group, call) => {
      const request = runRequest(call);
      return runAnswer(await asked<Outcome>(async () => groupOf(group).run({ ...callFor(group), access, request })));
    },
    job: async (group, job) => asked(async () => groupOf(group).job({ ...callFor(group), job: jobName(job) })),
  };
}

/**
 * A service binding to the entrypoint `ElectionsEntrypoint`, a binding of the Durable Object class `ElectionGroup`, or the
 * address of a deployment.
 */
export type ElectionsBinding = Elections | DurableObjectNamespace<ElectionGroup> | Deployment;

/**
 * The elections of any of them. A service binding has every name as a method, a namespace only its own: so the methods
 * of a service binding are looked for first. Throws a `TypeError` for anything else.
 */
export function electionsBy(binding: ElectionsBinding): Elections {
  if (answersTo(binding, "campaign")) return binding as Elections;
  if (answersTo(binding, "idFromName")) return electionsOf(binding as DurableObjectNamespace<ElectionGroup>);
  if (typeof binding === "object" && binding !== null && "url" in binding) return electionsAt(binding as Deployment);
  throw new TypeError(
    "elections must be a binding of the groups, a service binding to ElectionsEntrypoint, or { url, token }: compare its name with the configuration of the Worker",
  );
}

const answersTo = (binding: unknown, method: string): boolean =>
  (typeof binding === "object" || typeof binding === "function") &&
  binding !== null &&
  method in binding &&
  typeof Reflect.get(binding, method) === "function";
