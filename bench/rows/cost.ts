/** Dollars a month, from the counted work of groups of one real backend, side by side. */
import { readFile } from "node:fs/promises";
import type { LocalBackend } from "../../cli/backend/local-backend.ts";
import { DEFAULT_LEASE_MS, leaseFor } from "../../shared/lease.ts";
import { PING } from "../../shared/protocol/messages.ts";
import { seededRandom } from "../../testing/random.ts";
import { metricsOf, withBackend } from "../backend.ts";
import {
  costOf,
  freePlan,
  groupRows,
  NO_USAGE,
  paidPlan,
  RESETS_A_MONTH,
  resets,
  scaledToMonth,
  signsOfLife,
  sum,
  times,
  type Usage,
} from "../cost.ts";
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
const PING_EVERY_MS = 25_000;

type Scenario = "idle" | "uncontended" | "contended" | "observed";

interface Counted {
  readonly usage: Readonly<Record<Scenario, Usage>>;
  /** Until everybody had joined, with what the groups have done meanwhile. */
  readonly joined: Readonly<Record<Scenario, Usage>>;
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
    using _pings = everyPing(() => {
      for (const { socket } of crowd) socket.send(PING);
    });
    await pause(3 * DEFAULT_LEASE_MS); // until what joining has caused is over
    const counts = await during(backend);
    await leaders.assertLeading();
    hangUp(crowd);
    return counts;
  });

/** As clients do, or the group takes them for gone. The platform answers, so the object does nothing. */
function everyPing(send: () => void): Disposable {
  send();
  const timer = setInterval(send, PING_EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

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
  const raw = mapped((name) => sum(after[name], times(before[name], -1)));
  const events = SCENARIOS.reduce((all, name) => all + raw[name].messages + raw[name].alarms, 0);
  const secondsAnEvent = processor / Math.max(1, events);
  const timed = (usage: Usage): Usage => ({
    ...usage,
    handlerSeconds: (usage.requests + usage.messages + usage.alarms) * secondsAnEvent,
  });
  return {
    usage: mapped((name) => timed(raw[name])),
    joined: mapped((name) => timed(before[name])),
    seconds,
    secondsAnEvent,
  };
}

const SCENARIOS: readonly Scenario[] = ["idle", "uncontended", "contended", "observed"];

const mapped = <T>(value: (name: Scenario) => T): Record<Scenario, T> => ({
  idle: value("idle"),
  uncontended: value("uncontended"),
  contended: value("contended"),
  observed: value("observed"),
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
  return {
    ...NO_USAGE,
    requests: read("upgrades_total"),
    messages: read("frames_received_total"),
    alarms,
    rowsWritten: read("rows_written_total") + alarms,
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

interface Month {
  readonly usage: Usage;
  /** What was counted, in words. */
  readonly counted: string;
}

/** What one group does in a month. */
async function monthOf(name: Scenario): Promise<Month> {
  counted ??= count();
  const { usage, joined, seconds, secondsAnEvent } = await counted;
  const groups = isOneOfMany(name) ? ALIKE : 1;
  const { waiting, sessions } = SESSIONS[name];
  const rare = [signsOfLife(waiting, secondsAnEvent), resets(times(joined[name], 1 / groups), sessions)];
  rare.push(groupRows(waiting > 0 ? SIGN_EVERY_MS : COUNTS_EVERY_MS));
  const { messages, alarms, rowsWritten } = usage[name];
  const seen = `${messages} messages, ${alarms} alarms, ${rowsWritten} rows with those of alarms`;
  return {
    usage: rare.reduce(sum, scaledToMonth(usage[name], seconds * groups)),
    counted: `${groups === 1 ? "one group" : `${groups} groups`} in ${WINDOW_MS / 1_000} s: ${seen}`,
  };
}

const SESSIONS: Record<Scenario, { readonly waiting: number; readonly sessions: number }> = {
  idle: { waiting: PROCESSES, sessions: PROCESSES },
  uncontended: { waiting: 0, sessions: 1 },
  contended: { waiting: PROCESSES - 1, sessions: PROCESSES },
  observed: { waiting: OBSERVERS, sessions: OBSERVERS },
};

async function costOfGroup(name: Scenario): Promise<Measured> {
  const { usage, counted } = await monthOf(name);
  const { requests, rowsWritten, duration, log, total } = costOf(usage);
  const parts = Object.entries({ requests, rows: rowsWritten, duration, log });
  const shown = parts.map(([part, dollars]) => `${part} ${dollars.toFixed(3)}`).join(", ");
  return { samples: [total], note: `${shown}; ${counted}` };
}

const SETTINGS = `default lease, list prices; no hand-overs; renewals arrive up to ${JITTER_MS} ms late; ${RESETS_A_MONTH} times a month everybody joins anew`;

const costRow = (name: Scenario, text: string, most?: number): Row => ({
  id: `cost-${name}`,
  name: `cost: ${text}`,
  unit: "$ a month",
  settings: SETTINGS,
  ...(most !== undefined && { bounds: [{ of: "p50", most }] }),
  measure: () => costOfGroup(name),
});

const MANY = 10_000;

const paidRow = (name: Scenario, text: string): Row => ({
  id: `plan-paid-${name}`,
  name: `paid plan: ${MANY.toLocaleString("en")} groups, in each ${text}`,
  unit: "$ a month",
  settings: SETTINGS,
  measure: async () => {
    const { usage } = await monthOf(name);
    return { samples: [paidPlan(usage, MANY)], note: "the plan itself, and what is used beyond it" };
  },
});

const freeRow = (name: Scenario, text: string): Row => ({
  id: `plan-free-${name}`,
  name: `free plan: room for groups, in each ${text}`,
  unit: "groups",
  settings: SETTINGS,
  measure: async () => {
    const { groups, first } = freePlan((await monthOf(name)).usage);
    return { samples: [groups], note: `${first} run out first; then nothing is stored until midnight UTC` };
  },
});

const ALONE = "a leader alone";
const CONTENDED = `${PROCESSES} processes`;

export const COST_ROWS: readonly Row[] = [
  costRow("idle", "10 observers, nobody contends"),
  costRow("uncontended", ALONE, 0.12),
  costRow("contended", CONTENDED, 0.25),
  costRow("observed", "a leader and 10,000 observers"),
  paidRow("uncontended", ALONE),
  paidRow("contended", CONTENDED),
  freeRow("uncontended", ALONE),
  freeRow("contended", CONTENDED),
];
