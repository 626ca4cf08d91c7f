/**
 * Whether what a socket carries is what it should be. Sockets outlive deployments, and rollbacks: another version may have
 * written it. All of them are looked at when an object wakes up, so this makes nothing.
 */
import { isRecord } from "../../shared/protocol/fields.ts";
import { isElectionName } from "../../shared/protocol/names.ts";
import type { Attachment } from "./events.ts";

const LATEST = 8.64e15;
const isTime = (value: unknown): boolean => typeof value === "number" && value >= 0 && value <= LATEST;
const isText = (value: unknown): boolean => typeof value === "string";

const isList = (value: unknown, isEntry: (entry: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(isEntry);
const isLease = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && isText(value[0]) && isTime(value[1]);
const isStatement = (value: unknown): boolean =>
  isRecord(value) && isTime(value["readAt"]) && isNumber(value["sentAt"]);
const isNumber = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value);
const isQuestion = (value: unknown): boolean => isRecord(value) && isTime(value["at"]) && isTime(value["due"]);
const isWatched = (value: unknown): boolean => isRecord(value) && isList(value["names"], isText);
const isAccess = (value: unknown): boolean => isRecord(value) && isText(value["role"]) && isUntil(value["until"]);
const isUntil = (value: unknown): boolean => value === undefined || isNumber(value);

type Test = (value: unknown) => boolean;
const optional =
  (test: Test): Test =>
  (value) =>
    value === undefined || test(value);

/** Total by type: a new field does not compile without its test. */
const fields: { readonly [K in keyof Attachment]-?: Test } = {
  connection: isText,
  connectedAt: isTime,
  sessionId: (value) => value === null || isText(value),
  leases: (value) => isList(value, isLease),
  untaken: optional((value) => isList(value, isLease)),
  access: optional(isAccess),
  statement: optional(isStatement),
  busy: optional((value) => isList(value, isElectionName)),
  asked: optional(isQuestion),
  late: optional((value) => value === true),
  heardAt: optional(isTime),
  answeredAt: optional(isTime),
  watched: optional((value) => value === null || isWatched(value)),
};
const {
  connection,
  connectedAt,
  sessionId,
  leases,
  untaken,
  access,
  statement,
  busy,
  asked,
  late,
  heardAt,
  answeredAt,
  watched,
  ...others
} = fields;
others satisfies Readonly<Record<string, never>>; // none is left out below

/** By name: a loop over the table takes several times as long where the code is cold. */
export const isAttachment = (value: unknown): value is Attachment =>
  isRecord(value) &&
  connection(value["connection"]) &&
  connectedAt(value["connectedAt"]) &&
  sessionId(value["sessionId"]) &&
  leases(value["leases"]) &&
  untaken(value["untaken"]) &&
  access(value["access"]) &&
  statement(value["statement"]) &&
  busy(value["busy"]) &&
  asked(value["asked"]) &&
  late(value["late"]) &&
  heardAt(value["heardAt"]) &&
  answeredAt(value["answeredAt"]) &&
  watched(value["watched"]);
