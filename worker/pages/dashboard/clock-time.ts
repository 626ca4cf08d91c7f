/** Times of day in this browser's language and time zone. */
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const LONG_STEP_MS = 21_600_000;

const format = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat => new Intl.DateTimeFormat("en-GB", options);

const minutes = { hour: "2-digit", minute: "2-digit" } as const;
const seconds = { ...minutes, second: "2-digit" } as const;
const day = { day: "numeric", month: "short" } as const;

const FULL = format({ ...day, ...seconds });
const TIME = format(seconds);
const TICKS: readonly (readonly [fromStepMs: number, Intl.DateTimeFormat])[] = [
  [LONG_STEP_MS, format({ ...day, ...minutes })],
  [MINUTE_MS, format(minutes)],
  [SECOND_MS, TIME],
  [0, format({ ...seconds, fractionalSecondDigits: 2 })],
];

export const timeOfDay = (at: number): string => TIME.format(at);
export const dayAndTime = (at: number): string => FULL.format(at);
export const tickTime = (at: number, stepMs: number): string =>
  TICKS.find(([from]) => stepMs >= from)?.[1].format(at) ?? "";
