/**
 * The counts and the state of a group's object as metrics. Most are totals of the group. Users choose the names of
 * elections, so only the first few elections have their own lines, in a single metric.
 */
import { CLOSE } from "../../shared/protocol/close-codes.ts";
import type { RunEnd } from "../../shared/protocol/runs.ts";
import { isHeld } from "../group/election.ts";
import type { RefusalCode } from "../group/facts.ts";
import type { Election, ElectionState, EndReason, GroupState } from "../group/state.ts";
import { type Counters, MARGIN_BOUNDS_MS } from "../host/counters.ts";
import { type Metric, number, type Sample } from "./prometheus.ts";

/** How many elections have their own line, in the order of their names: enough for a board, and bounded. */
const NAMED_ELECTIONS = 20;

const END_REASONS: Readonly<Record<EndReason, true>> = {
  resigned: true,
  closed: true,
  expired: true,
  lost: true,
  revoked: true,
  preempted: true,
  transferred: true,
};
const REFUSALS: Readonly<Record<RefusalCode, true>> = {
  duplicate_component: true,
  unknown_component: true,
  election_mismatch: true,
  not_leader: true,
  limit_exceeded: true,
  forbidden: true,
  superseded: true,
  unknown_session: true,
};
const RUN_ENDS: Readonly<Record<RunEnd, true>> = { completed: true, failed: true, died: true, skipped: true };
const STATES: Readonly<Record<ElectionState["type"], true>> = {
  vacant: true,
  leading: true,
  revoking: true,
};

const keysOf = <K extends string>(table: Readonly<Record<K, unknown>>): K[] => Object.keys(table) as K[];

/** `now`: the wall clock, for leaderless time that is still running. */
export const metricsOf = (state: GroupState, counters: Counters, now: number): Metric[] => [
  ...leadership(state, counters, now),
  ...sessions(state, counters),
  ...jobs(state, counters, now),
  ...work(counters),
];

const named = (type: Metric["type"], name: string, help: string, samples: readonly Sample[]): Metric => ({
  name: `edge_election_${name}`,
  type,
  help,
  samples,
});
const total = (name: string, help: string, value = 0): Metric => named("counter", `${name}_total`, help, [{ value }]);
const gauge = (name: string, help: string, value: number): Metric => named("gauge", name, help, [{ value }]);

function leadership(state: GroupState, counters: Counters, now: number): Metric[] {
  const elections = [...state.elections.values()];
  const leaderlessMs = elections.reduce((sum, election) => sum + leaderlessForMs(election, now), 0);
  return [
    total("asked", "Candidates that were asked whether they are there.", counters.get("asked")),
    total("asked_missed", "Candidates that did not answer that in time.", counters.get("asked_missed")),
    total("grants", "Leaderships that were granted.", counters.get("grants")),
    total("grants_refused", "Grants that were not taken.", counters.get("grants_refused")),
    total("terms_started", "Leaderships that were taken.", counters.get("terms_started")),
    named("counter", "terms_ended_total", "Leaderships that have ended, by reason.", endings(counters)),
    total("revokes", "Leaders that were ordered to stop.", counters.get("revokes")),
    total(
      "leaderless_seconds",
      "Time that elections with contenders had no leader, after their first one.",
      ((counters.get("leaderless_ms") ?? 0) + leaderlessMs) / 1_000,
    ),
    named("histogram", "renewal_margin_seconds", "Rest of a lease when it was renewed.", margins(counters)),
    named("gauge", "elections", "Elections with contenders, by state.", countsByState(elections)),
    named(
      "gauge",
      "leading",
      `Whether somebody leads the election; the first ${NAMED_ELECTIONS} by name.`,
      elections.slice(0, NAMED_ELECTIONS).map((election) => ({
        labels: { election: election.name },
        value: Number(election.state.type === "leading"),
      })),
    ),
    gauge("paused", "1 while the group is paused.", Number(state.paused)),
    gauge("epoch", "Highest epoch of the group.", state.epoch),
  ];
}

const endings = (counters: Counters): Sample[] =>
  keysOf(END_REASONS).map((reason) => ({ labels: { reason }, value: counters.get(`terms_ended ${reason}`) ?? 0 }));

