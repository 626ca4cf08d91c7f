/** The result of `npm run league` as a table of a page. */
import { table } from "./bench-tables.ts";

interface Loss {
  /** Elections in which, in one round, updates were lost. */
  readonly elections: number;
  readonly updates: number;
}

/** One product under one fault. */
export interface LeagueResult {
  readonly product: string;
  readonly fault: string;
  /** Leaders that were struck. */
  readonly faults: number;
  readonly rounds: number;
  /** How often, and for how long at most, two members of one election ran and believed to lead at once. */
  readonly overlaps: { readonly count: number; readonly longestMs: number };
  readonly lostOpen: Loss;
  /** Absent if the product has no token. */
  readonly lostFenced?: Loss;
  /** `count`: leaders that another one followed. Negative times: it knew before. */
  readonly told: { readonly count: number; readonly p50Ms?: number; readonly maxMs?: number };
  readonly leaderlessMs: number;
  /** Elections without exactly one leader at the end of a round. */
  readonly unsettled: number;
  /** Load average of the last minute when the cell began. */
  readonly load: number;
  readonly seconds: number;
}

export interface League {
  readonly leaseMs: number;
  readonly seconds: number;
  readonly results: readonly LeagueResult[];
  /** Cells that do not apply, or could not be measured. */
  readonly omitted: readonly { readonly product: string; readonly fault: string; readonly why: string }[];
}

const HEAD = [
  "fault",
  "product",
  "struck",
  "two at once; longest",
  "updates lost",
  "with fencing",
  "succeeded",
  "the old leader knew: p50; latest",
  "nobody led: longest",
] as const;

export const leagueTable = (results: readonly LeagueResult[]): string => table(HEAD, results.map(cells));

const cells = (result: LeagueResult): string[] => [
  result.fault,
  result.product,
  String(result.faults),
  overlaps(result),
  loss(result.lostOpen),
  result.lostFenced === undefined ? "no token" : loss(result.lostFenced),
  String(result.told.count),
  told(result),
  `${span(result.leaderlessMs)}${result.unsettled === 0 ? "" : `; ${result.unsettled} open at the end`}`,
];

const overlaps = ({ overlaps: { count, longestMs } }: LeagueResult): string =>
  count === 0 ? "0" : `${count}; ${span(longestMs)}`;

const loss = ({ elections, updates }: Loss): string =>
  updates === 0 ? "0" : `${updates.toLocaleString("en")} in ${elections}`;

function told({ told: { p50Ms, maxMs } }: LeagueResult): string {
  if (p50Ms === undefined || maxMs === undefined) return "";
  return `${moment(p50Ms)}; ${moment(maxMs)}`;
}

const moment = (ms: number): string => (ms < 0 ? `${span(-ms)} before` : span(ms));

const span = (ms: number): string => (ms >= 1_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms)} ms`);

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** What a page can quote of a committed file of results; nothing where there is no such file. */
export function leagueResults(file: unknown): [string, string][] {
  if (!isRecord(file) || !Array.isArray(file["results"])) return [];
  const { results, seconds }: Pick<League, "results" | "seconds"> = {
    results: file["results"],
    seconds: Number(file["seconds"]),
  };
  const loads = results.map(({ load }) => load);
  return [
    ["league table", leagueTable(results)],
    ["league minutes", String(Math.ceil(seconds / 60))],
    ["league load", `${Math.min(...loads).toFixed(0)} to ${Math.max(...loads).toFixed(0)}`],
  ];
}
