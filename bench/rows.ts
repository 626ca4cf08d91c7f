/** All rows, in the order in which they are measured. */
import type { Row } from "./row.ts";
import { ABUSE_ROWS } from "./rows/abuse.ts";
import { BEFORE_ROWS } from "./rows/before.ts";
import { CLIENT_ROWS } from "./rows/client.ts";
import { COST_ROWS } from "./rows/cost.ts";
import { CRASH_ROWS } from "./rows/crash.ts";
import { CROWD_ROWS } from "./rows/crowds.ts";
import { FAN_OUT_ROWS } from "./rows/fan-out.ts";
import { HAND_OVER_ROWS } from "./rows/hand-over.ts";
import { HEAP_ROWS } from "./rows/heap.ts";
import { JOIN_ROWS } from "./rows/join.ts";
import { PEER_ROWS } from "./rows/peers.ts";
import { RETURN_ROWS } from "./rows/return.ts";
import { SILENT_ROWS } from "./rows/silent.ts";
import { SPREAD_ROWS } from "./rows/spread.ts";
import { THROUGHPUT_ROWS } from "./rows/throughput.ts";

export const ROWS: readonly Row[] = [
  ...HAND_OVER_ROWS,
  ...BEFORE_ROWS,
  ...SILENT_ROWS,
  ...PEER_ROWS,
  ...JOIN_ROWS,
  ...FAN_OUT_ROWS,
  ...CROWD_ROWS,
  ...HEAP_ROWS,
  ...RETURN_ROWS,
  ...THROUGHPUT_ROWS,
  ...CRASH_ROWS,
  ...SPREAD_ROWS,
  ...CLIENT_ROWS,
  ...COST_ROWS,
  ...ABUSE_ROWS,
];
