/** The committed results of `npm run beside` as tables of a page, and as single numbers. */
import { table } from "./bench-tables.ts";

interface Leader {
  readonly lost: number;
  readonly blips: number;
  readonly worstMs: number;
  readonly leastLeftMs: number;
}

interface Beside {
  readonly abuse: string;
  readonly name: string;
  readonly seconds: number;
  readonly load: number;
  readonly sent: { readonly frames: number; readonly requests: number; readonly sockets: number };
  readonly cpuPercent: number;
  readonly cpuMsEach: number | null;
  readonly rows: number;
  readonly leaders: Readonly<Record<"abused" | "neighbour", Leader>>;
  readonly newcomers: { readonly came: number; readonly refused: number; readonly medianMs: number | null };
  readonly memoryMb: { readonly before: number; readonly peak: number; readonly after: number };
}

const HEAD = [
  "what the attacker does",
  "sent",
  "each",
  "leader in the group, D = 10 s: longest renewal; left",
  "leader of another group, D = 2 s: longest renewal; left",
  "terms lost",
  "a newcomer waits",
] as const;

/** @param key `beside`, or `beside before` for those of an earlier commit */
export function besideResults(key: string, results: readonly Beside[]): [string, string][] {
  if (results.length === 0) return [];
  return [
    [`${key} table`, table(HEAD, results.map(cells))],
    ...results.flatMap((result): [string, string][] => [
      [`${key} ${result.abuse} each`, each(result)],
      [`${key} ${result.abuse} cpu`, `${result.cpuPercent} %`],
      [`${key} ${result.abuse} rows`, result.rows.toLocaleString("en")],
      [`${key} ${result.abuse} worst`, ms(result.leaders.neighbour.worstMs)],
      [`${key} ${result.abuse} lost`, lostOf(result)],
    ]),
  ];
}

const cells = (result: Beside): string[] => [
  result.name,
  sentOf(result),
  each(result),
  renewals(result.leaders.abused),
  renewals(result.leaders.neighbour),
  lostOf(result),
  newcomers(result),
];

function sentOf({ sent }: Beside): string {
  const parts = (["sockets", "frames", "requests"] as const).filter((kind) => sent[kind] > 0);
  return parts
    .map((kind) => `${sent[kind].toLocaleString("en")} ${sent[kind] === 1 ? kind.slice(0, -1) : kind}`)
    .join(", ");
}

const each = ({ cpuMsEach }: Beside): string => (cpuMsEach === null ? "" : `${cpuMsEach} ms`);

const ms = (value: number): string => (value >= 1_000 ? `${(value / 1_000).toFixed(2)} s` : `${value} ms`);

const renewals = ({ worstMs, leastLeftMs }: Leader): string => `${ms(worstMs)}; ${ms(leastLeftMs)}`;

const lostOf = ({ leaders: { abused, neighbour } }: Beside): string =>
  abused.lost + neighbour.lost === 0 ? "0" : `${abused.lost} and ${neighbour.lost}`;

function newcomers({ newcomers: { came, refused, medianMs } }: Beside): string {
  const waits = medianMs === null ? "" : ms(medianMs);
  return refused === 0 ? waits : `${waits}; ${refused} of ${came} refused`;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** The results of a file of them; none where there is no such file. */
export const besideIn = (file: unknown): readonly Beside[] =>
  isRecord(file) && Array.isArray(file["results"]) ? file["results"] : [];
