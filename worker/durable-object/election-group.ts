/**
 * The Durable Object of one process group: a thin shell around the group core. For every event it calls the core,
 * writes the changed rows in the same synchronous turn, moves the alarm, then executes the effects in order; the
 * output gate holds what leaves until the rows are durable. It decides nothing.
 */
import { DurableObject } from "cloudflare:workers";
import { clientMessageParser } from "../../shared/protocol/client-codec.ts";
import { encode } from "../../shared/protocol/codec.ts";
import type { ClientMessage, LeaderInformation } from "../../shared/protocol/messages.ts";
import { PING, PONG } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { GroupStatus } from "../../shared/protocol/status.ts";
import { unreachable } from "../../shared/unreachable.ts";
import type { PolledSession } from "../callers/service.ts";
import type { Effect, EventBody, Outcome, PollCall } from "../group/events.ts";
import { factsOf } from "../group/facts.ts";
import { history, type TermStatus } from "../group/history.ts";
import { createPolicy, type PolicyOptions } from "../group/policy.ts";
import { load, type RowChange, rowChanges } from "../group/rows.ts";
import type { Access, GroupState } from "../group/state.ts";
import { nextDeadline, transition } from "../group/transition.ts";
import { type FenceAnswer, type FenceQuestion, fence, groupStatus, leaderOf } from "../group/views.ts";
import { readFrame } from "../host/read-frame.ts";
import { type Tally, tallied, type Work, withWork } from "../host/tally.ts";
import { Waking } from "../host/waking.ts";
import { createDirectApp } from "../http/direct.ts";
import { logError, logFacts } from "../http/log.ts";
import { metricsOf } from "../http/metrics.ts";
import { prometheusText } from "../http/prometheus.ts";
import { type Bookmarks, platformBookmarks } from "./bookmarks.ts";
import { freshNonce, freshSecret, hashSecret } from "./secrets.ts";
import { closeSocket, Sockets } from "./sockets.ts";
import { Store } from "./store.ts";

/** Carries the deployment's policy with an upgrade; the object can't be reached from outside. */
export const POLICY_HEADER = "Edge-Election-Policy";

/** Carries what the peer of an upgrade may do. */
export const ACCESS_HEADER = "Edge-Election-Access";

const ALARM_RETRY_MS = 1_000;
/** The platform refuses dates after 2189. */
const LATEST_ALARM = Date.UTC(2189, 0, 1);

/** What an operator asks for with a `revoke`. */
export interface RevokeRequest {
  readonly election: ElectionName;
  readonly successor: string | null;
  readonly note: string | null;
}

/** A call as it comes in: secrets are hashed here. */
export interface PollRequest extends Omit<PollCall, "session" | "secret"> {
  readonly session?: PolledSession;
}

