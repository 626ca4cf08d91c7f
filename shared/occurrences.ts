/**
 * The order of a job's occurrences. Digits count as numbers, all else as text: so dates, counters, weeks and times since
 * 1970 come in their own order, and what was forgotten is known to be too old.
 */
export function compareOccurrences(left: string, right: string): number {
  const [mine, others] = [partsOf(left), partsOf(right)];
  for (let index = 0; index < Math.min(mine.length, others.length); index += 1) {
    const order = compareParts(mine[index] ?? "", others[index] ?? "");
    if (order !== 0) return order;
  }
  // `1` and `01` are two occurrences, and need an order, too.
  return mine.length - others.length || compareText(left, right);
}

const partsOf = (text: string): readonly string[] => text.match(/\d+|\D+/g) ?? [];

const isNumber = (part: string): boolean => /^\d/.test(part);

function compareParts(left: string, right: string): number {
  if (!isNumber(left) || !isNumber(right)) return compareText(left, right);
  const [mine, others] = [left, right].map((digits) => digits.replace(/^0+/, ""));
  return (mine?.length ?? 0) - (others?.length ?? 0) || compareText(mine ?? "", others ?? "");
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** The later of the two; `null` is before all. */
export const laterOf = (left: string | null, right: string | null): string | null => {
  if (left === null || right === null) return left ?? right;
  return compareOccurrences(left, right) < 0 ? right : left;
};
