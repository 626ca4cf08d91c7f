/**
 * What each process may believe, computed from nothing but the frames that it sent and read (S1). An id counts as held from
 * the grant, until R after the statement that the grant names was sent, and from each answer to a request that named it,
 * until R after that request was sent, on the process's own clock. A grant counts for a component that has not left since
 * that statement (S7).
 */
import type {
  ClientMessage,
  Deregister,
  Grant,
  Refusal,
  Register,
  ServerMessage,
} from "../../../shared/protocol/messages.ts";
import { type ElectionName, electionOf } from "../../../shared/protocol/names.ts";

interface Request {
  readonly at: number;
  readonly ids: readonly string[];
}

/** `leavings`: how many components had left this connection by then. */
interface Statement {
  readonly at: number;
  readonly leavings: number;
}

export interface Claim {
  readonly election: ElectionName;
  readonly until: number;
}

export class Claims {
  readonly held = new Map<string, Claim>();
  /** For every term: until when it was promised. What drains inside of it still counts, for all that was sent since. */
  readonly #leases = new Map<string, number>();
  /** Nobody runs by them unless the group still lets a component join: one that was registered, and has no answer yet. */
  readonly #shelf = new Map<string, Claim>();
  /** Components that a grant has named. */
  readonly #named = new Set<string>();
  readonly #requests = new Map<number, Request>();
  readonly #terms = new Map<string, ElectionName>();
  readonly #said = new Set<string>();
  /** By the name on the wire. They belong to one connection. */
  readonly #statements = new Map<number, Statement>();
  /** The place of each component's last leaving among all leavings of the connection. */
  readonly #left = new Map<string, number>();
  #leavings = 0;
  #registered = new Map<string, ElectionName>();
  /** Unanswered, oldest first. */
  #asked: (Register | Deregister)[] = [];
  #renewDeadlineMs = 0;

  /** A frame leaves. What it gives up is given up before anybody can know. */
  sent(message: ClientMessage, now: number): void {
    switch (message.type) {
      case "hello": {
        const named = new Set(message.held);
        for (const id of this.#terms.keys()) if (!named.has(id)) this.#letGo(id);
        const infos = message.contenders ?? [];
        this.#registered = new Map(
          infos.map(({ component, election }) => [component, electionOf(component, election)]),
        );
        this.#asked = [];
        this.#statements.clear();
        this.#left.clear();
        this.#state(message.sentAt, now);
        this.#requests.set(message.sentAt, { at: now, ids: message.held ?? [] });
        return;
      }
      case "renew":
        this.#state(message.sentAt, now);
        this.#requests.set(message.sentAt, { at: now, ids: message.held });
        return;
      case "release":
      case "resign":
        this.#giveUp(message.leaderSessionId);
        if (message.sentAt !== undefined) this.#state(message.sentAt, now);
        return;
      case "bye":
        for (const id of this.#terms.keys()) this.#giveUp(id);
        return;
      case "register":
        this.#named.delete(message.component);
        this.#registered.set(message.component, electionOf(message.component, message.election));
        this.#asked.push(message);
        if (message.sentAt !== undefined) this.#state(message.sentAt, now);
        return;
      case "deregister":
        this.#asked.push(message);
        this.#leavings += 1;
        this.#left.set(message.component, this.#leavings);
        return this.#deregister(message.component);
      default:
    }
  }

  #state(sentAt: number, at: number): void {
    this.#statements.set(sentAt, { at, leavings: this.#leavings });
  }

  heard(message: ServerMessage, now: number): void {
    switch (message.type) {
      case "grant":
        return this.#granted(message, now);
      case "welcome":
        this.#renewDeadlineMs = message.lease.renewDeadlineMs;
        if (!message.resumed) this.held.clear();
        return this.#answered(message.sentAt, message.held, now);
      case "renewed":
        return this.#answered(message.sentAt, message.held, now);
      case "registered":
      case "deregistered":
        this.#answer(message.component);
        return;
      case "tried":
        this.#answer(message.component);
        return this.#forget(message.component);
      case "error":
        return this.#refused(message);
      default:
    }
  }

