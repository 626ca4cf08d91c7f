/**
 * The host alone, on a platform that keeps a journal of everything the host asks of it, and can be made to fail. It
 * promises no more than a real one: it goes on listing what the host has closed, for example.
 */

import { parseServerMessage } from "../../shared/protocol/server-codec.ts";
import type { GroupCore } from "../../testing/group/core.ts";
import { Storage } from "../../testing/group/storage.ts";
import { Peer } from "../../tools/harness/peer.ts";
import type { Attachment, FreshSecret, Outcome } from "../../worker/group/events.ts";
import type { Policy, PolicyOptions } from "../../worker/group/policy.ts";
import type { RowChange } from "../../worker/group/rows.ts";
import type { Access, GroupState } from "../../worker/group/state.ts";
import type { RawRow, ReadRows } from "../../worker/group/stored-rows.ts";
import type { Counters } from "../../worker/host/counters.ts";
import type { Host } from "../../worker/host/host.ts";
import type { Commit, HostFailure, HostPort, Turned } from "../../worker/host/port.ts";

/** The group that ships, or a mutant of it. */
export type HostCore = Pick<GroupCore, "Host" | "createPolicy" | "readRows">;

const START = 1_000_000;
/** D 10 s; a lease that a wake-up does not know exactly lasts until the horizon, and 1 s longer. */
export const LEASE_MS = 10_000;
/** D + W: the furthest that a horizon is ahead. */
export const REACH_MS = 40_000;

/** One process at the far end of a socket, and the socket. */
export class StagePeer extends Peer {
  readonly name: string;
  attachment: Attachment | null = null;
  /** Whether its socket can take no frames. */
  isBroken = false;
  /** When the platform last answered a ping of it. */
  answeredAt: number | null = null;

  constructor(name: string) {
    super();
    this.name = name;
    this.silent = true; // a script says what it answers
  }
}

export class HostStage implements HostPort<StagePeer> {
  readonly deployment = "d";
  readonly #core: HostCore;
  readonly storage = new Storage();
  #counters: Counters = new Map();
  #host: Host<StagePeer> | null = null;
  peers: StagePeer[] = [];
  /** What the host has asked of the platform, in its order. */
  journal: string[] = [];
  readonly failures: HostFailure[] = [];
  time = START;
  /** When the platform's alarm is due. */
  alarmAt: number | null = null;
  /** Tells the host that the alarm it has set last was not set. */
  refuseAlarm: () => void = () => undefined;
  readonly afterwards: (() => void)[] = [];
  #nonces = 0;

  constructor(core: HostCore) {
    this.#core = core;
    this.wake();
  }

