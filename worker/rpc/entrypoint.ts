/** Elections for other Workers: name it as the `entrypoint` of a service binding. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { ElectionName } from "../../shared/names.ts";
import type { ElectionEnv } from "../admission.ts";
import { mayEnter, type Principal } from "../authorize.ts";
import { policyFromEnv } from "../env-policy.ts";
import type { Access } from "../group/state.ts";
import type { FenceQuestion } from "../group/views.ts";
import { electionsOf } from "./local-elections.ts";
import type { Campaign, Confirmation, Elections, Release, Renewal, StepDownOrder } from "./service.ts";

/**
 * What a binding may do is in its `props`, which only its configuration can set: `{ role, groups, components, subject }`, as in a
 * token. Without props its Worker is trusted with everything. A group that it may not enter rejects with `TypeError`.
 */
export class ElectionsEntrypoint extends WorkerEntrypoint<ElectionEnv, Partial<Principal>> implements Elections {
  async getLeader(group: string, component: string) {
    return this.#of(group).getLeader(group, component);
  }

  async status(group: string) {
    return this.#of(group).status(group);
  }

  async history(group: string, limit: number) {
    return this.#of(group).history(group, limit);
  }

  async checkFence(group: string, question: FenceQuestion) {
    return this.#of(group).checkFence(group, question);
  }

  async revoke(group: string, election: ElectionName, order: StepDownOrder = {}) {
    return this.#of(group).revoke(group, election, order);
  }

  async campaign(group: string, campaign: Campaign) {
    return this.#of(group).campaign(group, campaign);
  }

  async renew(group: string, renewal: Renewal) {
    return this.#of(group).renew(group, renewal);
  }

  async confirm(group: string, confirmation: Confirmation) {
    return this.#of(group).confirm(group, confirmation);
  }

  async release(group: string, release: Release) {
    return this.#of(group).release(group, release);
  }

  #of(group: string): Elections {
    const { role = "admin", groups, components, subject } = this.ctx.props ?? {};
    const access: Access = { role, ...(components && { components }), ...(subject && { subject }) };
    const principal: Principal = { ...access, ...(groups && { groups }) };
    if (!mayEnter(principal, group))
      throw new TypeError("this binding is not for this group: see the groups in its props");
    const policy = (name: string) => policyFromEnv(name, this.env);
    return electionsOf(this.env.ELECTIONS, { policy, access });
  }
}
