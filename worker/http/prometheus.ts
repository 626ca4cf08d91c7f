/** The Prometheus text format, version 0.0.4. */

export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export type Labels = Readonly<Record<string, string>>;

/** One line; `suffix` is appended to the name of the metric. */
export interface Sample {
  readonly suffix?: "_bucket" | "_sum" | "_count";
  readonly labels?: Labels;
  readonly value: number;
}

export interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** `common`: labels of every line. A metric without samples is omitted. */
export function prometheusText(metrics: readonly Metric[], common: Labels): string {
  const lines = metrics
    .filter(({ samples }) => samples.length > 0)
    .flatMap(({ name, type, help, samples }) => [
      `# HELP ${name} ${escaped(help, /[\\\n]/g)}`,
      `# TYPE ${name} ${type}`,
      ...samples.map(
        ({ suffix = "", labels, value }) => `${name}${suffix}${block({ ...common, ...labels })} ${number(value)}`,
      ),
    ]);
  return lines.map((line) => `${line}\n`).join("");
}

/** Several texts as one. The format wants all lines of a metric beside each other. */
export function joinedText(texts: readonly string[]): string {
  const metrics = new Map<string, string>();
  for (const metric of texts.flatMap((text) => text.split(/^(?=# HELP )/m))) {
    const [help = "", type = "", ...samples] = metric.split(/(?<=\n)/);
    const head = help + type;
    if (head !== "") metrics.set(head, (metrics.get(head) ?? head) + samples.join(""));
  }
  return [...metrics.values()].join("");
}

const block = (labels: Labels): string =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value, /[\\\n"]/g)}"`)
    .join(",")}}`;

const escaped = (text: string, special: RegExp): string =>
  text.replace(special, (character) => (character === "\n" ? "\\n" : `\\${character}`));

export const number = (value: number): string => (value === Infinity ? "+Inf" : String(value));
