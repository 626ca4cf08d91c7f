/**
 * A world small enough to be explored completely: two processes with one contender each (or two), one election, the object and
 * its storage. Immutable, so that it can fork at every step. Time goes in ticks; a timer or an alarm that is due may
 * come now or after any number of further ticks, and so may every frame.
 */
import type { SessionState } from "../../../client/session/state.ts";
import type { ClientMessage, ServerMessage } from "../../../shared/protocol/messages.ts";
import type { Packet } from "../../../testing/group/link.ts";
import type { Storage } from "../../../testing/group/storage.ts";
import type { Attachment } from "../../../worker/group/events.ts";
import type { ElectionState, GroupState } from "../../../worker/group/state.ts";

export interface SmallClient {
  readonly state: SessionState;
  /** Its current connection, by place. */
  readonly wire: number | null;
  /** The contender of each component that it runs, by number; they only grow. */
  readonly contenders: { readonly [component: string]: number };
  /** Contenders whose `onRevoke` runs. */
  readonly drains: readonly Drain[];
  /** Until when each term was promised by a grant or an answer, by its own clock. */
  readonly leases: { readonly [leaderSessionId: string]: number };
  /** What it has stated on its connection since what was last answered. */
  readonly statements: readonly Stated[];
}

/** A statement, when it left by the clock of its process, and which terms it asked for. */
export interface Stated {
  readonly sentAt: number;
  readonly at: number;
  readonly held: readonly string[];
}

export interface Drain {
  readonly contender: number;
  readonly leaderSessionId: string;
  /** When its drain time is over, by its process's clock. */
  readonly until: number;
}

/** A connection. Its server is the current object (`current`), a replaced one (`stale`), or gone. */
export interface Wire {
  readonly client: number;
  readonly attempt: number;
  readonly up: readonly Packet<ClientMessage>[];
  readonly down: readonly Packet<ServerMessage>[];
  readonly clientOpen: boolean;
  readonly server: "none" | "current" | "stale";
  /** Lost: what is sent now goes nowhere. */
  readonly severed: boolean;
  readonly attachment: Attachment | null;
}

/** What an incarnation of the object has in memory. */
export interface SmallObject {
  readonly group: GroupState;
  /** When the platform calls, as far as it knows. */
  readonly alarmAt: number | null;
}

/** How often time may still pass and each fault may still happen. */
export interface Budget {
  readonly tickMs: number;
  readonly ticks: number;
  readonly losses: number;
  /** Losses that only the process notices, at once. */
  readonly cuts: number;
  readonly crashes: number;
  readonly replacements: number;
  readonly hibernations: number;
  readonly resigns: number;
  readonly revokes: number;
  /** A process that runs for x runs for y as well. */
  readonly contends: number;
  readonly closes: number;
  /** Closed, and contended for again in one go. */
  readonly rejoins: number;
}

export interface SmallState {
  readonly now: number;
  readonly clients: readonly SmallClient[];
  readonly wires: readonly Wire[];
  /** In memory; `null`: started when something needs it. */
  readonly current: SmallObject | null;
  /** Replaced, and not aware of it. */
  readonly stale: SmallObject | null;
  readonly storage: Storage;
  readonly nonces: number;
  /** The highest epoch that anybody has led by. */
  readonly ledEpoch: number;
  readonly ledBy: number;
  readonly budget: Budget;
}

export const START = 10_000_000;
/** The first process has the slowest clock that is promised to be safe. */
const RATES = [0.8, 1] as const;

/** Elapsed time on a process's own clock. */
export const localNow = ({ now }: SmallState, client: number): number => START + (now - START) * (RATES[client] ?? 1);

/**
 * Equal for states that can't be told apart: times are counted from now, ids are numbered in the order in which they
 * are met, and what nobody looks at within these few seconds is left out.
 */
export function canonical(state: SmallState): string {
  const { clients, current, stale, storage, ledEpoch, ledBy, now, budget } = state;
  const wires = state.wires.filter((wire) => !isFinished(wire));
  const parts = clients.map(({ state: session, wire, ...rest }, index) => {
    const link = wires.findIndex((other) => wire !== null && other === state.wires[wire]);
    const sent = wires.map(({ client, up }) => (client === index ? textOf(up, localNow(state, index)) : ""));
    return `${textOf(session, localNow(state, index))} ${link} ${textOf(rest, localNow(state, index))} ${sent}`;
  });
  for (const { client, attempt, clientOpen, server, severed, attachment, down } of wires) {
    const carried = attachment === null ? null : textOf(attachment, now);
    parts.push(`${client} ${attempt} ${clientOpen} ${server} ${severed} ${carried} ${textOf(down, now)}`);
  }
  for (const object of [current, stale]) {
    if (object !== null)
      parts.push(textOf(object, now, () => JSON.stringify([memoryOf(object.group), object.alarmAt])));
    parts.push("");
  }
  parts.push(textOf(storage, now, () => storage.text()));
  parts.push(
    `${storage.alarmAt === null ? "" : storage.alarmAt - now} ${ledEpoch - now} ${ledBy} ${Object.values(budget)}`,
  );
  return parts.join("\n").replaceAll(/n\d+(?:\.\d+)?/g, numbering());
}

/** Nothing of it can still matter. */
const isFinished = ({ clientOpen, server, up }: Wire): boolean => server === "none" && up.length === 0 && !clientOpen;

/** All that of the group is not stored. */
const memoryOf = ({ elections, connections, sessions }: GroupState): unknown => [
  [...elections.values()].map(({ state, acceptedEpoch, deadline }) => [termOf(state), acceptedEpoch, deadline]),
  [...connections.values()].map(({ id, sessionId, statement, askedAt }) => [id, sessionId, statement, askedAt]),
  [...sessions.values()].map(({ mute, busy }) => [mute, busy]),
];

/** When an untaken term began still matters. */
const termOf = (state: ElectionState): unknown =>
  state.type === "vacant" ? null : [state.leaseUntil, state.acceptedAt === null ? state.grantedAt : null];

/** For the history, or compared with nothing that could happen so soon. */
const UNSEEN = /"(?:grantedAt|acceptedAt|endedAt|seenAt|confirmedAt|connectedAt|revision|checkAt)":[\d.]+,?/g;

const texts = new WeakMap<object, { readonly now: number; readonly text: string }>();

/** As text, with every time counted from now: a number this large is a time, or an epoch that was one. */
function textOf(part: object, now: number, write = () => JSON.stringify(part)): string {
  const known = texts.get(part);
  if (known?.now === now) return known.text;
  const text = write()
    .replaceAll(UNSEEN, "")
    .replaceAll(/\d{8,}(?:\.\d+)?/g, (digits) => String(Math.round(Number(digits) - now)));
  texts.set(part, { now, text });
  return text;
}

function numbering(): (id: string) => string {
  const known = new Map<string, string>();
  return (id) => {
    const name = known.get(id) ?? `#${known.size}`;
    known.set(id, name);
    return name;
  };
}
