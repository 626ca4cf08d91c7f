/**
 * The far end of a client: a group of one session, in memory. It answers by the protocol, and elects every process that asks
 * unless it is told not to.
 */
import { answerTimeoutFor, askTimeoutFor, DEFAULT_LEASE_MS, leaseFor } from "../../shared/lease.ts";
import { clientMessageParser } from "../../shared/protocol/client-codec.ts";
import { encode } from "../../shared/protocol/codec.ts";
import { DEFAULT_LIMITS } from "../../shared/protocol/limits.ts";
import {
  type ClientMessage,
  type ContenderInfo,
  type ErrorCode,
  type Hello,
  type LeaderChange,
  type LeaderInformation,
  PING,
  PONG,
  type Revoke,
  type ServerMessage,
  type Statement,
  type Welcome,
} from "../../shared/protocol/messages.ts";
import { type ElectionName, electionOf } from "../../shared/protocol/names.ts";
import { unreachable } from "../../shared/unreachable.ts";

const lease = leaseFor(DEFAULT_LEASE_MS);
export const welcome: Welcome = {
  type: "welcome",
  version: 1,
  sessionId: "S1",
  secret: "secret-1",
  resumed: false,
  sentAt: 0,
  held: [],
  lease,
  pingEveryMs: 25_000,
  answerTimeoutMs: answerTimeoutFor(lease),
  checkEveryMs: 300_000,
  askTimeoutMs: askTimeoutFor(lease),
  drainMs: 10_000,
  limits: DEFAULT_LIMITS,
};

const parseClientMessage = clientMessageParser(DEFAULT_LIMITS);

interface Term {
  readonly election: ElectionName;
  readonly leaderSessionId: string;
  readonly epoch: number;
}

export abstract class SoloGroup {
  /** Whether elections are granted. */
  electing = true;
  /** Components that may not stand. */
  readonly refused = new Set<string>();
  epoch = 0;
  /** `null`: an older one, which does not name itself. */
  deployment: string | null = "one";
  #contenders: readonly ContenderInfo[] = [];
  #terms = new Map<ElectionName, Term>();
  /** What it may grant by. */
  #statement: (Statement & { readonly readAt: number }) | null = null;
  #records = new Map<string, LeaderInformation>();
  #watching: Set<string> | true = new Set();
  #sessions = 0;

  /** From the next connection on, the group is that of another deployment: it knows no session. */
  becomes(deployment: string | null): void {
    this.deployment = deployment;
    this.#sessions += 1;
  }

  // For the transport

  /** Carries a frame to the client. */
  protected abstract deliver(frame: string): void;

  /** In milliseconds; a group without time goes by every statement for ever. */
  protected now(): number {
    return 0;
  }

  receive(frame: string): void {
    if (frame === PING) return this.deliver(PONG);
    const message = parseClientMessage(frame);
    if ("sentAt" in message && message.sentAt !== undefined) {
      const { sentAt, busy = [] } = message;
      this.#statement = { sentAt, busy, readAt: this.now() };
    }
    this.answer(message);
  }

  protected idOf(kind: "session" | "term", number: number): string {
    return `${kind === "session" ? "S" : "L"}${number}`;
  }

  say(message: ServerMessage): void {
    this.deliver(encode(message));
  }

