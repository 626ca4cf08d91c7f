/**
 * What groups cost in a month, from their counted work in a shorter time, and how many of them a plan has room for. Prices
 * and limits of the platform, November 2026.
 */

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
  /** At the level `info`. */
  readonly logLines: number;
}

const DAYS_A_MONTH = 30;
const MONTH_SECONDS = DAYS_A_MONTH * 24 * 3_600;
const MILLION = 1_000_000;
const DOLLARS_PER_MILLION = {
  requests: 0.15,
  rowsWritten: 1,
  gigabyteSeconds: 12.5,
  workerRequests: 0.3,
  logLines: 0.6,
} as const;
const MESSAGES_A_REQUEST = 20;
const GIGABYTES = 0.128;
/** Assumed: how long the object waits until a commit is safe in other places. Duration is billed by the clock on the wall. */
const COMMIT_SECONDS = 0.03;

type Price = keyof typeof DOLLARS_PER_MILLION;

/** The units that are billed. Each row counts as a commit of its own, and each request comes through the Worker. */
const billedOf = (usage: Usage): Record<Price, number> => ({
  requests: usage.requests + usage.alarms + usage.messages / MESSAGES_A_REQUEST,
  rowsWritten: usage.rowsWritten,
  gigabyteSeconds: (usage.handlerSeconds + usage.rowsWritten * COMMIT_SECONDS) * GIGABYTES,
  workerRequests: usage.requests,
  logLines: usage.logLines,
});

export interface Cost {
  /** Of the object and of the Worker. */
  readonly requests: number;
  readonly rowsWritten: number;
  readonly duration: number;
  readonly log: number;
  readonly total: number;
}

/** In dollars, beyond what a plan includes. Messages count as a twentieth of a request, alarms as a whole one. */
export function costOf(usage: Usage): Cost {
  const billed = billedOf(usage);
  const dollars = (price: Price): number => (billed[price] * DOLLARS_PER_MILLION[price]) / MILLION;
  const cost = {
    requests: dollars("requests") + dollars("workerRequests"),
    rowsWritten: dollars("rowsWritten"),
    duration: dollars("gigabyteSeconds"),
    log: dollars("logLines"),
  };
  return { ...cost, total: cost.requests + cost.rowsWritten + cost.duration + cost.log };
}

const DOLLARS_OF_PAID_PLAN = 5;
const INCLUDED_A_MONTH: Record<Price, number> = {
  requests: MILLION,
  rowsWritten: 50 * MILLION,
  gigabyteSeconds: 400_000,
  workerRequests: 10 * MILLION,
  logLines: 20 * MILLION,
};

/** In dollars: the paid plan, and what the groups use beyond it. `usage` is that of one of them in a month. */
export function paidPlan(usage: Usage, groups: number): number {
  const billed = billedOf(usage);
  const beyond = (price: Price): number => Math.max(0, billed[price] * groups - INCLUDED_A_MONTH[price]);
  return PRICES.reduce(
    (dollars, price) => dollars + (beyond(price) * DOLLARS_PER_MILLION[price]) / MILLION,
    DOLLARS_OF_PAID_PLAN,
  );
}

/** Above one of these the platform refuses until midnight UTC. */
const FREE_A_DAY: Record<Price, number> = {
  requests: 100_000,
  rowsWritten: 100_000,
  gigabyteSeconds: 13_000,
  workerRequests: 100_000,
  logLines: 200_000,
};

/** How many such groups the free plan has room for, and what runs out first. `usage` is that of one of them in a month. */
export function freePlan(usage: Usage): { readonly groups: number; readonly first: string } {
  const billed = billedOf(usage);
  const room = (price: Price): number => FREE_A_DAY[price] / (billed[price] / DAYS_A_MONTH);
  const first = PRICES.reduce((least, price) => (room(price) < room(least) ? price : least));
  return { groups: Math.floor(room(first)), first: UNITS[first] };
}

const UNITS: Record<Price, string> = {
  requests: "requests of objects",
  rowsWritten: "rows written",
  gigabyteSeconds: "duration",
  workerRequests: "requests of the Worker",
  logLines: "lines of the log",
};

const PRICES: readonly Price[] = ["requests", "rowsWritten", "gigabyteSeconds", "workerRequests", "logLines"];

/** Nothing was done. */
export const NO_USAGE: Usage = { requests: 0, messages: 0, alarms: 0, rowsWritten: 0, handlerSeconds: 0, logLines: 0 };

const FIELDS = ["requests", "messages", "alarms", "rowsWritten", "handlerSeconds", "logLines"] as const;

const combined = (value: (field: (typeof FIELDS)[number]) => number): Usage => ({
  ...NO_USAGE,
  ...Object.fromEntries(FIELDS.map((field) => [field, value(field)])),
});

export const times = (usage: Usage, factor: number): Usage => combined((field) => usage[field] * factor);

export const sum = (left: Usage, right: Usage): Usage => combined((field) => left[field] + right[field]);

/** The same work for a month. */
export const scaledToMonth = (usage: Usage, seconds: number): Usage => times(usage, MONTH_SECONDS / seconds);

/** The mean time between two signs of life of a client. */
export const SIGN_OF_LIFE_EVERY_MS = 300_000;

const timesAMonth = (everyMs: number): number => (MONTH_SECONDS * 1_000) / everyMs;

/** Signs of life of waiting sessions in a month, one message each: rarer than a short run can count. */
export function signsOfLife(waiting: number, secondsAMessage: number): Usage {
  const messages = waiting * timesAMonth(SIGN_OF_LIFE_EVERY_MS);
  return { ...NO_USAGE, messages, handlerSeconds: messages * secondsAMessage };
}

/** Rows in a month by which a group keeps its counts and shows that it lives, beside others that it writes anyway: as rare. */
export const groupRows = (everyMs: number): Usage => ({ ...NO_USAGE, rowsWritten: timesAMonth(everyMs) });

/** The platform replaces an object a few times a week, and so does a deployment. */
export const RESETS_A_MONTH = 20;
/** A session that is back writes one; what happens to elections meanwhile writes fewer than one a session. */
const LINES_A_SESSION = 2;

/** The returns of all sessions in a month, each counted as a first join of the whole group. */
export const resets = (join: Usage, sessions: number): Usage =>
  times({ ...join, logLines: sessions * LINES_A_SESSION }, RESETS_A_MONTH);
