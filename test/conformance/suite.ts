/** All behaviours that can be seen from outside, for every way of taking part. */
import { type Chapter, conform } from "./behaviour.ts";
import { close } from "./chapters/close.ts";
import { confirmAndIsLeader } from "./chapters/confirm.ts";
import { connection } from "./chapters/connection.ts";
import { dedicatedElections } from "./chapters/dedicated.ts";
import { errorsAndInput } from "./chapters/errors.ts";
import { grantAndRevoke } from "./chapters/grant.ts";
import { observers } from "./chapters/observers.ts";
import { queue } from "./chapters/queue.ts";
import { standing } from "./chapters/standing.ts";
import { tries } from "./chapters/tries.ts";
import type { Driver } from "./driver.ts";

const chapters: readonly Chapter[] = [
  grantAndRevoke,
  confirmAndIsLeader,
  close,
  observers,
  connection,
  dedicatedElections,
  queue,
  errorsAndInput,
  standing,
  tries,
];

export const conformance = (driver: Driver): void => conform(driver, chapters);