  protected answer(message: ClientMessage): void {
    switch (message.type) {
      case "hello":
        return this.#greet(message);
      case "register":
        if (this.refused.has(message.component)) return this.#refuse(message.component);
        if (this.#knows(message.component)) return this.#error("duplicate_component", message.component);
        this.#contenders = [...this.#contenders, message];
        this.say({ type: "registered", component: message.component });
        return this.#present(message.component, message.election);
      case "deregister":
        return this.#deregister(message.component);
      case "renew":
        return this.#renew(message.sentAt, message.held);
      case "confirm":
        this.publish({
          component: message.component,
          leaderSessionId: message.leaderSessionId,
          epoch: this.epoch,
          address: message.address ?? "",
        });
        return this.say({
          type: "confirmed",
          id: message.id,
          component: message.component,
          leaderSessionId: message.leaderSessionId,
        });
      case "resign":
      case "release":
        if (message.sentAt === undefined) this.#statement = null;
        return this.#end(message.leaderSessionId);
      case "observe":
        this.#watch(message.components);
        return this.#snapshot();
      case "unobserve":
      case "priority":
      case "bye":
        return;
      default:
        return unreachable(message);
    }
  }

  #greet({ sentAt, contenders = [], observe = [], resume, held = [] }: Hello): void {
    this.#contenders = contenders.filter(({ component }) => !this.refused.has(component));
    this.#watch(observe);
    const resumed = resume?.sessionId === this.idOf("session", this.#sessions);
    if (!resumed) this.#sessions += 1;
    const kept = [...this.#terms.values()].filter((term) => resumed && held.includes(term.leaderSessionId));
    if (resumed) this.#terms = new Map(kept.map((term) => [term.election, term]));
    else this.#terms.clear();
    this.say({
      ...welcome,
      sessionId: this.idOf("session", this.#sessions),
      resumed,
      sentAt,
      held: kept.map((term) => term.leaderSessionId),
      ...(this.deployment !== null && { deployment: this.deployment }),
    });
    for (const { component } of contenders) if (this.refused.has(component)) this.#refuse(component);
    for (const term of kept) this.say({ type: "grant", ...term, components: this.#standingIn(term), joined: true });
    if (observe === true || observe.length > 0) this.#snapshot();
    this.elect();
  }

  #present(component: string, kind: ContenderInfo["election"]): void {
    const election = electionOf(component, kind);
    const term = this.#terms.get(election);
    if (!term) return this.elect();
    this.say({ type: "grant", ...term, components: [component], joined: true });
  }

  #deregister(component: string): void {
    if (this.#knows(component)) this.say({ type: "deregistered", component });
    else this.#error("unknown_component", component);
    this.#contenders = this.#contenders.filter((contender) => contender.component !== component);
    this.retract(component);
    for (const [election, { leaderSessionId }] of this.#terms) {
      if (!this.#contenders.some((contender) => electionOf(contender.component, contender.election) === election))
        this.#end(leaderSessionId);
    }
  }

  #renew(sentAt: number, held: readonly string[]): void {
    const ids = [...this.#terms.values()].map(({ leaderSessionId }) => leaderSessionId);
    this.say({ type: "renewed", sentAt, held: held.filter((id) => ids.includes(id)) });
    this.elect();
  }

  #end(leaderSessionId: string): void {
    for (const [election, term] of this.#terms)
      if (term.leaderSessionId === leaderSessionId) this.#terms.delete(election);
    for (const record of [...this.#records.values()])
      if (record.leaderSessionId === leaderSessionId) this.retract(record.component);
    this.elect();
  }

  /** Grants every election that is vacant, contended for and not busy: by a fresh statement, which it asks for if it has none. */
  elect(): void {
    if (!this.electing) return;
    const statement = this.#statement;
    const elections = new Set(this.#contenders.map(({ component, election }) => electionOf(component, election)));
    const vacant = [...elections].filter((name) => !this.#terms.has(name) && !statement?.busy?.includes(name));
    if (vacant.length === 0) return;
    if (statement === null || this.now() - statement.readAt >= lease.renewEveryMs)
      return this.say({ type: "next", inMs: 0 });
    for (const election of vacant) this.#grant(election, statement);
  }

  #grant(election: ElectionName, { sentAt }: Statement): void {
    this.epoch += 1;
    const term = { election, leaderSessionId: this.idOf("term", this.epoch), epoch: this.epoch };
    this.#terms.set(election, term);
    this.say({ type: "grant", ...term, components: this.#standingIn(term), joined: false, sentAt });
  }

  #standingIn({ election }: Term): string[] {
    const all = this.#contenders.filter((one) => electionOf(one.component, one.election) === election);
    return all.map(({ component }) => component);
  }

  revoke(reason: Revoke["reason"] = "revoked", election: ElectionName = "process"): void {
    const term = this.#terms.get(election);
    if (term) this.say({ type: "revoke", leaderSessionId: term.leaderSessionId, reason, drainMs: 10_000 });
  }

  // Leader information

  #watch(components: true | readonly string[]): void {
    if (components === true || this.#watching === true) this.#watching = true;
    else this.#watching = new Set([...this.#watching, ...components]);
  }

  #snapshot(): void {
    const leaders: LeaderChange[] =
      this.#watching === true
        ? [...this.#records.values()].map((leader) => ({ component: leader.component, leader }))
        : [...this.#watching].map((component) => ({ component, leader: this.#records.get(component) ?? null }));
    const all = this.#watching === true && { all: true };
    this.say({ type: "leaders", revision: 1, snapshot: true, ...all, leaders });
  }

  publish(leader: LeaderInformation): void {
    this.#records.set(leader.component, leader);
    this.#announce({ component: leader.component, leader });
  }

  retract(component: string): void {
    if (this.#records.delete(component)) this.#announce({ component, leader: null });
  }

  #announce(change: LeaderChange): void {
    if (this.#watching === true || this.#watching.has(change.component)) {
      this.say({ type: "leaders", revision: 2, snapshot: false, leaders: [change] });
    }
  }

  #refuse(component: string): void {
    this.#error("election_mismatch", component);
  }

  #knows(component: string): boolean {
    return this.#contenders.some((contender) => contender.component === component);
  }

  #error(code: ErrorCode, component: string): void {
    this.say({ type: "error", code, message: "of a group in memory", component });
  }
}
