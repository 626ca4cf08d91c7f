/** One run of the bench: row after row, even if some of them fail. */
import { loadavg } from "node:os";
import { type FloorMedians, floorMedians, sampleFloor } from "./floor.ts";
import { HEAD, lineOf, type Report, type Unmeasured } from "./report.ts";
import { type Bench, type Result, type Row, Skipped } from "./row.ts";
import { elapsedSince } from "./sockets.ts";
import { boundsText, spreadOf, verdictOf } from "./verdict.ts";

/** The slowest rows take about two minutes. */
const PATIENCE_MS = 300_000;

export interface RunPorts {
  readonly print: (text: string) => void;
  /** Called after every row, so that an interrupted run keeps its results. */
  readonly save: (report: Report) => Promise<void>;
  readonly patienceMs?: number;
}

export class Run {
  readonly #bench: Bench;
  readonly #ports: RunPorts;
  readonly #startedAt = performance.now();
  readonly #results: Result[] = [];
  readonly #skipped: Unmeasured[] = [];
  readonly #failed: Unmeasured[] = [];
  #floor: FloorMedians | null = null;
  #row = "none";

  constructor(bench: Bench, ports: RunPorts) {
    this.#bench = bench;
    this.#ports = ports;
  }

  report(): Report {
    const seconds = secondsSince(this.#startedAt);
    return { floor: this.#floor, seconds, results: this.#results, skipped: this.#skipped, failed: this.#failed };
  }

  async measureFloor(): Promise<void> {
    await sampleFloor(this.#bench.floor); // warms up
    this.#floor = floorMedians([await sampleFloor(this.#bench.floor)]);
    const { echoMs, relayMs, upgradeMs } = this.#floor;
    const [echo, relay, upgrade] = [echoMs, relayMs, upgradeMs].map((ms) => ms.toFixed(2));
    const medians = `F0 echo ${echo} ms, F1 row and relay ${relay} ms, upgrade ${upgrade} ms`;
    this.#ports.print(`floor: ${medians} (and again beside each row)\n`);
  }

  async takeAll(rows: readonly Row[]): Promise<void> {
    this.#ports.print(HEAD);
    for (const row of rows) {
      await this.#take(row);
      await this.#ports.save(this.report());
    }
  }

  /** Takes an unhandled error: the present row has failed, and the others go on. */
  stray(error: unknown): void {
    this.#fail(this.#row, error);
  }

  async #take(row: Row): Promise<void> {
    this.#row = row.id;
    try {
      const { patienceMs = PATIENCE_MS } = this.#ports;
      const result = await this.#inTime(measure(row, this.#bench), row.patienceMs?.(this.#bench) ?? patienceMs);
      if (this.#failed.some(({ row: id }) => id === row.id)) return; // by a stray error: its numbers are invalid
      this.#results.push(result);
      this.#ports.print(lineOf(result));
    } catch (error) {
      if (!(error instanceof Skipped)) return this.#fail(row.id, error);
      this.#skipped.push({ row: row.id, why: error.message });
      this.#ports.print(`${row.name}: skipped, ${error.message}`);
    }
  }

  #fail(row: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#failed.push({ row, why });
    this.#ports.print(`${row}: FAILED, ${why}`);
  }

  async #inTime<T>(measured: Promise<T>, patienceMs: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done within ${patienceMs / 1_000} s`)), patienceMs);
    });
    try {
      return await Promise.race([measured, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

async function measure(row: Row, bench: Bench): Promise<Result> {
  const [load = 0] = loadavg();
  const startedAt = performance.now();
  const before = row.reference === undefined ? [] : [await sampleFloor(bench.floor)];
  const measured = await row.measure(bench);
  const reference = row.reference?.(floorMedians([...before, await sampleFloor(bench.floor)])) ?? measured.reference;
  const { id, name, unit, settings, bounds = [] } = row;
  const { note } = measured;
  const summary = spreadOf(measured.samples);
  const ratio = reference === undefined ? null : summary.p50 / reference.value;
  const verdict = verdictOf(bounds, summary, ratio);
  return {
    row: id,
    name,
    unit,
    ...summary,
    ...(settings !== undefined && { settings }),
    ...(note !== undefined && { note }),
    ...(reference !== undefined && ratio !== null && { reference, ratio }),
    ...(verdict !== null && { target: boundsText(bounds), verdict }),
    load,
    seconds: secondsSince(startedAt),
  };
}

const secondsSince = (startedAt: number): number => Math.round(elapsedSince(startedAt) / 100) / 10;
