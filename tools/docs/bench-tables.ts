/** The committed result of the bench as tables of a page: its rows, the peers, and the monthly costs of a group. */

interface BenchRow {
  readonly row: string;
  readonly name: string;
  readonly unit: string;
  readonly n: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  readonly load: number;
  readonly ratio?: number;
  readonly reference?: { readonly name: string; readonly value: number };
  readonly target?: string;
  readonly verdict?: string;
  readonly note?: string;
}

/** The tables, by the words after `measured:`. */
export function benchTables(results: readonly unknown[]): [string, string][] {
  const rows = results.filter(isBenchRow);
  const peers = rows.filter(({ row }) => row.startsWith("peer-"));
  const costs = rows.filter(({ row }) => row.startsWith("cost-"));
  const plans = rows.filter(({ row }) => row.startsWith("plan-"));
  const others = rows.filter((row) => ![peers, costs, plans].some((some) => some.includes(row)));
  return [
    ["bench table of rows", table(ROW_HEAD, others.map(rowCells))],
    ["bench table of peers", table(PEER_HEAD, peers.map(peerCells))],
    ["bench table of costs", table(COST_HEAD, costs.map(costCells))],
    ["bench table of plans", table(PLAN_HEAD, plans.map(planCells))],
  ];
}

const ROW_HEAD = ["row", "p50; p99", "p50 against", "target"];

const rowCells = (row: BenchRow): string[] => [
  row.name,
  `${shown(row.p50)}; ${shown(row.p99)} ${row.unit}`,
  row.ratio === undefined || row.reference === undefined ? "" : `${row.ratio.toFixed(2)} × ${row.reference.name}`,
  targetOf(row),
];

/** Whether it was met stands beside it. */
const targetOf = ({ target, verdict }: BenchRow): string =>
  [target, verdict].filter((part) => part !== undefined).join(", ");

const PEER_HEAD = ["peer", "p50 of the peer; of ours", "ours is", "target"];

const peerCells = (row: BenchRow): string[] => [
  peerName(row),
  row.reference === undefined
    ? `${shown(row.p50)} ${row.unit}`
    : `${shown(row.p50)}; ${shown(row.reference.value)} ${row.unit}`,
  (row.note ?? "").replace(/^ours is (\w+), by a factor of (.+)$/, "$1, $2 ×"),
  targetOf(row),
];

const peerName = ({ name }: BenchRow): string => name.replace(/^hand-over, /, "");

const COST_HEAD = ["group", "$ a month", "target", "of which, and counted"];

const costCells = (row: BenchRow): string[] => [
  row.name.replace(/^cost: /, ""),
  row.p50.toFixed(3),
  targetOf(row),
  row.note ?? "",
];

const PLAN_HEAD = ["plan", "", ""];

const planCells = ({ name, p50, unit, note = "" }: BenchRow): string[] => [name, `${shown(p50)} ${unit}`, note];

const NUMBERS = ["n", "p50", "p95", "p99", "max", "load"];
const TEXTS = ["row", "name", "unit"];

function isBenchRow(value: unknown): value is BenchRow {
  if (typeof value !== "object" || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  const have = (names: readonly string[], type: string): boolean =>
    names.every((name) => typeof fields.get(name) === type);
  return have(NUMBERS, "number") && have(TEXTS, "string");
}

/** A number with three digits, or all digits of a large one. */
function shown(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(3)));
}

/** A table with blank lines around it, so that it is a block of its own between two marks. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => (row[column] ?? "").padEnd(width)).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  const [first = "", ...others] = cells.map(line);
  return `\n\n${[first, rule, ...others].join("\n")}\n\n`;
}