  get host(): Host<StagePeer> {
    if (this.#host === null) throw new Error("the host asks before it is made");
    return this.#host;
  }

  get state(): GroupState {
    return this.host.state;
  }

  // Sentences

  /** The object is loaded anew; its sockets stay. */
  wake(): void {
    this.afterwards.splice(0);
    this.load();
    this.host.adopt(this.alarmAt);
  }

  /** The same, after its rows were damaged: `damage` sees each as text, and gives what has become of it. */
  wakeDamaged(damage: (row: string, key: string) => string | null): ReadRows {
    const { group, sessions, elections, records, jobs } = this.storage.load();
    const damaged = (key: string, row: object): RawRow[] => {
      const text = damage(JSON.stringify(row), key);
      return text === null ? [] : [{ key, row: text }];
    };
    const [groupRow] = group === null ? [] : damaged("", group);
    const raw = {
      ...(groupRow !== undefined && { group: groupRow }),
      sessions: sessions.flatMap((row) => damaged(row.id, row)),
      elections: elections.flatMap((row) => damaged(row.name, row)),
      records: records.flatMap((row) => damaged(row.leader.component, row)),
      jobs: jobs.flatMap((row) => damaged(row.name, row)),
      hasHistory: elections.some(({ endedAt }) => endedAt !== null),
    };
    const read = this.#core.readRows(raw, { now: this.time, reachMs: REACH_MS });
    const asStored = (table: "session" | "election", rows: readonly RawRow[]): RowChange[] =>
      rows.map(({ key, row }) => ({ table, key, row: JSON.parse(String(row)) }));
    const aside = read.unreadable.flatMap(({ table, key }): RowChange[] =>
      table === "session" || table === "election" ? [{ table, key, row: null }] : [],
    );
    const stored = [...asStored("session", raw.sessions), ...asStored("election", raw.elections)];
    this.storage.write({ rows: [...stored, ...aside, ...read.mended], settings: null, alarmAt: null });
    this.wake();
    return read;
  }

  /** The first of its phases alone. */
  load(): void {
    this.#host = null;
    const stored = { ...this.storage.stored(), counters: this.#counters };
    this.#host = new this.#core.Host<StagePeer>(this, stored);
  }

  connect(name: string, access: Access = { role: "contend" }): StagePeer {
    const peer = new StagePeer(name);
    peer.attach({ send: (frame) => this.host.receive(peer, frame), close: () => this.drop(peer) });
    this.host.connect(peer, access);
    return peer;
  }

  join(name: string, priority = 0): StagePeer {
    const peer = this.connect(name);
    peer.send({ type: "hello", sentAt: 1, contenders: [{ component: "x" }], process: { name }, priority });
    return peer;
  }

  renew(peer: StagePeer, sentAt = 1): void {
    peer.send({ type: "renew", sentAt, held: [peer.last("grant").leaderSessionId] });
  }

  /** A process that leads. */
  leader(name: string): StagePeer {
    const peer = this.join(name);
    this.renew(peer);
    return peer;
  }

  /** Its socket ends; the platform lists it no longer when it says so. */
  drop(peer: StagePeer): void {
    this.peers = this.peers.filter((other) => other !== peer);
    this.host.lose(peer);
  }

  look(): void {
    this.host.dispatch({ type: "tick" });
  }

  /** The platform's alarm comes. */
  ring(): void {
    this.alarmAt = null;
    this.host.alarm();
  }

  /** Does what the host has put off. */
  settle(): void {
    for (const run of this.afterwards.splice(0)) run();
  }

  ask(): { outcome: Outcome | null } {
    const call: { outcome: Outcome | null } = { outcome: null };
    const order = { election: "process", successor: null, note: null } as const;
    this.host.ask(
      (request) => ({ type: "revoke", request, ...order }),
      (outcome) => {
        if (call.outcome !== null) throw new Error("a call is answered twice");
        call.outcome = outcome;
      },
    );
    return call;
  }

  /** What `action` makes the host ask of the platform. */
  during(action: () => void): string[] {
    this.journal = [];
    action();
    return this.journal;
  }

  /** Who holds the process election, by name. */
  holder(): string | null {
    const state = this.state.elections.get("process")?.state;
    if (state === undefined || state.type === "vacant") return null;
    return this.state.sessions.get(state.sessionId)?.process.name ?? "nobody";
  }

  leaseUntil(): number | null {
    const state = this.state.elections.get("process")?.state;
    return state !== undefined && "leaseUntil" in state ? state.leaseUntil : null;
  }

  // The port

  /** Behind each entry stands how many sessions the host's state has: which state it has adopted by then. */
  #note(entry: string): void {
    this.journal.push(this.#host === null ? entry : `${entry} (${this.#host.state.sessions.size})`);
  }

  commit({ rows, settings, counters }: Commit): void {
    this.#note(settings === null ? "commit" : "commit with settings");
    this.storage.attempt("commit");
    this.storage.write({ rows, settings, alarmAt: null });
    this.#counters = counters();
  }

  purge(): void {
    this.#note("purge");
    this.storage.attempt("commit");
    this.storage.purge();
    this.alarmAt = null;
    this.#counters = new Map();
  }

  rowsWritten(): number {
    return 0;
  }

  setAlarm(at: number, failed: (error: unknown) => void): void {
    this.#note(`alarm in ${at - this.time}`);
    this.alarmAt = at;
    this.refuseAlarm = () => {
      this.alarmAt = null;
      failed(new Error("the alarm was not set"));
    };
  }

  now(): number {
    return this.time;
  }

  nonce(): string {
    this.#nonces += 1;
    return `n${this.#nonces}`;
  }

  freshSecret(): FreshSecret {
    const secret = this.nonce();
    return { secret, hash: this.hashSecret(secret) };
  }

  hashSecret(secret: string): string {
    return `#${secret}`;
  }

  later(run: () => void): void {
    this.afterwards.push(run);
  }

  createPolicy(options: PolicyOptions): Policy {
    return this.#core.createPolicy(options);
  }

  turned({ event }: Turned): void {
    this.#note(`turned ${event.type}`);
  }

  failed(failure: HostFailure): void {
    this.failures.push(failure);
  }

  listSockets(): readonly StagePeer[] {
    this.#note("list");
    this.storage.attempt("listing");
    return [...this.peers];
  }

  findSockets(connection: string): readonly StagePeer[] {
    const found = this.peers.filter(({ attachment }) => attachment?.connection === connection);
    this.#note(`find ${found.map(({ name }) => name).join()}`);
    return found;
  }

  attachmentOf({ attachment }: StagePeer): unknown {
    return JSON.parse(JSON.stringify(attachment));
  }

  answeredAt({ answeredAt }: StagePeer): number | null {
    return answeredAt;
  }

  accept(peer: StagePeer, attachment: Attachment): void {
    peer.attachment = attachment;
    this.peers.push(peer);
  }

  attach(peer: StagePeer, attachment: Attachment): void {
    this.#note(`attach ${peer.name}`);
    peer.attachment = attachment;
  }

  send(peer: StagePeer, text: string): void {
    const message = parseServerMessage(text);
    this.#note(`send ${peer.name} ${message.type}`);
    if (peer.isBroken) throw new Error("this socket takes nothing");
    peer.receive(text);
  }

  close(peer: StagePeer, code: number, reason: string): void {
    this.#note(`close ${peer.name}`);
    peer.end({ code, reason });
  }
}
