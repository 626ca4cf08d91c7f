/** The history as lanes: one for each process, one bar for each term, and a lane for the times without a leader. */
import type { ElectionName } from "../../../../shared/protocol/names.ts";
import type { TermStatus } from "../../../index.ts";
import { type BarKind, kindOf, reasonLabel } from "./reasons.ts";
import type { TimeRange } from "./time-range.ts";
import { duration, electionTitle, processName, quoted } from "./words.ts";

export interface Span {
  readonly key: string;
  readonly from: number;
  readonly to: number;
}

export interface Bar extends Span {
  readonly kind: BarKind;
  readonly label: string;
  readonly details: string;
  /** Counted from 0. Bars of one lane that overlap in time have different tracks. */
  readonly track: number;
}

export interface Gap extends Span {
  readonly details: string;
  readonly track: number;
}

export interface Lane {
  readonly key: string;
  readonly name: string;
  readonly tracks: number;
  /** Newest first. */
  readonly bars: readonly Bar[];
}

export interface Timeline {
  /** The known time, with `now` at its end. */
  readonly bounds: TimeRange;
  /** The last leader comes first. */
  readonly lanes: readonly Lane[];
  readonly gaps: readonly Gap[];
  readonly gapTracks: number;
}

const SMALLEST_BOUNDS_MS = 10_000;
const MARGIN = 0.02;

/** `terms`: newest first, as in the history. `vacant`: elections that somebody led, and waits for now. Idle time is no gap. */
export function timelineOf(terms: readonly TermStatus[], vacant: readonly ElectionName[], now: number): Timeline {
  const gaps = tracked(gapsOf(terms, vacant, now));
  const byProcess = Map.groupBy(terms, laneKey);
  const lanes = [...byProcess].map(([key, own]) => laneOf(key, own, now));
  const first = Math.min(
    now - SMALLEST_BOUNDS_MS,
    ...terms.map(({ acceptedAt }) => acceptedAt),
    ...gaps.map(({ from }) => from),
  );
  return {
    bounds: { from: first - (now - first) * MARGIN, to: now + (now - first) * MARGIN },
    lanes,
    gaps,
    gapTracks: tracksOf(gaps),
  };
}

/** A process that comes back has the same lane, by its name. An unnamed process has a lane for each session. */
const laneKey = ({ process, sessionId }: TermStatus): string =>
  process === null ? `session ${sessionId}` : `process ${process}`;

function laneOf(key: string, terms: readonly TermStatus[], now: number): Lane {
  const bars = tracked(terms.map((term) => barOf(term, now)));
  const { process = null, sessionId = "" } = terms[0] ?? {};
  return { key, name: processName(process, sessionId), tracks: tracksOf(bars), bars };
}

function barOf(term: TermStatus, now: number): Omit<Bar, "track"> {
  const kind = kindOf(term);
  const from = term.acceptedAt;
  const to = term.endedAt ?? Math.max(now, from);
  const name = quoted(processName(term.process, term.sessionId));
  const led = term.endedAt === null ? "leads now" : `led for ${duration(to - from)}, ${reasonLabel(kind)}`;
  const note = term.note === null ? "" : ` (“${quoted(term.note)}”)`;
  return {
    key: term.leaderSessionId,
    from,
    to,
    kind,
    label: electionTitle(term.election),
    details: `${electionTitle(term.election)}, epoch ${term.epoch}: ${name} ${led}${note}`,
  };
}

function gapsOf(terms: readonly TermStatus[], vacant: readonly ElectionName[], now: number): Omit<Gap, "track">[] {
  const closed = terms.flatMap(({ election, leaderSessionId, acceptedAt, gapMs, idle }) =>
    idle || gapMs === null || gapMs <= 0
      ? []
      : [gap(`before ${leaderSessionId}`, election, acceptedAt - gapMs, acceptedAt, true)],
  );
  const open = vacant.flatMap((election) => {
    const endedAt = terms.find((term) => term.election === election)?.endedAt;
    return typeof endedAt === "number"
      ? [gap(`now ${election}`, election, endedAt, Math.max(now, endedAt), false)]
      : [];
  });
  return [...open, ...closed];
}

function gap(key: string, election: ElectionName, from: number, to: number, ended: boolean): Omit<Gap, "track"> {
  const led = ended ? `nobody led for ${duration(to - from)}` : "nobody leads";
  return { key, from, to, details: `${electionTitle(election)}: ${led}` };
}

/** Each span gets the first track that is free at its start. Keeps the order of the list. */
function tracked<T extends Span>(spans: readonly T[]): (T & { readonly track: number })[] {
  const ends: number[] = [];
  const tracks = new Map<string, number>();
  for (const { key, from, to } of spans.toSorted((left, right) => left.from - right.from)) {
    const free = ends.findIndex((end) => end <= from);
    const track = free === -1 ? ends.length : free;
    ends[track] = to;
    tracks.set(key, track);
  }
  return spans.map((span) => ({ ...span, track: tracks.get(span.key) ?? 0 }));
}

const tracksOf = (spans: readonly { readonly track: number }[]): number =>
  Math.max(1, ...spans.map(({ track }) => track + 1));
