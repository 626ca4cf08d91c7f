/**
 * The platform of one group in a test: its storage, its alarm, and one incarnation, made when something needs it.
 *
 * Entry of the room `testing/group`. `testing/` and the simulator import it; it imports `shared/`, the group core and its
 * host. It never reads a clock: the test has it.
 */
import type { RunCall } from "../../shared/protocol/runs.ts";
import type { EndedTerm, EventBody, Outcome } from "../../worker/group/events.ts";
import type { Policy, PolicyOptions } from "../../worker/group/policy.ts";
import type { GroupState } from "../../worker/group/state.ts";
import type { PollRequest } from "../../worker/host/host.ts";
import type { HostFailure, Turned } from "../../worker/host/port.ts";
import { groupCore } from "./core.ts";
import { Incarnation, type Platform } from "./incarnation.ts";
import type { Link } from "./link.ts";
import { Storage, type Write } from "./storage.ts";

export class Backend implements Platform {
  readonly core = groupCore;
  /** Oldest first. */
  readonly endedTerms: EndedTerm[] = [];
  readonly storage = new Storage();
  readonly #now: () => number;
  readonly #options: PolicyOptions;
  #current: Incarnation | null = null;
  #nonces = 0;

  constructor(options: PolicyOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
  }

  // The life of the object

  /** The group as it is now: everything that is due has been processed. */
  look(): GroupState {
    const object = this.#object();
    object.dispatch({ type: "tick" });
    return object.state;
  }

  dispatch(body: EventBody): void {
    this.#object().dispatch(body);
  }

  /** `null`: the object died before it could answer. */
  ask(event: (request: string) => EventBody): Promise<Outcome | null> {
    return new Promise((resolve) => this.#object().ask(event, resolve));
  }

  /** One call of a contender by RPC. `null`: the object died before it could answer. */
  poll(request: PollRequest): Promise<Outcome | null> {
    return new Promise((resolve) => this.#object().poll(request, resolve));
  }

  /** One call of the runner of a job. `null`: the object died before it could answer. */
  run(call: RunCall): Promise<Outcome | null> {
    return new Promise((resolve) => this.#object().run(call, resolve));
  }

  /** Delivers the first packet on its way up: an upgrade to the present object, a frame to the one that has the socket. */
  receive(link: Link): void {
    const packet = link.up.take();
    if (packet?.type === "open") this.#object().upgrade(link, this.#options);
    else if (packet !== undefined) link.server?.receive(link, packet);
  }

  /** The object dies together with its sockets; the next one loads what was stored. */
  restart(): void {
    const current = this.#current;
    this.#current = null;
    current?.die(true);
  }

  /**
   * The platform starts another object in its place. The old one does not know: it goes on talking to its sockets until
   * its first write, which ends it, and them.
   */
  replace(): void {
    this.#current = null;
    this.#object();
  }

  /** The object leaves memory; its sockets stay. Does nothing while a request is open. */
  hibernate(): void {
    if (this.#current?.busy === false) this.#current.hibernate();
  }

  #object(): Incarnation {
    if (this.#current !== null) return this.#current;
    const incarnation = new Incarnation(this, 0);
    this.#current = incarnation;
    incarnation.wake();
    incarnation.configure(this.#options);
    return incarnation;
  }

  // The alarm

  get dueAt(): number {
    return this.storage.alarmAt ?? Infinity;
  }

  act(): void {
    this.storage.alarmAt = null;
    this.#object().alarm();
  }

  // Platform

  trueNow(): number {
    return this.#now();
  }

  nonce(): string {
    this.#nonces += 1;
    return `n${this.#nonces}`;
  }

  policyOf(options: PolicyOptions): Policy {
    return this.core.createPolicy(options);
  }

  write(incarnation: Incarnation, write: Write): boolean {
    if (incarnation === this.#current) this.storage.write(write);
    else incarnation.die(true);
    return incarnation.alive;
  }

  turned(_incarnation: Incarnation, { rows }: Turned): void {
    for (const change of rows) if (change.table === "term") this.endedTerms.push(change.row);
  }

  failed(_failure: HostFailure, error: unknown): void {
    throw error;
  }
}
