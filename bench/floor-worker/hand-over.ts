/**
 * The native floor of a hand-over: what a group of two sessions reads and writes in one, without anything that decides.
 * `resign` is one commit of four rows by one statement, two attachments and a `grant` to the other socket; the `renew`
 * after it is one attachment and a `renewed`. Everything is plain JSON, as long as the group's own.
 */

const SESSION = "mx175ccduudSnV2tSf3-V4TShBxjHw.1";
const CONNECTION = "mx175cbsfn7ahxfnoRS3WZL5-l5fYg";
const LEADERSHIP = "mx175gmfIxOX27J0fFg68Bj7kfU-gQ.1";
const TERMS = 1_000;

const session = (now: number): object => ({
  id: SESSION,
  secretHash: "mAniEa4lTgT9P-jEAiKNdO83a2CDtObwdE0duMi6Z6Y",
  link: { type: "connected", connection: CONNECTION },
  leaseMs: 600_000,
  contenders: [["a", { election: "process" }]],
  places: [["process", { order: now, demotedAt: now }]],
});

const election = (now: number): object => ({
  name: "process",
  state: {
    type: "leading",
    sessionId: SESSION,
    leaderSessionId: LEADERSHIP,
    epoch: now,
    grantedAt: now,
    confirmed: [],
    leaseMs: 600_000,
    horizon: now,
    horizonMs: 630_000,
  },
  acceptedEpoch: now,
  endedAt: now,
});

const group = (now: number): object => ({
  epoch: now,
  revision: 0,
  holdOffUntil: 0,
  holdOffMs: 0,
  paused: false,
  seenAt: now,
  counters: {
    sessions_joined: 2,
    grants: 474,
    terms_started: 473,
    leaderless_ms: 1_011,
    "terms_ended resigned": 473,
    wakes: 1,
    upgrades: 2,
    framesIn: 948,
    framesOut: 948,
    commits: 474,
    alarms: 0,
    rowsWritten: 1_898,
  },
  countersStoredAt: now,
});

const term = (now: number): object => ({
  election: "process",
  epoch: now,
  leaderSessionId: LEADERSHIP,
  sessionId: SESSION,
  process: null,
  grantedAt: now,
  acceptedAt: now,
  confirmed: [],
  endedAt: now,
  reason: "resigned",
  note: null,
  gapMs: 5,
});

const attachment = (now: number, leases: readonly (readonly [string, number])[]): object => ({
  connection: CONNECTION,
  connectedAt: now,
  sessionId: SESSION,
  leases,
  access: { role: "admin" },
  statement: { sentAt: 1, readAt: now },
});

interface Frame {
  readonly type: "resign" | "renew";
  readonly sentAt: number;
  readonly held?: readonly string[];
}

export class HandOvers {
  readonly #sql: SqlStorage;
  #ended = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec("CREATE TABLE IF NOT EXISTS stored (key TEXT PRIMARY KEY, sequence INTEGER, row TEXT) WITHOUT ROWID");
  }

  /** `from` has sent this, and `to` is the socket of the other session. */
  receive(from: WebSocket, to: WebSocket, data: string): void {
    const frame = JSON.parse(data) as Frame;
    const now = Date.now();
    if (frame.type === "resign") return this.#handOver(from, to, now);
    from.serializeAttachment(attachment(now, [[LEADERSHIP, now]]));
    from.send(JSON.stringify({ type: "renewed", sentAt: frame.sentAt, held: frame.held }));
  }

  #handOver(from: WebSocket, to: WebSocket, now: number): void {
    this.#ended += 1;
    this.#sql.exec(
      "INSERT OR REPLACE INTO stored VALUES (?, ?, ?), (?, ?, ?), (?, ?, ?), (?, ?, ?)",
      ...[`session/${SESSION}.${this.#ended % 2}`, null, JSON.stringify(session(now))],
      ...["election/process", null, JSON.stringify(election(now))],
      ...["group", null, JSON.stringify(group(now))],
      ...[`term/${this.#ended % TERMS}`, this.#ended, JSON.stringify(term(now))],
    );
    from.serializeAttachment(attachment(now, []));
    to.serializeAttachment(attachment(now, [[LEADERSHIP, now]]));
    const grant = { type: "grant", election: "process", leaderSessionId: LEADERSHIP, epoch: now };
    to.send(JSON.stringify({ ...grant, components: ["a"], joined: false, sentAt: 1 }));
  }
}
