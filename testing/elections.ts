/** Elections by RPC, answered by the group in memory: what a service binding is on the platform. */
import type { ElectionName } from "../shared/protocol/names.ts";
import {
  componentName,
  electionName,
  fenceQuestion,
  firstCandidate,
  historyLimit,
  jobName,
  revokeOptions,
  runRequest,
} from "../worker/callers/calls.ts";
import type { Answer } from "../worker/callers/core/requests.ts";
import { campaigning, confirming, type Exchange, releasing, renewing, runAnswer } from "../worker/callers/exchanges.ts";
import type { Elections } from "../worker/callers/service.ts";
import type { EventBody, Outcome } from "../worker/group/events.ts";
import { history } from "../worker/group/history.ts";
import { electionStatus, fence, groupStatus, jobStatus, leaderOf } from "../worker/group/views.ts";
import type { Backend } from "./group/backend.ts";
import { DEPLOYMENT } from "./group/incarnation.ts";

/** Carries a call to the group, and its answer back. */
export type Carry = <T>(work: () => T | Promise<T>) => Promise<T>;

export function electionsThrough(carry: Carry, backend: Backend, name: string): Elections {
  const inGroup = <T>(group: string, work: () => T | Promise<T>): Promise<T> => {
    if (group === name) return carry(work);
    const rule = `this test group is called ${name}, not ${group}: make it with createTestGroup({ group: "${group}" })`;
    return Promise.reject(new TypeError(rule));
  };
  const by =
    <Asked, Given extends Answer>({ call, answer }: Exchange<Asked, Given>) =>
    async (group: string, asked: Asked): Promise<Given> => {
      const request = call(asked);
      return inGroup(group, async () => {
        const outcome = answered(await backend.poll(request));
        if (outcome.type === "polled" || outcome.type === "refused") return answer(outcome, asked);
        throw new Error(`the group answered ${outcome.type} to a call`);
      });
    };
  const now = (): number => backend.trueNow();
  return {
    getLeader: async (group, component) => {
      const checked = componentName(component);
      return inGroup(group, () => leaderOf(backend.look(), checked));
    },
    status: async (group, after) => {
      const checked = after === undefined ? null : electionName(after);
      return inGroup(group, () => groupStatus(backend.look(), { group: name, deployment: DEPLOYMENT }, now(), checked));
    },
    electionStatus: async (group, election, from = 0) => {
      const [checked, first] = [electionName(election), firstCandidate(from)];
      return inGroup(group, () => electionStatus(backend.look(), checked, now(), first));
    },
    history: async (group, limit) => {
      const checked = historyLimit(limit);
      return inGroup(group, () => history(backend.look(), backend.endedTerms.slice(-checked).reverse(), checked));
    },
    checkFence: async (group, question) => {
      const checked = fenceQuestion(question);
      return inGroup(group, () => fence(backend.look(), checked, now()));
    },
    revoke: async (group, election, options) => {
      const [checked, { successor, reason }] = [electionName(election), revokeOptions(options)];
      return inGroup(group, async () => revoked(answered(await backend.ask(orderTo(checked, successor, reason)))));
    },
    campaign: by(campaigning),
    renew: by(renewing),
    confirm: by(confirming),
    release: by(releasing),
    run: async (group, call) => {
      const request = runRequest(call);
      return inGroup(group, async () => runAnswer(answered(await backend.run(request))));
    },
    job: async (group, job) => {
      const checked = jobName(job);
      return inGroup(group, () => jobStatus(backend.look(), checked, now()));
    },
  };
}

const orderTo =
  (election: ElectionName, successor?: string, reason?: string) =>
  (request: string): EventBody => ({
    type: "revoke",
    request,
    election,
    successor: successor ?? null,
    note: reason ?? null,
  });

function revoked(outcome: Outcome) {
  if (outcome.type === "revoked" || outcome.type === "not_led") return outcome;
  throw new Error(`the group answered ${outcome.type} to a revoke`);
}

function answered(outcome: Outcome | null): Outcome {
  if (outcome !== null) return outcome;
  throw new Error("The group's object was restarted before it could answer.");
}
