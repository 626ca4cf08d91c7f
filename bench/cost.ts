/** The monthly costs of a group, from its counted work in a shorter time. Prices of the platform, November 2026. */

/** The work of a group's object in a period. */
export interface Usage {
  /** Upgrades and calls. */
  readonly requests: number;
  /** Frames of clients. Answers cost nothing, and so do pings, which the platform answers. */
  readonly messages: number;
  readonly alarms: number;
  /** Includes the row of each alarm that is set. */
  readonly rowsWritten: number;
  /** Time in which the object ran code. Time in which it could hibernate costs nothing. */
  readonly handlerSeconds: number;
}

const MONTH_SECONDS = 30 * 24 * 3_600;
const MILLION = 1_000_000;
const DOLLARS_PER_MILLION = { requests: 0.15, rowsWritten: 1, gigabyteSeconds: 12.5 } as const;
const MESSAGES_A_REQUEST = 20;
const GIGABYTES = 0.128;

export interface Cost {
  readonly requests: number;
  readonly rowsWritten: number;
  readonly duration: number;
  readonly total: number;
}

/** In dollars, beyond what a plan includes. Messages count as a twentieth of a request, alarms as a whole one. */
export function costOf({ requests, messages, alarms, rowsWritten, handlerSeconds }: Usage): Cost {
  const billed = requests + alarms + messages / MESSAGES_A_REQUEST;
  const cost = {
    requests: (billed * DOLLARS_PER_MILLION.requests) / MILLION,
    rowsWritten: (rowsWritten * DOLLARS_PER_MILLION.rowsWritten) / MILLION,
    duration: (handlerSeconds * GIGABYTES * DOLLARS_PER_MILLION.gigabyteSeconds) / MILLION,
  };
  return { ...cost, total: cost.requests + cost.rowsWritten + cost.duration };
}

/** The same work for a month. */
export function scaledToMonth(usage: Usage, seconds: number): Usage {
  const factor = MONTH_SECONDS / seconds;
  return {
    requests: usage.requests * factor,
    messages: usage.messages * factor,
    alarms: usage.alarms * factor,
    rowsWritten: usage.rowsWritten * factor,
    handlerSeconds: usage.handlerSeconds * factor,
  };
}

export const sum = (left: Usage, right: Usage): Usage => ({
  requests: left.requests + right.requests,
  messages: left.messages + right.messages,
  alarms: left.alarms + right.alarms,
  rowsWritten: left.rowsWritten + right.rowsWritten,
  handlerSeconds: left.handlerSeconds + right.handlerSeconds,
});

/** The mean time between two signs of life of a client. */
export const SIGN_OF_LIFE_EVERY_MS = 300_000;

const timesAMonth = (everyMs: number): number => (MONTH_SECONDS * 1_000) / everyMs;

/** Signs of life of waiting contenders in a month, one message each: rarer than a short run can count. */
export function signsOfLife(waiting: number, secondsAMessage: number): Usage {
  const messages = waiting * timesAMonth(SIGN_OF_LIFE_EVERY_MS);
  const handlerSeconds = messages * secondsAMessage;
  return { requests: 0, messages, alarms: 0, rowsWritten: 0, handlerSeconds };
}

/** Rows in a month by which a group keeps its counts and shows that it lives, beside others that it writes anyway: as rare. */
export const groupRows = (everyMs: number): Usage => ({
  requests: 0,
  messages: 0,
  alarms: 0,
  rowsWritten: timesAMonth(everyMs),
  handlerSeconds: 0,
});