  /** The oldest question about the component has its answer. */
  #answer(component: string): Register | Deregister | undefined {
    const first = this.#asked.find((message) => message.component === component);
    this.#asked = this.#asked.filter((message) => message !== first);
    return first;
  }

  /** A refused component counts for nothing; what was sent about it since then is another matter. */
  #refused({ code, component, id }: Refusal): void {
    if (component === undefined || id !== undefined) return;
    const first = this.#asked.find((message) => message.component === component);
    if (code === "unknown_component") {
      // It answers a `deregister`, or a `priority` that left before the `register`.
      if (first?.type === "deregister") this.#answer(component);
      return;
    }
    if (first?.type === "register") this.#answer(component); // an answer to the hello comes before all others
    this.#forget(component);
  }

  #forget(component: string): void {
    if (!this.#asked.some((message) => message.component === component)) this.#registered.delete(component);
  }

  /** Until when the term was promised to the process, by its own clock. */
  leaseUntil(id: string): number {
    return this.#leases.get(id) ?? 0;
  }

  #answered(sentAt: number, held: readonly string[], now: number): void {
    const request = this.#requests.get(sentAt);
    this.#requests.delete(sentAt);
    if (request === undefined) return;
    const until = request.at + this.#renewDeadlineMs;
    for (const id of request.ids) {
      const election = this.#terms.get(id);
      const before = this.#leases.get(id) ?? Infinity; // what comes after the end of a lease revives nothing (S6)
      if (held.includes(id) && before > now) this.#leases.set(id, Math.max(until, this.leaseUntil(id)));
      if (!held.includes(id)) this.held.delete(id);
      else if (election !== undefined && !this.#said.has(id) && until > now) {
        const claims = this.#shelf.has(id) ? this.#shelf : this.held;
        claims.set(id, { election, until: Math.max(until, claims.get(id)?.until ?? 0) });
      }
    }
  }

  #giveUp(id: string): void {
    this.held.delete(id);
    this.#shelf.delete(id);
    this.#said.add(id);
  }

  #deregister(component: string): void {
    const election = this.#registered.get(component);
    this.#registered.delete(component);
    const others = [...this.#registered].filter(([, kind]) => kind === election).map(([other]) => other);
    if (election === undefined || others.some((other) => this.#named.has(other))) return;
    for (const [id, granted] of this.#terms) {
      if (granted !== election) continue;
      if (others.length === 0) this.#letGo(id);
      else this.#shelve(id);
    }
  }

  /** Those that have left meanwhile are not granted anything, nor are those that are back and not counted yet (S15). */
  #granted(grant: Grant, now: number): void {
    const isOpen = (component: string): boolean => this.#asked.some((message) => message.component === component);
    const present = grant.components.filter((component) => this.#registered.has(component) && !isOpen(component));
    for (const component of present) this.#named.add(component);
    if (!grant.joined) this.#begin(grant, present, now);
    else if (present.length > 0) this.#takeUp(grant.leaderSessionId);
  }

  /** The process may lead from here on, whether it does or not. The group counts on it until it is told otherwise. */
  #begin(grant: Grant & { readonly joined: false }, present: readonly string[], now: number): void {
    const { leaderSessionId: id, election, sentAt } = grant;
    const statement = this.#statements.get(sentAt);
    if (statement === undefined || this.#terms.has(id)) return;
    const until = statement.at + this.#renewDeadlineMs;
    const stays = present.some((component) => (this.#left.get(component) ?? 0) <= statement.leavings);
    if (!stays || until <= now) return;
    this.#terms.set(id, election);
    this.#leases.set(id, until);
    this.held.set(id, { election, until });
  }

  #shelve(id: string): void {
    const claim = this.held.get(id);
    if (claim === undefined) return;
    this.held.delete(id);
    this.#shelf.set(id, claim);
  }

  #takeUp(id: string): void {
    const claim = this.#shelf.get(id);
    if (claim === undefined) return;
    this.#shelf.delete(id);
    this.held.set(id, claim);
  }

  /** Held no longer, and not by the answers that are still to come. If that never reached the group, a resume may name it. */
  #letGo(id: string): void {
    this.held.delete(id);
    for (const [sentAt, { at, ids }] of this.#requests) {
      this.#requests.set(sentAt, { at, ids: ids.filter((other) => other !== id) });
    }
  }
}
