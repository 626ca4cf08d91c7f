/** Dollars a month, from the counted work of groups of one real backend, side by side. */
import { readFile } from "node:fs/promises";
import type { LocalBackend } from "../../cli/backend/local-backend.ts";
import { DEFAULT_LEASE_MS, leaseFor } from "../../shared/lease.ts";
import { seededRandom } from "../../testing/random.ts";
import { metricsOf, withBackend } from "../backend.ts";
import { costOf, groupRows, scaledToMonth, signsOfLife, sum, type Usage } from "../cost.ts";
import { hangUp, joinCrowd, joinLeader } from "../crowd.ts";
import type { Measured, Row } from "../row.ts";
import { largestCrowd, pause } from "../sockets.ts";

const PROCESSES = 10;
const OBSERVERS = largestCrowd(10_000);
const WINDOW_MS = 120_000;
/** Horizons and alarms come about every 30 s: so many groups, begun one after the other in that time, show what one costs. */
const ALIKE = 8;
const SPREAD_MS = 30_000;
/** Renewals arrive as over the internet: up to this much later than they are sent. */
const JITTER_MS = 150;
const CONTENDS = { contenders: [{ component: "a" }] };
/** The counts as `worker/durable-object/store.ts` stores them. */
const COUNTS_EVERY_MS = 300_000;
/** Where somebody waits, the group's row is written as often as this, and has the counts in it: see `showLife` in `worker/group`. */
const SIGN_EVERY_MS = 270_000;
const TICKS_A_SECOND = 100;

type Scenario = "idle" | "uncontended" | "contended" | "observed";

interface Counted {
  readonly usage: Readonly<Record<Scenario, Usage>>;
  readonly seconds: number;
  readonly secondsAnEvent: number;
}

/** Counted once for all rows of a run. */
let counted: Promise<Counted> | undefined;

const count = (): Promise<Counted> =>
  withBackend({}, async (backend) => {
    const { url } = backend;
    using leaders = new Leaders();
    const lead = async (scenario: Scenario, index = 0): Promise<void> =>
      leaders.add(await joinLeader(url, groupOf(scenario, index), CONTENDS));
    await lead("observed");
    const crowd = [
      ...(await joinCrowd(url, groupOf("idle", 0), PROCESSES, { observe: true })),
      ...(await joinCrowd(url, groupOf("observed", 0), OBSERVERS - 2 * ALIKE * PROCESSES, { observe: true })),
    ];
    for (let index = 0; index < ALIKE; index += 1) {
      await lead("uncontended", index);
      await lead("contended", index);
      crowd.push(...(await joinCrowd(url, groupOf("contended", index), PROCESSES - 1, CONTENDS)));
      await pause(SPREAD_MS / ALIKE);
    }
    await pause(3 * DEFAULT_LEASE_MS); // until what joining has caused is over
    const usage = await during(backend);
    await leaders.assertLeading();
    hangUp(crowd);
    return usage;
  });

const groupOf = (scenario: Scenario, index: number): string => `${scenario}-${index}`;

/** Renews while the measurement runs. Nothing of it is left afterwards, even if the measurement fails. */
class Leaders implements Disposable {
  readonly #leaders: Leader[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #random = seededRandom(1);

  add(leader: Leader): void {
    const { peer, leaderSessionId } = leader;
    const renew = (): void => peer.send({ type: "renew", sentAt: peer.sentAt(), held: [leaderSessionId] });
    const beat = (): void => this.#after(this.#random() * JITTER_MS, renew);
    const timer = setInterval(beat, leaseFor(DEFAULT_LEASE_MS).renewEveryMs);
    this.#timers.add(timer);
    this.#leaders.push(leader);
  }

  #after(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
  }

  /** Throws if a leader was lost, since the costs of its group are wrong then. */
  async assertLeading(): Promise<void> {
    for (const { peer, leaderSessionId } of this.#leaders) {
      const held = await peer.renew(leaderSessionId);
      if (!held.includes(leaderSessionId)) throw new Error("a leader was lost while its group was counted");
    }
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer); // intervals, too
    hangUp(this.#leaders.map(({ peer }) => peer));
  }
}

type Leader = Awaited<ReturnType<typeof joinLeader>>;

async function during(backend: LocalBackend): Promise<Counted> {
  const [before, processorBefore, startedAt] = [
    await usageOf(backend),
    await processorSeconds(backend.pid),
    performance.now(),
  ];
  await pause(WINDOW_MS);
  const processor = (await processorSeconds(backend.pid)) - processorBefore;
  const after = await usageOf(backend);
  const seconds = (performance.now() - startedAt) / 1_000;
  const raw = mapped((name) => sum(after[name], negative(before[name])));
  const events = SCENARIOS.reduce((all, name) => all + raw[name].messages + raw[name].alarms, 0);
  const secondsAnEvent = processor / Math.max(1, events);
  const usage = mapped((name) => ({
    ...raw[name],
    handlerSeconds: (raw[name].messages + raw[name].alarms) * secondsAnEvent,
  }));
  return { usage, seconds, secondsAnEvent };
}

