/** Elections for other Workers: name this class as the `entrypoint` of a service binding. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { RunCall } from "../../shared/protocol/runs.ts";
import type { RevokeOptions } from "../../shared/protocol/status.ts";
import type { FenceQuestion } from "../group/views.ts";
import type { ElectionEnv, PlaceOf } from "../http/admission.ts";
import { policyIfSet } from "../http/env-policy.ts";
import { placeFromEnv } from "../http/place.ts";
import { assertPrincipal, mayEnter, type Principal } from "../http/principal.ts";
import { refused } from "./exchanges.ts";
import { electionsOf } from "./local-elections.ts";
import type { Campaign, Confirmation, Elections, Refused, Release, Renewal } from "./service.ts";

const NOT_FOR_THIS_GROUP = "this binding is not for this group: add it to `groups` in the props of the binding";

/**
 * `Elections` for service bindings. The `props` of a binding, which only its configuration can set, say what the binding
 * may do: `{ role, groups, components, subject }`, as in a token. Without props it may do everything. In a group that it
 * may not enter, every call of a contender, and every `run`, is refused as `forbidden`; every other call rejects with a
 * `TypeError`. If the props hold an unknown name, every call rejects with a `TypeError`. A Worker whose app has the option
 * `place` extends this class, and sets its `place` to the same function.
 */
export class ElectionsEntrypoint extends WorkerEntrypoint<ElectionEnv, Partial<Principal>> implements Elections {
  /** Where a group lives: the function of the app. */
  protected readonly place: PlaceOf = placeFromEnv;

  async getLeader(group: string, component: string) {
    return this.#of(group).getLeader(group, component);
  }

  async status(group: string, after?: ElectionName) {
    return this.#of(group).status(group, after);
  }

  async electionStatus(group: string, election: ElectionName, from = 0) {
    return this.#of(group).electionStatus(group, election, from);
  }

  async history(group: string, limit: number) {
    return this.#of(group).history(group, limit);
  }

  async checkFence(group: string, question: FenceQuestion) {
    return this.#of(group).checkFence(group, question);
  }

  async revoke(group: string, election: ElectionName, options: RevokeOptions = {}) {
    return this.#of(group).revoke(group, election, options);
  }

  async campaign(group: string, campaign: Campaign) {
    return this.#refusal(group) ?? this.#of(group).campaign(group, campaign);
  }

  async renew(group: string, renewal: Renewal) {
    return this.#refusal(group) ?? this.#of(group).renew(group, renewal);
  }

  async confirm(group: string, confirmation: Confirmation) {
    return this.#refusal(group) ?? this.#of(group).confirm(group, confirmation);
  }

  async release(group: string, release: Release) {
    return this.#refusal(group) ?? this.#of(group).release(group, release);
  }

  async run(group: string, call: RunCall) {
    return this.#refusal(group) ?? this.#of(group).run(group, call);
  }

  async job(group: string, job: string) {
    return this.#of(group).job(group, job);
  }

  get #principal(): Principal {
    const props = this.ctx.props ?? {};
    assertPrincipal(props);
    const { role = "admin", groups, components, subject } = props;
    return { role, ...(components && { components }), ...(subject && { subject }), ...(groups && { groups }) };
  }

  #refusal(group: string): Refused | null {
    return mayEnter(this.#principal, group) ? null : refused("forbidden", NOT_FOR_THIS_GROUP);
  }

  #of(group: string): Elections {
    const { groups: _, ...access } = this.#principal;
    if (!mayEnter(this.#principal, group)) throw new TypeError(NOT_FOR_THIS_GROUP);
    const settings = policyIfSet(this.env);
    const place = (name: string) => this.place(name, this.env);
    return electionsOf(this.env.ELECTIONS, { ...(settings && { policy: () => settings }), place, access });
  }
}
