/** A process without a socket: it asks, and its calls and their answers may be lost or late. */
import { expect } from "vitest";
import type { ContenderInfo } from "../../../shared/protocol/messages.ts";
import type { ElectionName } from "../../../shared/protocol/names.ts";
import type { EventBody, HeldLeadership, Outcome, PollAction, PollAnswer } from "../../../worker/group/events.ts";
import type { EpochLog } from "./judge.ts";

type Attempt = () => Outcome;

/** What a poller reaches of the world that it is in. */
export interface PollerWorld {
  readonly now: number;
  readonly replies: ReadonlyMap<string, Outcome>;
  readonly epochs: EpochLog;
  number(): number;
  apply(event: EventBody): unknown;
}

export class Poller {
  readonly world: PollerWorld;
  readonly name: string;
  contenders: readonly ContenderInfo[];
  readonly sessionIds = new Set<string>();
  /** What it believes to lead, and until when in true time. */
  readonly leases = new Map<string, { readonly election: ElectionName; readonly until: number }>();
  readonly #ended = new Set<string>();
  readonly #underWay: Attempt[] = [];
  #session: { readonly sessionId: string; readonly secret: string } | null = null;
  #attempt = 0;
  /** What its last call was answered. */
  answer: Outcome | null = null;

  constructor(world: PollerWorld, name: string, contenders: readonly ContenderInfo[]) {
    this.world = world;
    this.name = name;
    this.contenders = contenders;
  }

  get sessionId(): string {
    return this.#session?.sessionId ?? "";
  }

  /** A call whose answer arrives at once. Gives back the leaderships in the answer. */
  poll(action: PollAction = this.#campaign()): readonly HeldLeadership[] {
    const sentAt = this.world.now;
    const held = this.held();
    const outcome = this.#prepare(action)();
    this.answer = outcome;
    if (outcome.type === "polled") return this.#take(outcome, sentAt, action.type === "campaign" ? held : []);
    if (outcome.type === "refused" && outcome.code === "unknown_session") this.#forget();
    return [];
  }

  /** Asks, and leads: the only leadership in the answer. */
  lead(): HeldLeadership {
    const [leadership, ...others] = this.poll();
    if (leadership === undefined) throw new Error(`${this.name} leads nothing`);
    if (others.length > 0) throw new Error(`${this.name} leads ${1 + others.length} elections`);
    return leadership;
  }

  /** The leadership that it holds in this election. */
  holds(election: ElectionName): string {
    const [found] = [...this.leases].find(([, lease]) => lease.election === election) ?? [];
    if (found === undefined) throw new Error(`${this.name} does not lead ${election}`);
    return found;
  }

  /** A call that arrives, and whose answer never does. */
  pollInVain(action: PollAction = this.#campaign()): void {
    this.#prepare(action)();
  }

  /** A call that is given up before it has arrived. */
  pollLate(): void {
    this.#underWay.push(this.#prepare(this.#campaign()));
  }

  /** The oldest call that was given up arrives now; nobody waits for its answer. */
  arriveLate(): Outcome | undefined {
    return this.#underWay.shift()?.();
  }

  say(action: PollAction): Outcome | null {
    this.poll(action);
    return this.answer;
  }

  /** Has stopped, and reports it. */
  resign(): void {
    for (const leaderSessionId of this.held()) {
      this.end(leaderSessionId);
      this.say({ type: "resign", leaderSessionId });
    }
  }

  /** Has stopped, and leaves. */
  leave(): void {
    for (const leaderSessionId of this.leases.keys()) this.end(leaderSessionId);
    this.say({ type: "bye" });
    this.#forget();
  }

  end(leaderSessionId: string): void {
    this.leases.delete(leaderSessionId);
    this.#ended.add(leaderSessionId);
  }

  held(): string[] {
    for (const [leaderSessionId, { until }] of this.leases) if (until <= this.world.now) this.end(leaderSessionId);
    return [...this.leases.keys()];
  }

  #campaign(): PollAction {
    return { type: "campaign", contenders: this.contenders, held: this.held(), accept: true };
  }

  #prepare(action: PollAction): Attempt {
    this.#attempt += 1;
    const { world } = this;
    const secret = `secret-${world.number()}`;
    const session = this.#session && {
      sessionId: this.#session.sessionId,
      presentedHash: `#${this.#session.secret}`,
      attempt: this.#attempt,
    };
    const request = `call-${world.number()}`;
    const connection = `polling-${world.number()}`;
    const call = { action, secret: { secret, hash: `#${secret}` }, ...(session && { session }) };
    return () => {
      world.apply({ type: "poll", request, connection, call });
      const outcome = world.replies.get(request);
      if (outcome === undefined) throw new Error("a call was not answered in its own turn");
      return outcome;
    };
  }

  #take(answer: PollAnswer, sentAt: number, named: readonly string[]): readonly HeldLeadership[] {
    if (!answer.resumed) for (const leaderSessionId of [...this.leases.keys()]) this.end(leaderSessionId);
    this.sessionIds.add(answer.sessionId);
    this.#session = { sessionId: answer.sessionId, secret: answer.secret ?? this.#session?.secret ?? "" };
    const told = new Set(answer.leaderships.map(({ leaderSessionId }) => leaderSessionId));
    for (const leaderSessionId of named) if (!told.has(leaderSessionId)) this.end(leaderSessionId);
    for (const { leaderSessionId, election, epoch } of answer.leaderships) {
      expect(this.#ended.has(leaderSessionId), `${leaderSessionId} comes back`).toBe(false);
      this.world.epochs.see({ leaderSessionId, epoch });
      this.leases.set(leaderSessionId, { election, until: sentAt + answer.lease.renewDeadlineMs });
    }
    return answer.leaderships;
  }

  #forget(): void {
    for (const leaderSessionId of [...this.leases.keys()]) this.end(leaderSessionId);
    this.#session = null;
    this.#attempt = 0;
  }
}