function leaderlessForMs(election: Election, now: number): number {
  return isHeld(election) || election.endedAt === null ? 0 : Math.max(0, now - election.endedAt);
}

function margins(counters: Counters): Sample[] {
  let value = 0;
  const buckets = MARGIN_BOUNDS_MS.map((bound): Sample => {
    value += counters.get(`renewal_margin ${bound}`) ?? 0;
    return { suffix: "_bucket", labels: { le: number(bound / 1_000) }, value };
  });
  const sum = (counters.get("renewal_margin_ms") ?? 0) / 1_000;
  return [...buckets, { suffix: "_sum", value: sum }, { suffix: "_count", value }];
}

const countsByState = (elections: readonly Election[]): Sample[] =>
  keysOf(STATES).map((state) => ({
    labels: { state },
    value: elections.filter((election) => election.state.type === state).length,
  }));

/** One walk, which keeps nothing: a group may have thousands, and its isolate little memory. */
function countSessions({ sessions, connections }: GroupState) {
  const counts = { contenders: 0, observers: 0, lost: 0, polling: 0, sockets: 0 };
  for (const { contenders, watched, link } of sessions.values()) {
    counts.contenders += contenders.size;
    counts.observers += Number(watched.all || watched.names.length > 0);
    counts.lost += Number(link.type === "lost");
    counts.polling += Number(link.type === "polled");
  }
  for (const { polling } of connections.values()) counts.sockets += Number(polling === undefined);
  return counts;
}

function sessions(state: GroupState, counters: Counters): Metric[] {
  const { contenders, observers, lost, polling, sockets } = countSessions(state);
  const refusals = keysOf(REFUSALS).map((code) => ({ labels: { code }, value: counters.get(`refusals ${code}`) ?? 0 }));
  const own = Object.values(CLOSE).filter((code) => code >= CLOSE.protocolViolation);
  const hangUps = own.map((code) => ({ labels: { code: String(code) }, value: counters.get(`hang_ups ${code}`) ?? 0 }));
  return [
    gauge("sessions", "Sessions, lost ones included.", state.sessions.size),
    gauge("sessions_lost", "Sessions whose connection is lost, and that may resume.", lost),
    gauge("sessions_polling", "Sessions that call by RPC.", polling),
    gauge("sockets", "Open sockets.", sockets),
    gauge("contenders", "Components that run for leadership, over all sessions.", contenders),
    gauge("observers", "Sessions that watch leaders.", observers),
    total("sessions_joined", "Sessions that began.", counters.get("sessions_joined")),
    total("sessions_resumed", "Sessions that came back over a new connection.", counters.get("sessions_resumed")),
    total("sessions_lost", "Times that a session lost its connection.", counters.get("sessions_lost")),
    total(
      "sessions_left",
      "Sessions that have ended: by goodbye, or lost for too long.",
      counters.get("sessions_left"),
    ),
    named("counter", "refusals_total", "Requests and calls that were refused, by code.", refusals),
    named("counter", "hang_ups_total", "Sockets that the group closed for cause, by close code.", hangUps),
  ];
}

const jobs = ({ jobs }: GroupState, counters: Counters, now: number): Metric[] => [
  total("runs_started", "Runs of jobs that have begun.", counters.get("runs_started")),
  named(
    "counter",
    "runs_ended_total",
    "Runs of jobs that are over, by their end.",
    keysOf(RUN_ENDS).map((end) => ({ labels: { end }, value: counters.get(`runs_ended ${end}`) ?? 0 })),
  ),
  gauge("jobs", "Jobs that have ever run.", jobs.size),
  gauge("runs", "Jobs that run now.", [...jobs.values()].filter(({ run }) => (run?.leaseUntil ?? 0) > now).length),
];

const work = (counters: Counters): Metric[] => [
  total("wakes", "Times that the object was loaded: starts, ends of hibernation, restarts.", counters.get("wakes")),
  total("alarms", "Alarms handled.", counters.get("alarms")),
  total("upgrades", "Sockets accepted.", counters.get("upgrades")),
  total("frames_received", "Frames of clients.", counters.get("framesIn")),
  total("frames_sent", "Frames to clients.", counters.get("framesOut")),
  total("rows_written", "Rows written.", counters.get("rowsWritten")),
  total("commits", "Turns that wrote rows.", counters.get("commits")),
];