/** The Durable Object of one group. Export it from the Worker, and bind it as `ELECTIONS`; only the app talks to it. */
export class ElectionGroup extends DurableObject {
  readonly #store: Store;
  readonly #sockets: Sockets;
  readonly #waking: Waking;
  readonly #replies = new Map<string, (outcome: Outcome) => void>();
  #state: GroupState;
  #policyText: string;
  #restoring = false;
  /** Whether the stored policy is the one in force; it is written with the next rows, so that a look stores nothing. */
  #policyStored = true;
  #parse: (frame: unknown) => ClientMessage;
  readonly #direct = createDirectApp({
    name: this.ctx.id.name,
    upgrade: (request, access) => this.#upgrade(request, access),
    status: () => this.status(null),
    getLeader: (component) => this.getLeader(null, component),
  });
  /** When the platform will call `alarm`, as far as this incarnation knows. */
  #alarmAt: number | null = null;
  /** Since the group began, but for what the last incarnation did not store. */
  #tally: Tally;
  readonly #counters = { wakes: 1, upgrades: 0, framesIn: 0, framesOut: 0, alarms: 0 };

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
    this.#store = new Store(ctx.storage);
    this.#sockets = new Sockets(ctx);
    const failed = (error: unknown): void => this.#retry("start_failed", error);
    this.#waking = new Waking(this.#sockets, (event) => this.#dispatch(event), failed);
    const options = this.#store.policy();
    this.#policyText = JSON.stringify(options);
    this.#state = load(this.#store.load(), createPolicy(options));
    this.#tally = this.#store.tally;
    this.#parse = clientMessageParser(this.#state.policy.limits);
    // Before the first `await`: a socket whose close has woken the object is still found, with its exact leases.
    const attachments = this.#waking.findLeaders(this.#state);
    void ctx.blockConcurrencyWhile(async () => {
      // An alarm that lies in the past was lost with an earlier incarnation, or is about to come: setting it anew is safe.
      const alarmAt = await ctx.storage.getAlarm();
      this.#alarmAt = alarmAt !== null && alarmAt > Date.now() ? alarmAt : null;
      this.#dispatch({ type: "adopt", attachments });
    });
  }

  // Sockets

  /** The app's upgrades; without the app's headers it is a client that has a stub of this object. */
  override async fetch(request: Request): Promise<Response> {
    const access = request.headers.get(ACCESS_HEADER);
    if (access === null) return this.#direct.fetch(request);
    this.#configure(request.headers.get(POLICY_HEADER));
    return this.#upgrade(request, JSON.parse(access) as Access);
  }

  #upgrade(request: Request, access: Access): Response {
    this.#waking.start();
    const { 0: client, 1: server } = new WebSocketPair();
    const connection = freshNonce();
    this.#sockets.accept(server, { connection, connectedAt: Date.now(), sessionId: null, leases: [], access });
    this.#counters.upgrades += 1;
    this.#dispatch({ type: "connect", connection, access });
    const protocol = request.headers.get("Sec-WebSocket-Protocol");
    return new Response(null, {
      status: 101,
      webSocket: client,
      headers: protocol === null ? {} : { "Sec-WebSocket-Protocol": protocol },
    });
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    this.#counters.framesIn += 1;
    const connection = this.#waking.hear(socket);
    if (connection === null) return; // closed by this side, and its peer talks on: not worth reading
    const frame = readFrame(data, this.#state.policy.limits.messageBytes, this.#parse);
    this.#dispatch({ type: "frame", connection, frame, characters: typeof data === "string" ? data.length : 0 });
  }

  override webSocketClose(socket: WebSocket, code: number, reason: string): void {
    this.#lost(socket);
    closeSocket(socket, code, reason);
  }

  override webSocketError(socket: WebSocket): void {
    this.#lost(socket);
  }

  override alarm(): void {
    this.#alarmAt = null;
    this.#counters.alarms += 1;
    try {
      this.#waking.start();
      this.#dispatch({ type: "tick" });
    } catch (error) {
      this.#retry("alarm_failed", error);
    }
  }

  /** By an alarm of our own: one that fails too often is gone for good, and with it whoever waits for a deadline. */
  #retry(failure: "alarm_failed" | "start_failed", error: unknown): void {
    logError(failure, error);
    const at = Date.now() + ALARM_RETRY_MS;
    this.#setAlarm(Math.min(at, this.#alarmAt ?? at));
  }

  // Methods for the Worker. Settings that are `null` stay as they were given last.

  status(policy: PolicyOptions | null): GroupStatus {
    this.#look(policy);
    return groupStatus(this.#state, this.#name, Date.now());
  }

  getLeader(policy: PolicyOptions | null, component: string): LeaderInformation | null {
    this.#look(policy);
    return leaderOf(this.#state, component);
  }

  /** Backed by storage: an object that was replaced fails here instead of calling an old leadership current. */
  checkFence(policy: PolicyOptions | null, question: FenceQuestion): FenceAnswer {
    this.#look(policy);
    const election = this.#state.components.get(question.component)?.election ?? "process";
    this.#store.touchElection(election);
    return fence(this.#state, question, Date.now());
  }

  /** Newest first; the terms that run come before those that have ended. */
  history(policy: PolicyOptions | null, limit: number): TermStatus[] {
    this.#look(policy);
    return history(this.#state, this.#store.endedTerms(), limit);
  }

  /** One call of a contender by RPC, answered in the same turn. */
  async poll(policy: PolicyOptions | null, access: Access, { session, ...call }: PollRequest): Promise<Outcome> {
    this.#apply(policy);
    const claim = session && { ...session, presentedHash: hashSecret(session.secret) };
    const connection = freshNonce();
    return this.#ask((request) => ({
      type: "poll",
      request,
      connection,
      access,
      call: { ...call, ...(claim && { session: claim }), secret: freshSecret() },
    }));
  }

  /** Answers when the term has ended and, where somebody waits, the next one was accepted. */
  async revoke(policy: PolicyOptions | null, order: RevokeRequest): Promise<Outcome> {
    this.#apply(policy);
    return this.#ask((request) => ({ type: "revoke", request, ...order }));
  }

  setPaused(policy: PolicyOptions | null, paused: boolean): boolean {
    this.#assertNotRestoring();
    this.#apply(policy);
    this.#dispatch({ type: "pause", paused });
    return this.#state.paused;
  }

  async cleanup(policy: PolicyOptions | null, force: boolean): Promise<Outcome> {
    this.#apply(policy);
    return this.#ask((request) => ({ type: "cleanup", request, force }));
  }

  /**
   * Takes storage back to how it was at `at` (milliseconds since 1970): pauses the group, revokes everything, waits
   * until the last horizon is over, restores and restarts. Call `finishRestore` afterwards; until then records of that
   * time may be seen. Rejects before anything has changed where the platform has no point-in-time recovery.
   */
  async restore(policy: PolicyOptions | null, at: number): Promise<void> {
    const bookmarks = this.bookmarks();
    const bookmark = await bookmarks.find(at);
    this.#apply(policy);
    const outcome = await this.#ask((request) => ({ type: "restore", request }));
    if (outcome.type !== "restorable")
      throw new Error("the restore was cancelled: the group was opened, or restored anew");
    this.#restoring = true;
    try {
      await bookmarks.restore(bookmark);
    } finally {
      this.#restoring = false;
    }
  }

  /** Drops what was published before the restore, and opens the group. Idempotent. */
  finishRestore(policy: PolicyOptions | null): void {
    this.#assertNotRestoring();
    this.#apply(policy);
    this.#dispatch({ type: "finish-restore" });
  }

  /** Storage is on its way back: nothing may be offered before it is. */
  #assertNotRestoring(): void {
    if (this.#restoring) throw new Error("a restore is under way: try again when the group is back");
  }

  /** The platform's point-in-time recovery; tests put their own in its place. */
  protected bookmarks(): Bookmarks {
    return platformBookmarks(this.ctx);
  }

  metrics(policy: PolicyOptions | null): string {
    this.#look(policy);
    const now = Date.now();
    return prometheusText(metricsOf(this.#state, this.#fullTally(this.#tally), now), { group: this.#name });
  }

  /** What this incarnation has done. */
  counters(): Work {
    return { ...this.#counters, rowsWritten: this.#store.rowsWritten, commits: this.#store.commits };
  }

  #fullTally(tally: Tally): Tally {
    return withWork(tally, this.#store.tally, this.counters());
  }

  get #name(): string {
    return this.ctx.id.name ?? "";
  }

  // One turn

  #dispatch(body: EventBody): void {
    const before = this.#state;
    const now = Date.now();
    const { state, effects, touched } = transition(before, { ...body, now, nonce: freshNonce() });
    const facts = factsOf({ before, after: state, event: body.type, now, effects, touched });
    const tally = tallied(this.#tally, facts);
    this.#save(rowChanges(before, state, touched), tally, now);
    this.#state = state;
    this.#tally = tally;
    this.#moveAlarm(now);
    for (const effect of effects) this.#execute(effect);
    logFacts(facts, state.policy.logLevel, { group: this.#name, at: now });
  }

  #save(changes: readonly RowChange[], tally: Tally, now: number): void {
    if (changes.length === 0) return;
    this.#store.write(changes, () => this.#fullTally(tally), now);
    if (!this.#policyStored) this.#store.writeMeta("policy", JSON.parse(this.#policyText) as PolicyOptions);
    this.#policyStored = true;
  }

  /** Only ever to an earlier time: each move costs a row, and an alarm that comes early sets itself again. */
  #moveAlarm(now: number): void {
    const deadline = nextDeadline(this.#state);
    if (deadline === null) return;
    // One that is overdue may have run out of retries: its work is done by now, and it is set anew.
    if (this.#alarmAt !== null && this.#alarmAt > now && this.#alarmAt <= deadline) return;
    this.#setAlarm(deadline);
  }

  /** One that could not be set is set again after the next event. */
  #setAlarm(at: number): void {
    this.#alarmAt = at;
    this.ctx.storage.setAlarm(Math.min(at, LATEST_ALARM)).catch((error: unknown) => {
      logError("alarm_not_set", error);
      this.#alarmAt = null;
    });
  }

  #execute(effect: Effect): void {
    switch (effect.type) {
      case "send":
        return this.#send(effect.connection, encode(effect.message));
      case "broadcast": {
        const text = encode(effect.message);
        for (const connection of effect.connections) this.#send(connection, text);
        return;
      }
      case "close":
        return this.#sockets.close(effect.connection, effect.code, effect.reason);
      case "attach":
        return this.#sockets.attach(effect.attachment);
      case "reply": {
        this.#replies.get(effect.request)?.(effect.outcome);
        this.#replies.delete(effect.request);
        return;
      }
      default:
        return unreachable(effect);
    }
  }

  #send(connection: string, text: string): void {
    this.#counters.framesOut += 1;
    this.#sockets.send(connection, text);
  }

  #ask(event: (request: string) => EventBody): Promise<Outcome> {
    const request = freshNonce();
    return new Promise((resolve) => {
      this.#replies.set(request, resolve);
      this.#dispatch(event(request));
    });
  }

  /** Processes what time has brought, so that nothing is shown that is over. */
  #look(policy: PolicyOptions | null): void {
    this.#apply(policy);
    this.#dispatch({ type: "tick" });
  }

  /** `null`: as they are. */
  #apply(policy: PolicyOptions | null): void {
    this.#configure(policy === null ? null : JSON.stringify(policy));
  }

  /** Takes over the deployment's settings where they have changed; kept, since an alarm comes without them. */
  #configure(policyText: string | null): void {
    this.#waking.start();
    if (policyText === null || policyText === this.#policyText) return;
    const policy = createPolicy(JSON.parse(policyText) as PolicyOptions);
    this.#policyText = policyText;
    this.#policyStored = false;
    this.#parse = clientMessageParser(policy.limits);
    this.#dispatch({ type: "configure", policy });
  }

  #lost(socket: WebSocket): void {
    const connection = this.#waking.lose(socket);
    if (connection === null || !this.#sockets.forget(connection)) return;
    this.#dispatch({ type: "disconnect", connection });
  }
}
