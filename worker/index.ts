/** `edge-election/worker`: the Durable Object class, the app for mounting, and a default Worker. */
/// <reference lib="esnext.disposable" preserve="true" />
import { createElectionApp } from "./app.ts";
import { pages } from "./pages.ts";

export { ElectionError, LeadershipLostError, type LossReason } from "../shared/errors.ts";
export type { GroupLimits } from "../shared/limits.ts";
export type { CandidateStatus, ElectionStatus, GroupStatus, LeaderStatus, Revoked } from "../shared/status.ts";
export type { ElectionAppOptions, ElectionEnv } from "./admission.ts";
export type { ElectionApp } from "./app.ts";
export { createElectionApp } from "./app.ts";
export type { Authorize, AuthorizeEnv, Principal, Role } from "./authorize.ts";

export { DurableContender } from "./contender/durable-contender.ts";
export type { Leadership, RunLeadership } from "./contender/leadership.ts";
export type { ComponentOptions, ContenderChanges, DurableContenderOptions } from "./contender/options.ts";
export { type RunOptions, type RunResult, runIfLeader } from "./contender/run-if-leader.ts";
export { ElectionGroup } from "./election-group.ts";
export type { TermStatus } from "./group/history.ts";
export type { PolicyOptions, Preemption } from "./group/policy.ts";
export type { FenceAnswer, FenceQuestion } from "./group/views.ts";
export { ElectionsEntrypoint } from "./rpc/entrypoint.ts";
export type { ElectionsBinding, LocalElectionsOptions } from "./rpc/local-elections.ts";
export { electionsOf } from "./rpc/local-elections.ts";
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
  StepDownOrder,
} from "./rpc/service.ts";
export type { TokenClaims, TokenOptions } from "./tokens.ts";
export { createToken } from "./tokens.ts";

/** A whole Worker: the app at the root, and the pages. */
export default createElectionApp().route("/", pages);
