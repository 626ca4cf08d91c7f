/** Checks the arguments of a caller by RPC before the group's object is touched, and turns them into one call of the core. */
import {
  address,
  contenderFields,
  election,
  id,
  metadata,
  name,
  priority,
  processInfo,
  secret,
} from "../../shared/protocol/codec.ts";
import {
  boolean,
  type Check,
  InvalidField,
  list,
  number,
  object,
  optional,
  text,
} from "../../shared/protocol/fields.ts";
import { DEFAULT_LIMITS, LIST_ENTRIES, NOTE_LENGTH } from "../../shared/protocol/limits.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import { type RunCall, runCall } from "../../shared/protocol/runs.ts";
import type { RevokeOptions } from "../../shared/protocol/status.ts";
import type { FenceQuestion } from "../group/views.ts";
import type { PollRequest } from "../host/host.ts";
import type { Campaign, Confirmation, PolledSession, Release, Renewal } from "./service.ts";

const session = object<PolledSession>({
  sessionId: id,
  secret,
  attempt: number(1, Number.MAX_SAFE_INTEGER),
});
const held = list(id, LIST_ENTRIES);
const acceptable = list(election, LIST_ENTRIES);
const accept: Check<boolean | readonly ElectionName[]> = (value, field) =>
  Array.isArray(value) ? acceptable(value, field) : boolean(value, field);
const sentAt = number();
/** Below it a caller would do nothing but poll. */
const LEAST_POLL_EVERY_MS = 100;

export const campaignCheck = object<Campaign>({
  session: optional(session),
  contenders: list(object(contenderFields), LIST_ENTRIES),
  held: optional(held),
  accept: optional(accept),
  try: optional(boolean),
  process: optional(processInfo(DEFAULT_LIMITS.metadataBytes)),
  priority: optional(priority),
  pollEveryMs: optional(number(LEAST_POLL_EVERY_MS, Number.MAX_SAFE_INTEGER)),
  sentAt,
});
export const renewalCheck = object<Renewal>({ session, held, sentAt });
export const confirmationCheck = object<Confirmation>({
  session,
  component: name,
  leaderSessionId: id,
  address: optional(address),
  metadata: optional(metadata(DEFAULT_LIMITS.metadataBytes)),
});
export const releaseCheck = object<Release>({ session, leaderSessionId: optional(id), successor: optional(id) });
const fenceCheck = object<FenceQuestion>({
  component: name,
  leaderSessionId: id,
  epoch: number(0, Number.MAX_SAFE_INTEGER),
});
const revokeCheck = object<RevokeOptions>({ successor: optional(id), reason: optional(text(NOTE_LENGTH)) });

/** Throws a `TypeError` that names the field and what it takes. */
function checked<T>(check: Check<T>, value: unknown, field = ""): T {
  try {
    return check(value, field);
  } catch (error) {
    throw error instanceof InvalidField ? new TypeError(error.message) : error;
  }
}

export const groupName = (value: string): string => checked(name, value, "group");

export const componentName = (value: string): string => checked(name, value, "component");

export const fenceQuestion = (value: FenceQuestion): FenceQuestion => checked(fenceCheck, value);

/** Any number is allowed: the group returns as many ended terms as it keeps. */
export const historyLimit = (value: number): number =>
  Math.floor(checked(number(1, Number.MAX_SAFE_INTEGER), value, "limit"));

export const firstCandidate = (value: number): number =>
  Math.floor(checked(number(0, Number.MAX_SAFE_INTEGER), value, "from"));

export function campaignCall(value: Campaign): PollRequest {
  const { session, held = [], accept = true, sentAt: _echoed, ...campaign } = checked(campaignCheck, value);
  return { ...(session && { session }), action: { type: "campaign", held, accept, ...campaign } };
}

export function renewalCall(value: Renewal): PollRequest {
  const { session, sentAt: _echoed, ...renewal } = checked(renewalCheck, value);
  return { session, action: { type: "renew", ...renewal } };
}

export function confirmationCall(value: Confirmation): PollRequest {
  const { session, ...confirmation } = checked(confirmationCheck, value);
  return { session, action: { type: "confirm", ...confirmation } };
}

export function releaseCall(value: Release): PollRequest {
  const { session, leaderSessionId, successor } = checked(releaseCheck, value);
  if (leaderSessionId === undefined) return { session, action: { type: "bye" } };
  return { session, action: { type: "resign", leaderSessionId, ...(successor !== undefined && { successor }) } };
}

export const runRequest = (value: RunCall): RunCall => checked(runCall, value);

export const jobName = (value: string): string => checked(name, value, "job");

export const electionName = (value: string): ElectionName => checked(election, value, "election");

export const revokeOptions = (value: RevokeOptions = {}): RevokeOptions => checked(revokeCheck, value);
