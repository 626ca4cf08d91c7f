/** Server-to-client messages as the client reads them. The server is trusted for sizes; shapes are checked all the same. */

import type { LeaseSettings } from "../lease.ts";
import { id, type MessageTable, name, parseFrame, watchOf } from "./codec.ts";
import { boolean, type Check, list, nullable, number, object, oneOf, optional, record, text, where } from "./fields.ts";
import type { GroupLimits, Limits } from "./limits.ts";
import type {
  Confirmed,
  Deregistered,
  ErrorCode,
  Grant,
  LeaderChange,
  LeaderInformation,
  Leaders,
  Metadata,
  Next,
  Refusal,
  Registered,
  Renewed,
  Revoke,
  RevokeReason,
  ServerMessage,
  Tried,
  Welcome,
} from "./messages.ts";
import { isElectionName } from "./names.ts";
import type { LeaderStatus } from "./status.ts";

const MANY = 1_000_000;
const ms = number(0);
const count = number(0);
/** The client's own clock, as it was sent. */
const sentAt = number();
const anyText = text(MANY);
const held = list(id, MANY);
const type = <const T extends string>(tag: T) => oneOf(tag);

export const leaderInformation = object<LeaderInformation>({
  component: name,
  leaderSessionId: id,
  epoch: count,
  address: optional(anyText),
  metadata: optional(record as Check<Metadata>),
  process: optional(anyText),
});

const leaderStatus = object<LeaderStatus>({
  sessionId: id,
  process: nullable(anyText),
  leaderSessionId: id,
  epoch: count,
});

const lease = object<LeaseSettings>({ durationMs: ms, renewDeadlineMs: ms, renewEveryMs: ms });
const limits = object<Limits & Partial<GroupLimits>>({
  messageBytes: count,
  messagesPerSecond: count,
  contenders: count,
  observed: count,
  metadataBytes: count,
  sessions: optional(count),
  observers: optional(count),
  sessionsPerSubject: optional(count),
  elections: optional(count),
  nameLength: optional(count),
  historyRows: optional(count),
  rows: optional(count),
  confirms: optional(count),
  jobs: optional(count),
  occurrences: optional(count),
  occurrenceMs: optional(ms),
  helloTimeoutMs: optional(ms),
});

const granted = {
  type: type("grant"),
  election: where(isElectionName, "an election"),
  leaderSessionId: id,
  epoch: count,
  components: list(name, MANY),
};
const termGrant = object<Extract<Grant, { readonly joined: false }>>({ ...granted, joined: oneOf(false), sentAt });
const joinGrant = object<Omit<Extract<Grant, { readonly joined: true }>, "sentAt">>({
  ...granted,
  joined: oneOf(true),
});

const table: MessageTable<ServerMessage> = {
  welcome: object<Welcome>({
    type: type("welcome"),
    version: oneOf(1),
    sessionId: id,
    secret: id,
    resumed: boolean,
    sentAt,
    held,
    lease,
    pingEveryMs: ms,
    answerTimeoutMs: ms,
    checkEveryMs: ms,
    askTimeoutMs: ms,
    drainMs: ms,
    spreadMs: optional(ms),
    deployment: optional(id),
    limits,
  }),
  registered: object<Registered>({ type: type("registered"), component: name, try: optional(oneOf(true)) }),
  tried: object<Tried>({ type: type("tried"), component: name, leader: nullable(leaderStatus) }),
  deregistered: object<Deregistered>({ type: type("deregistered"), component: name }),
  grant: (value, field) => (record(value, field)["joined"] === true ? joinGrant : termGrant)(value, field),
  next: object<Next>({ type: type("next"), inMs: ms }),
  renewed: object<Renewed>({ type: type("renewed"), sentAt, held, spreadMs: optional(ms) }),
  revoke: object<Revoke>({
    type: type("revoke"),
    leaderSessionId: id,
    // A reason of a newer server means `revoked`.
    reason: (value) => (value === "preempted" || value === "transferred" ? value : ("revoked" satisfies RevokeReason)),
    drainMs: ms,
  }),
  confirmed: object<Confirmed>({ type: type("confirmed"), id, component: name, leaderSessionId: id }),
  leaders: object<Leaders>({
    type: type("leaders"),
    revision: count,
    snapshot: boolean,
    all: optional(boolean),
    leaders: list(
      object<LeaderChange>({
        component: name,
        leader: nullable(leaderInformation),
      }),
      MANY,
    ),
  }),
  error: object<Refusal>({
    type: type("error"),
    code: anyText as Check<ErrorCode>, // a later server may know more of them
    message: anyText,
    id: optional(anyText),
    component: optional(anyText),
    observed: optional(watchOf(MANY)),
  }),
};

/** Reads a frame of the server. Throws `InvalidField` and nothing else. */
export const parseServerMessage = (frame: unknown): ServerMessage => parseFrame(frame, table);
