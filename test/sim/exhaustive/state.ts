/**
 * A world small enough to be explored completely: two or three processes with one contender each (or two), one election
 * or two, the object and its storage. Immutable, so that it can fork at every step. Time goes in ticks; a timer or an
 * alarm that is due may come now or after any number of further ticks, and so may every frame.
 */
import type { SessionState } from "../../../client/session/state.ts";
import type { ClientMessage, ServerMessage } from "../../../shared/protocol/messages.ts";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import type { Packet } from "../../../testing/group/link.ts";
import type { Attachment } from "../../../worker/group/events.ts";
import type { GroupState } from "../../../worker/group/state.ts";
import type { SmallStorage } from "./storage.ts";

export interface SmallClient {
  /** How fast its clock goes, by the host's. Processes of the same rate are alike. */
  readonly rate: number;
  readonly state: SessionState;
  /** The attempt of its current connection. */
  readonly attempt: number | null;
  /** The contender of each component that it runs, by number; they only grow. */
  readonly contenders: { readonly [component: string]: number };
  /** Contenders whose `onRevoke` runs. */
  readonly drains: readonly Drain[];
  /** Until when each term was promised by a grant or an answer, by its own clock. */
  readonly leases: { readonly [leaderSessionId: string]: number };
  /** What it has stated since what was last answered, on the connections that it listens to. */
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
  readonly election: ElectionName;
  readonly leaderSessionId: string;
  /** When its drain time is over, by its process's clock. */
  readonly until: number;
}

/** A connection. Its server is the current object (`current`), a replaced one (`stale`), or gone. */
export interface Wire {
  readonly client: number;
  /** Tells it from the others of its process. */
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

/** How often time may still pass, and each fault and each wish may still happen. */
export interface Budget {
  readonly ticks: number;
  readonly losses: number;
  /** Losses that only the process notices, at once. */
  readonly cuts: number;
  readonly crashes: number;
  readonly replacements: number;
  readonly hibernations: number;
  readonly resigns: number;
  readonly revokes: number;
  /** A process contends for one more component. */
  readonly contends: number;
  readonly closes: number;
  /** Closed, and contended for again in one go. */
  readonly rejoins: number;
  /** A process becomes ready, or stops being so, with all that it has. */
  readonly readies: number;
}

/** The highest epoch by which anybody has led an election, and who that was. */
export interface Led {
  readonly epoch: number;
  readonly by: number;
}

export interface SmallState {
  readonly now: number;
  readonly clients: readonly SmallClient[];
  /** By process, then by attempt; only those that can still matter. */
  readonly wires: readonly Wire[];
  /** In memory; `null`: started when something needs it. */
  readonly current: SmallObject | null;
  /** Replaced, and not aware of it. */
  readonly stale: SmallObject | null;
  readonly storage: SmallStorage;
  readonly nonces: number;
  readonly led: { readonly [election: string]: Led };
  readonly budget: Budget;
}

export const START = 10_000_000;

/** Elapsed time on a process's own clock. */
export const localNow = ({ now }: SmallState, { rate }: SmallClient): number => START + (now - START) * rate;
