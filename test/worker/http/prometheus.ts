/** A strict reader of the Prometheus text format, version 0.0.4: what it takes, every scraper takes. */

export interface Family {
  readonly type: string;
  readonly help: string;
  /** By the sample's name and labels, as in `name{a="b"}`; labels sorted. */
  readonly samples: ReadonlyMap<string, number>;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const HELP = new RegExp(`^# HELP (${NAME}) ((?:[^\\\\]|\\\\\\\\|\\\\n)+)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`);
const SAMPLE = new RegExp(`^(${NAME})\\{((?:[^"]|"(?:[^"\\\\]|\\\\.)*")*)\\} (\\S+)$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\\\|\\"|\\n)*)"(,|$)/y;

/** Throws for anything that a scraper might stumble over: order, names, escapes, values, repeated series, odd histograms. */
export function parsePrometheus(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith("\n")) throw new Error("the last line must end");
  const families = new Map<string, Family>();
  const lines = text.slice(0, -1).split("\n");
  while (lines.length > 0) {
    const help = take(lines, HELP);
    const type = take(lines, TYPE);
    const [, name = "", description = ""] = help;
    if (type[1] !== name || families.has(name)) throw new Error(`${name}: one HELP, one TYPE, in one place`);
    const suffixes = type[2] === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
    const samples = takeSamples(
      lines,
      suffixes.map((suffix) => name + suffix),
    );
    families.set(name, { type: type[2] ?? "", help: description, samples });
  }
  for (const [name, family] of families) check(name, family);
  return families;
}

function takeSamples(lines: string[], allowed: readonly string[]): Map<string, number> {
  const samples = new Map<string, number>();
  while (lines[0] !== undefined && !lines[0].startsWith("#")) {
    const [, sample = "", labels = "", value = ""] = take(lines, SAMPLE);
    if (!allowed.includes(sample)) throw new Error(`${sample} is not one of ${allowed.join(", ")}`);
    const key = `${sample}{${labelsOf(labels).join(",")}}`;
    if (samples.has(key)) throw new Error(`${key} comes twice`);
    samples.set(key, numberOf(value));
  }
  return samples;
}

function take(lines: string[], pattern: RegExp): RegExpExecArray {
  const line = lines.shift() ?? "";
  const match = pattern.exec(line);
  if (match === null) throw new Error(`not as the format wants it: ${line}`);
  return match;
}

function labelsOf(text: string): string[] {
  const labels: string[] = [];
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const at = LABEL.lastIndex;
    const match = LABEL.exec(text);
    if (match === null) throw new Error(`not a label: ${text.slice(at)}`);
    labels.push(`${match[1]}="${match[2]}"`);
  }
  return labels.sort();
}

function numberOf(text: string): number {
  const value = text === "+Inf" ? Infinity : Number(text);
  if (Number.isNaN(value) || text === "") throw new Error(`not a number: ${text}`);
  return value;
}

function check(name: string, { type, samples }: Family): void {
  if (samples.size === 0) throw new Error(`${name} has no samples`);
  if ((type === "counter") !== name.endsWith("_total")) throw new Error(`${name} is a ${type}: mind the suffix`);
  if (type !== "gauge") for (const value of samples.values()) if (!(value >= 0)) throw new Error(`${name} is negative`);
  if (type !== "histogram") return;
  const of = (suffix: string) => [...samples].filter(([key]) => key.startsWith(`${name}${suffix}{`));
  const buckets = of("_bucket").map(([key, value]) => ({ le: numberOf(/le="([^"]+)"/.exec(key)?.[1] ?? ""), value }));
  const last = buckets.at(-1);
  if (last?.le !== Infinity || last.value !== of("_count")[0]?.[1]) throw new Error(`${name}: +Inf must be its count`);
  if (of("_sum").length !== 1) throw new Error(`${name} has no sum`);
  buckets.reduce((before, bucket) => {
    if (bucket.le <= before.le || bucket.value < before.value) throw new Error(`${name}: buckets must grow`);
    return bucket;
  });
}
