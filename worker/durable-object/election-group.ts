/**
 * The Durable Object of one process group: the host on the platform. Events of the platform and calls of the Worker go to
 * the host, which takes their turns; this class adds nothing but what only the platform has.
 *
 * Entry of the room `worker/durable-object`. `worker/index.ts` may import it, `worker/http` and `worker/callers` its
 * types, and `worker/http` also what names a deployment. It imports `shared/`, the group core, its host and `worker/http`. It never decides anything.
 */
import { DurableObject } from "cloudflare:workers";
import { CLOSE, LOST } from "../../shared/protocol/close-codes.ts";
import type { LeaderInformation } from "../../shared/protocol/messages.ts";
import { PING, PONG } from "../../shared/protocol/messages.ts";
import type { ElectionName } from "../../shared/protocol/names.ts";
import type { JobStatus, RunCall } from "../../shared/protocol/runs.ts";
import type { ElectionStatus, GroupStatus, GroupSummary, RevokeOptions } from "../../shared/protocol/status.ts";
import type { Outcome } from "../group/events.ts";
import { history, type TermStatus } from "../group/history.ts";
import type { PolicyOptions } from "../group/policy.ts";
import { NewerSchema, newerSchemaIn } from "../group/schema.ts";
import type { Access, GroupState } from "../group/state.ts";
import {
  electionStatus,
  type FenceAnswer,
  type FenceQuestion,
  fence,
  type GroupIdentity,
  groupStatus,
  groupSummary,
  jobStatus,
  leaderOf,
  runOf,
} from "../group/views.ts";
import type { HostCounters } from "../host/counters.ts";
import { Endings } from "../host/endings.ts";
import { Host, type PollRequest } from "../host/host.ts";
import { createDirectApp } from "../http/direct.ts";
import { type PolicyEnv, policyIfReadable } from "../http/env-policy.ts";
import { type IndexEnv, indexIn } from "../http/index-binding.ts";
import { type Call, INTERFACE_HEADER, OtherInterface, otherInterfaceIn, understands } from "../http/interface.ts";
import { logError, logUnreadable } from "../http/log.ts";
import { metricsOf } from "../http/metrics.ts";
import { inWords } from "../http/misconfigured.ts";
import { tryLater } from "../http/overload.ts";
import type { PlaceEnv } from "../http/place.ts";
import { problem } from "../http/problem.ts";
import { prometheusText } from "../http/prometheus.ts";
import { ACCESS_HEADER, POLICY_HEADER } from "../http/upgrade.ts";
import { type Bookmarks, platformBookmarks } from "./bookmarks.ts";
import { IndexEntry } from "./index-entry.ts";
import { closeSocket, Platform } from "./platform.ts";
import { deploymentOf } from "./secrets.ts";
import { Store } from "./store.ts";

export type { PollRequest } from "../host/host.ts";

/** A row that could not be read. */
export interface QuarantinedRow {
  /** The key that it had, such as `election/process`. */
  readonly key: string;
  readonly row: string;
}

const refuseNewer = (request: Request, error: NewerSchema): Response =>
  tryLater(request, problem(503, "newer_schema", newerSchemaIn(error) ?? error.message));

/**
 * The Durable Object of one group. Export it from the Worker, and bind it as `ELECTIONS`. The app and `electionsOf` call its
 * methods, each with one object of named arguments; unknown names are ignored. `restore`, `finishRestore`, `quarantined` and
 * `counters` have no route: the Worker that mounts the groups calls them itself.
 */
