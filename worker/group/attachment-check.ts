/**
 * Whether what a socket carries is what it should be. Sockets outlive deployments, and rollbacks: another version may have
 * written it. All of them are looked at when an object wakes up, so this makes nothing (ten thousand take 2 ms).
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

export const isAttachment = (value: unknown): value is Attachment =>
  isRecord(value) &&
  isText(value["connection"]) &&
  isTime(value["connectedAt"]) &&
  (value["sessionId"] === null || isText(value["sessionId"])) &&
  isList(value["leases"], isLease) &&
  (value["access"] === undefined || isAccess(value["access"])) &&
  (value["statement"] === undefined || isStatement(value["statement"])) &&
  (value["busy"] === undefined || isList(value["busy"], isElectionName)) &&
  (value["asked"] === undefined || isQuestion(value["asked"])) &&
  (value["heardAt"] === undefined || isTime(value["heardAt"])) &&
  (value["watched"] === undefined || value["watched"] === null || isWatched(value["watched"]));
