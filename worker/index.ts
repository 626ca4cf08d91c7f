/**
 * `edge-election/worker`: the Durable Object class, the app for mounting, and a default Worker.
 *
 * Entry of the room `worker`, which is this file. `cli/`, `tools/`, `bench/` and `examples/` may import it, and the
 * pages its types. It imports the other rooms of `worker/`, and never decides anything.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import { createElectionApp } from "./http/app.ts";
import { pages } from "./http/pages.ts";

export { ElectionError, LeadershipLostError, type LossReason } from "../shared/errors.ts";
export type { Leadership, ResignOptions } from "../shared/leadership/leadership.ts";
export type { LeaseSettings } from "../shared/lease.ts";
export type { OnceOptions } from "../shared/once/options.ts";
export type { OnceResult, RunLeadership } from "../shared/once/run-once.ts";
export type { GroupLimits } from "../shared/protocol/limits.ts";
export type {
  BeginRun,
  EndedRun,
  EndRun,
  JobStatus,
  Missed,
  RenewRun,
  RunAnswer,
  RunCall,
  RunEnd,
} from "../shared/protocol/runs.ts";
export type {
  CandidateStatus,
  ElectionStatus,
  GroupStatus,
  GroupSummary,
  GroupsStatus,
  LeaderStatus,
  RevokeOptions,
  RevokeResult,
} from "../shared/protocol/status.ts";
export type { Deployment, Requests } from "../shared/remote/endpoint.ts";
export { DurableContender } from "./callers/durable-contender.ts";
export { ElectionsEntrypoint } from "./callers/entrypoint.ts";
export type { ElectionsBinding, LocalElectionsOptions } from "./callers/local-elections.ts";
export { electionsOf } from "./callers/local-elections.ts";
export type { ComponentOptions, ContenderChanges, DurableContenderOptions } from "./callers/options.ts";
export { type RunOptions, type RunResult, runIfLeader } from "./callers/run-if-leader.ts";
export { runOnce } from "./callers/run-once.ts";
export type {
  Campaign,
  CampaignAnswer,
  Confirmation,
  Elections,
  HeldLeadership,
  PolledSession,
  Refused,
  Release,
  Renewal,
  RevokeAnswer,
} from "./callers/service.ts";
export { ElectionGroup } from "./durable-object/election-group.ts";
export { GroupIndex } from "./durable-object/group-index.ts";
export type { TermStatus } from "./group/history.ts";
export type { LogLevel, PolicyOptions, Preemption } from "./group/policy.ts";
export type { Preference } from "./group/preference.ts";
export type { EndReason } from "./group/state.ts";
export type { FenceAnswer, FenceQuestion } from "./group/views.ts";
export type { ElectionAppOptions, ElectionEnv, PlaceOf } from "./http/admission.ts";
export type { ElectionApp } from "./http/app.ts";
export { createElectionApp } from "./http/app.ts";
export type { Authorize, AuthorizeEnv } from "./http/authorize.ts";
export { type PagesEnv, pages } from "./http/pages.ts";
export type { Place } from "./http/place.ts";
export type { Principal, Role } from "./http/principal.ts";
export type { TokenClaims, TokenOptions } from "./http/tokens.ts";
export { createToken } from "./http/tokens.ts";

/** A whole Worker: the app at the root, with the dashboard and the demo page. */
export default createElectionApp().route("/", pages);