const SCENARIOS: readonly Scenario[] = ["idle", "uncontended", "contended", "observed"];

const mapped = <T>(value: (name: Scenario) => T): Record<Scenario, T> => ({
  idle: value("idle"),
  uncontended: value("uncontended"),
  contended: value("contended"),
  observed: value("observed"),
});

const negative = (usage: Usage): Usage => ({
  requests: -usage.requests,
  messages: -usage.messages,
  alarms: -usage.alarms,
  rowsWritten: -usage.rowsWritten,
  handlerSeconds: -usage.handlerSeconds,
});

async function usageOf({ url }: LocalBackend): Promise<Record<Scenario, Usage>> {
  const [idle, uncontended, contended, observed] = await Promise.all(SCENARIOS.map((name) => usageOfAll(url, name)));
  if (!idle || !uncontended || !contended || !observed) throw new Error("a group gave no metrics");
  return { idle, uncontended, contended, observed };
}

const isOneOfMany = (scenario: Scenario): boolean => scenario === "uncontended" || scenario === "contended";

async function usageOfAll(url: string, scenario: Scenario): Promise<Usage> {
  const count = isOneOfMany(scenario) ? ALIKE : 1;
  const usages = await Promise.all(
    Array.from({ length: count }, (_, index) => groupUsage(url, groupOf(scenario, index))),
  );
  return usages.reduce(sum);
}

/** Setting an alarm writes a row that the group does not count; each alarm that came was set once. */
async function groupUsage(url: string, group: string): Promise<Usage> {
  const metrics = await metricsOf(url, group);
  const read = (name: string): number => metrics.get(name) ?? 0;
  if (read("asked_missed_total") > 0)
    throw new Error(`somebody in ${group} was silent: its group costs less than it should`);
  const alarms = read("alarms_total");
  const rowsWritten = read("rows_written_total") + alarms;
  return {
    requests: read("upgrades_total"),
    messages: read("frames_received_total"),
    alarms,
    rowsWritten,
    handlerSeconds: 0,
  };
}

/** Processor time of the whole runtime, sockets included: more than the platform bills. Linux only; elsewhere 0. */
async function processorSeconds(pid: number): Promise<number> {
  const fields = await readFile(`/proc/${pid}/stat`, "utf8").then(
    (text) => text.slice(text.lastIndexOf(")") + 2).split(" "),
    () => [],
  );
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_A_SECOND;
}

async function costRow(name: Scenario, waiting: number): Promise<Measured> {
  counted ??= count();
  const { usage, seconds, secondsAnEvent } = await counted;
  const groups = isOneOfMany(name) ? ALIKE : 1;
  const steady = scaledToMonth(usage[name], seconds * groups);
  const rare = [signsOfLife(waiting, secondsAnEvent)];
  if (usage[name].rowsWritten > 0) rare.push(groupRows(waiting > 0 ? SIGN_EVERY_MS : COUNTS_EVERY_MS));
  const month = rare.reduce(sum, steady);
  const { requests, rowsWritten, duration, total } = costOf(month);
  const parts = [
    `requests ${requests.toFixed(3)}`,
    `rows ${rowsWritten.toFixed(3)}`,
    `duration ${duration.toFixed(3)}`,
  ];
  const { messages, alarms, rowsWritten: rows } = usage[name];
  const seen = `${groups === 1 ? "one group" : `${groups} groups`} in ${WINDOW_MS / 1_000} s: ${messages} messages, ${alarms} alarms, ${rows} rows with those of alarms`;
  return { samples: [total], note: `${parts.join(", ")}; ${seen}` };
}

const row = (name: Scenario, text: string, waiting: number, most?: number): Row => ({
  id: `cost-${name}`,
  name: `cost: ${text}`,
  unit: "$ a month",
  settings: `default lease, list prices beyond what a plan includes; no joins and no hand-overs; renewals arrive up to ${JITTER_MS} ms late`,
  ...(most !== undefined && { bounds: [{ of: "p50", most }] }),
  measure: () => costRow(name, waiting),
});

export const COST_ROWS: readonly Row[] = [
  row("idle", "10 observers, nobody contends", 0),
  row("uncontended", "a leader alone", 0, 0.12),
  row("contended", "10 processes", PROCESSES - 1, 0.25),
  row("observed", "a leader and 10,000 observers", 0),
];