export class ElectionGroup extends DurableObject {
  readonly #store: Store;
  readonly #entry: IndexEntry;
  /** `NewerSchema`: this version can serve nobody. */
  readonly #begun: Host<WebSocket> | NewerSchema;
  /** Settings for callers that bring none, of a group for which nobody has set any: the variables of the object's own Worker. */
  #ownSettings: PolicyOptions | undefined;
  readonly #endings = new Endings<WebSocket>({
    lose: (socket) => this.#begun instanceof Host && this.#begun.lose(socket),
    later: (run) => setTimeout(run, 0),
  });
  #restoring = false;
  /** Interfaces that were refused, and are in the log. */
  readonly #refused = new Set<number>();
  #direct: ReturnType<typeof createDirectApp> | undefined;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
    this.#store = this.#open(ctx.storage);
    this.#entry = new IndexEntry(this.#name, this.#store, () => this.groupIndex());
    const begun = this.#begin();
    this.#begun = begun;
    if (begun instanceof Host) void ctx.blockConcurrencyWhile(async () => begun.adopt(await ctx.storage.getAlarm()));
  }

  #open(storage: DurableObjectStorage): Store {
    try {
      return new Store(storage, (row) => logUnreadable(row, this.#name));
    } catch (error) {
      throw inWords(error);
    }
  }

  #begin(): Host<WebSocket> | NewerSchema {
    try {
      const platform = new Platform(this.ctx, this.#store, { group: this.#name, entry: this.#entry });
      const stored = this.#store.load(Date.now());
      if (stored.settings === null) this.#ownSettings = policyIfReadable(this.env as PolicyEnv);
      return new Host(platform, stored);
    } catch (error) {
      if (!(error instanceof NewerSchema)) throw error;
      logError("newer_schema", error, { group: this.#name });
      for (const socket of this.ctx.getWebSockets()) closeSocket(socket, CLOSE.tryLater, error.message);
      return error;
    }
  }

  /** Throws in an object that can serve nobody. */
  get #host(): Host<WebSocket> {
    if (this.#begun instanceof NewerSchema) throw this.#begun;
    return this.#begun;
  }

  // Events of the platform

  /**
   * Takes an upgrade that the app passes on. A request without the app's headers comes from a client with a stub of this
   * object.
   */
  override async fetch(request: Request): Promise<Response> {
    if (this.#begun instanceof NewerSchema) return refuseNewer(request, this.#begun);
    const access = request.headers.get(ACCESS_HEADER);
    if (access === null) return this.#directApp.fetch(request);
    const version = request.headers.get(INTERFACE_HEADER);
    if (version !== null) {
      const refusal = this.#refusalOf(Number(version));
      if (refusal !== null) {
        return tryLater(request, problem(503, "other_interface", otherInterfaceIn(refusal) ?? refusal.message));
      }
    }
    this.#ownSettings = undefined;
    this.#host.configure(request.headers.get(POLICY_HEADER));
    return this.#upgrade(request, JSON.parse(access) as Access);
  }

  /** Made when it is needed: few groups are reached without the app, and each wake-up makes an object anew. */
  get #directApp(): ReturnType<typeof createDirectApp> {
    this.#direct ??= createDirectApp({
      name: this.ctx.id.name,
      upgrade: (request, access) => {
        this.#configure({});
        return this.#upgrade(request, access);
      },
      status: (after) => this.status(after === null ? {} : { after }),
      getLeader: (component) => this.getLeader({ component }),
    });
    return this.#direct;
  }

  #upgrade(request: Request, access: Access): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.#host.connect(server, access);
    const protocol = request.headers.get("Sec-WebSocket-Protocol");
    return new Response(null, {
      status: 101,
      webSocket: client,
      headers: protocol === null ? {} : { "Sec-WebSocket-Protocol": protocol },
    });
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    if (this.#begun instanceof NewerSchema) return closeSocket(socket, CLOSE.tryLater, this.#begun.message);
    this.#host.receive(socket, data);
  }

  override webSocketClose(socket: WebSocket, code: number, reason: string): void {
    try {
      this.#endings.take(socket);
    } finally {
      // What was cut has nobody to answer, and to close it costs more than all the rest.
      if (code !== LOST) closeSocket(socket, code, reason);
    }
  }

  override webSocketError(socket: WebSocket): void {
    this.#endings.take(socket);
  }

  override alarm(): void {
    if (this.#begun instanceof Host) this.#begun.alarm();
  }

  // Calls of the Worker

  /** A page of elections: those after the name `after`; without it, the first ones. */
  status({ after, ...call }: Call & { readonly after?: ElectionName } = {}): GroupStatus {
    return groupStatus(this.#look(call), this.#identity, Date.now(), after ?? null);
  }

  /**
   * What an overview of many groups shows of this one. It is asked because the index lists this group: if nothing is stored
   * here, the index is told to remove it.
   */
  summary(call: Call = {}): GroupSummary {
    const state = this.#look(call);
    if (this.#store.isEmpty) this.#entry.purged();
    return groupSummary(state, this.#name, Date.now());
  }

  /** One election, with its candidates from index `from` on, counted from 0. */
  electionStatus({
    election,
    from = 0,
    ...call
  }: Call & { readonly election: ElectionName; readonly from?: number }): ElectionStatus {
    return electionStatus(this.#look(call), election, Date.now(), from);
  }

  getLeader({ component, ...call }: Call & { readonly component: string }): LeaderInformation | null {
    return leaderOf(this.#look(call), component);
  }

  /**
   * The answer that a leadership is current costs a row: an object that was replaced can't write it, and fails here instead of
   * calling an old leadership current.
   */
  checkFence({ question, ...call }: Call & { readonly question: FenceQuestion }): FenceAnswer {
    const state = this.#look(call);
    const answer = fence(state, question, Date.now());
    const { component } = question;
    const election = state.components.get(component)?.election ?? "process";
    const key = runOf(state, question) === null ? `election/${election}` : `job/${component}`;
    if (answer.current) this.#store.proveCurrent(key);
    return answer;
  }

  /** Newest first; the terms that run come before those that have ended. */
  history({ limit, ...call }: Call & { readonly limit: number }): TermStatus[] {
    return history(this.#look(call), this.#store.endedTerms(limit), limit);
  }

  /** One call of a contender by RPC, answered in the same turn. */
  async poll({
    access,
    request,
    ...call
  }: Call & { readonly access: Access; readonly request: PollRequest }): Promise<Outcome> {
    this.#configure(call);
    return new Promise((resolve) => this.#host.poll(access, request, resolve));
  }

  /** Begins, renews or ends a run of a job. Answered in the same turn. */
  async run({
    access,
    request,
    ...call
  }: Call & { readonly access: Access; readonly request: RunCall }): Promise<Outcome> {
    this.#configure(call);
    return new Promise((resolve) => this.#host.run(access, request, resolve));
  }

  /** What a job remembers; `null`: it has never run. */
  job({ job, ...call }: Call & { readonly job: string }): JobStatus | null {
    return jobStatus(this.#look(call), job, Date.now());
  }

  /**
   * Forgets what a job remembers, and gives up its run. From then on occurrences up to the latest that has begun are refused as
   * too old.
   */
  async forgetJob({ job, ...call }: Call & { readonly job: string }): Promise<Outcome> {
    this.#configure(call);
    return new Promise((resolve) => this.#host.ask((request) => ({ type: "forget-job", request, job }), resolve));
  }

  /**
   * Answers when the term and its drain are over. If somebody waits, it answers only when the next process leads, or has failed to take the
   * lead in time.
   */
  async revoke({
    election,
    successor,
    reason,
    ...call
  }: Call & RevokeOptions & { readonly election: ElectionName }): Promise<Outcome> {
    this.#configure(call);
    const order = { election, successor: successor ?? null, note: reason ?? null };
    return new Promise((resolve) => this.#host.ask((request) => ({ type: "revoke", request, ...order }), resolve));
  }

  setPaused({ paused, ...call }: Call & { readonly paused: boolean }): boolean {
    this.#assertNotRestoring();
    this.#configure(call);
    this.#host.dispatch({ type: "pause", paused });
    return this.#host.state.paused;
  }

  async cleanup({ force, ...call }: Call & { readonly force: boolean }): Promise<Outcome> {
    this.#configure(call);
    return new Promise((resolve) => this.#host.ask((request) => ({ type: "cleanup", request, force }), resolve));
  }

  /**
   * Deletes everything that the group has stored, its history and quarantined rows included, if nobody uses it: otherwise the
   * outcome is `in_use`, and nothing has changed. The next session or call finds a new group, whose epochs are higher.
   */
  async purge(call: Call = {}): Promise<Outcome> {
    this.#assertNotRestoring();
    this.#configure(call);
    return new Promise((resolve) => this.#host.ask((request) => ({ type: "purge", request }), resolve));
  }

  /**
   * Takes storage back to how it was at `at` (milliseconds since 1970): pauses the group, revokes everything, waits
   * until the last horizon is over, and restores. Resolves about a second before the object restarts. Then call
   * `finishRestore`, each time with a fresh stub, until it no longer rejects; until then observers may see records from the
   * time `at`. Rejects before anything has changed if the platform has no point-in-time recovery.
   */
  async restore({ at, ...call }: Call & { readonly at: number }): Promise<void> {
    const bookmarks = this.bookmarks();
    const bookmark = await bookmarks.find(at);
    this.#configure(call);
    const outcome = await new Promise<Outcome>((resolve) =>
      this.#host.ask((request) => ({ type: "restore", request }), resolve),
    );
    if (outcome.type !== "restorable")
      throw new Error("the restore was cancelled: the group was opened, or restored anew");
    this.#restoring = true;
    try {
      await bookmarks.restore(bookmark);
    } catch (error) {
      this.#restoring = false;
      throw error;
    }
  }

  /** Drops what was published before the restore, and opens the group. Idempotent. */
  finishRestore(call: Call = {}): void {
    this.#assertNotRestoring();
    this.#configure(call);
    this.#host.dispatch({ type: "finish-restore" });
  }

  /** Storage is on its way back: nothing may be granted before it is. */
  #assertNotRestoring(): void {
    if (this.#restoring) throw new Error("a restore is under way: try again when the group is back");
  }

  /** The platform's point-in-time recovery; tests replace it by their own. */
  protected bookmarks(): Bookmarks {
    return platformBookmarks(this.ctx);
  }

  /**
   * The rows that could not be read, as they were stored, by their keys: each was left out, and named in the log. They hold
   * hashes of secrets. A later row under the same key takes the place of an earlier one.
   */
  quarantined(): QuarantinedRow[] {
    return this.#store.quarantined().map(({ key, row }) => ({ key, row: String(row) }));
  }

  /** The index of groups, if the deployment has one; tests replace it by their own. */
  protected groupIndex(): ReturnType<typeof indexIn> {
    return indexIn(this.env as Partial<IndexEnv & PlaceEnv>);
  }

  metrics(call: Call = {}): string {
    const state = this.#look(call);
    return prometheusText(metricsOf(state, this.#host.counters(), Date.now()), { group: this.#name });
  }

  /** Counts of what this incarnation of the object has done. */
  counters(): HostCounters {
    return this.#host.ownCounters();
  }

  get #name(): string {
    return this.ctx.id.name ?? "";
  }

  get #identity(): GroupIdentity {
    return { group: this.#name, deployment: deploymentOf(this.ctx.id) };
  }

  /** The group as it is now: what time has brought is processed first, so that nothing is shown that is over. */
  #look(call: Call): GroupState {
    this.#configure(call);
    this.#host.dispatch({ type: "tick" });
    return this.#host.state;
  }

  #configure({ interfaceVersion, policy }: Call): void {
    const refusal = interfaceVersion === undefined ? null : this.#refusalOf(interfaceVersion);
    if (refusal !== null) throw refusal;
    const settings = policy ?? this.#ownSettings;
    if (policy !== undefined) this.#ownSettings = undefined;
    this.#host.configure(settings === undefined ? null : JSON.stringify(settings));
  }

  /** Each version that is refused is logged once by each incarnation: its Worker tries again and again. */
  #refusalOf(version: number): OtherInterface | null {
    if (understands(version)) return null;
    const error = new OtherInterface(version);
    if (!this.#refused.has(version)) logError("other_interface", error, { group: this.#name });
    this.#refused.add(version);
    return error;
  }
}
