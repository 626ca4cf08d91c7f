/**
 * Keeps the data of a group current. An observer's session reports changes of leaders; after each change the status is
 * looked up. Observers do not receive the queue and leases: these are looked up regularly while the page is visible.
 */
import { createElectionClient, type ElectionClient, type LeaderInformation } from "../../../client/index.ts";
import type { GroupStatus } from "../../../shared/protocol/status.ts";
import type { TermStatus } from "../../index.ts";
import { DEPLOYMENT_URL } from "../base.ts";
import { type Operator, Refused } from "./operator.ts";
import type { ConnectionEvent } from "./view/connection.ts";

export type Update =
  /** `askedAt`: on the monotonic clock, before the request was sent. */
  | { readonly type: "status"; readonly status: GroupStatus; readonly askedAt: number }
  | { readonly type: "history"; readonly terms: readonly TermStatus[] }
  | { readonly type: "leaders"; readonly leaders: ReadonlyMap<string, LeaderInformation> }
  | { readonly type: "connection"; readonly event: ConnectionEvent };

/** Several changes of one hand-over cause one look-up. */
const SETTLE_MS = 50;
const LOOK_EVERY_MS = 2_000;
/** A lease is looked up again before half of it is over, but not more often than this. */
const LOOK_AT_MOST_EVERY_MS = 500;
const BAD_REQUEST = 400;

export class Live {
  readonly #group: string;
  readonly #token: string | null;
  readonly #operator: Operator;
  readonly #publish: (update: Update) => void;
  readonly #stopped = new AbortController();
  readonly #leaders = new Map<string, LeaderInformation>();
  #client: ElectionClient | undefined;
  #closedBecause: string | undefined;
  #historyLimit: number | undefined;
  /** How many pages of elections are looked up. */
  #pages = 1;
  /** The signature and the limit for which the history was last looked up. */
  #historyOf: string | undefined;
  #seenAt: number | null = null;
  #lookEveryMs = LOOK_EVERY_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isLooking = false;
  #lookAgain = false;

  /** Starts at once. `publish` is never called after `stop`. */
  constructor(group: string, token: string | null, operator: Operator, publish: (update: Update) => void) {
    this.#group = group;
    this.#token = token;
    this.#operator = operator;
    this.#publish = (update) => {
      if (!this.#stopped.signal.aborted) publish(update);
    };
    const { signal } = this.#stopped;
    document.addEventListener("visibilitychange", () => this.#lookIn(0), { signal });
    window.addEventListener("online", () => this.#lookIn(0), { signal });
    this.#lookIn(0);
  }

  stop(): void {
    this.#stopped.abort();
    clearTimeout(this.#timer);
    void this.#client?.close();
  }

  /** Looks up the status now. If a look-up is running, another one follows it. */
  refresh(): void {
    this.#lookIn(0);
  }

  /** Looks up one more page of elections from now on. */
  showMoreElections(): void {
    this.#pages += 1;
    this.refresh();
  }

  /** As many terms as the group keeps, up to `limit`. */
  setHistoryLimit(limit: number): void {
    this.#historyLimit = limit;
    this.refresh();
  }

  #lookIn(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#stopped.signal.aborted || document.hidden) return;
    if (this.#isLooking) this.#lookAgain = true;
    else this.#timer = setTimeout(() => void this.#look(), ms);
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    this.#lookAgain = false;
    await this.#lookUp().catch((error: unknown) => this.#failed(error));
    this.#isLooking = false;
    this.#lookIn(this.#lookAgain ? SETTLE_MS : this.#lookEveryMs);
  }

  async #lookUp(): Promise<void> {
    const askedAt = performance.now();
    const status = await this.#operator.status(this.#pages);
    this.#seenAt = Date.now();
    this.#lookEveryMs = lookAgainIn(status);
    this.#publish({ type: "status", status, askedAt });
    const state = JSON.stringify([signature(status), this.#historyLimit]); // which may change while the answer is under way
    if (state !== this.#historyOf) {
      this.#publish({ type: "history", terms: await this.#history() });
      this.#historyOf = state;
    }
    this.#client ??= this.#observe();
    this.#judge();
  }

  /** Without a limit, if the group keeps fewer terms than the limit. */
  async #history(): Promise<readonly TermStatus[]> {
    try {
      return await this.#operator.history(this.#historyLimit);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== BAD_REQUEST) throw error;
      this.#historyLimit = undefined;
      return this.#operator.history();
    }
  }

  /** Called after the first successful look-up, so the token is valid for the socket too. */
  #observe(): ElectionClient {
    const token = this.#token;
    const client = createElectionClient({
      url: DEPLOYMENT_URL,
      group: this.#group,
      ...(token !== null && { token }),
    });
    client.onStateChange(() => {
      this.#judge();
      if (client.state === "connected") this.#lookIn(0);
    });
    void this.#listen(client);
    return client;
  }

  async #listen(client: ElectionClient): Promise<void> {
    try {
      for await (const { component, leader } of client.observe(undefined, { signal: this.#stopped.signal })) {
        if (leader === null) this.#leaders.delete(component);
        else this.#leaders.set(component, leader);
        this.#publish({ type: "leaders", leaders: new Map(this.#leaders) });
        this.#lookIn(SETTLE_MS);
      }
    } catch (error) {
      const cause = error instanceof Error ? (error.cause ?? error) : error;
      this.#closedBecause = cause instanceof Error ? cause.message : String(cause);
      this.#lookIn(0); // the look-up may know the reason, such as an expired token
    }
  }

  #judge(): void {
    if (this.#closedBecause !== undefined) this.#connection({ type: "closed", message: this.#closedBecause });
    else if (this.#client?.state === "connected") this.#connection({ type: "reachable", at: Date.now() });
    else if (this.#client?.state === "connecting" && this.#wasConnected()) this.#lost(null);
  }

  /** The first connection is not a loss. */
  #wasConnected(): boolean {
    return this.#client?.sessionId !== undefined;
  }

  #failed(error: unknown): void {
    if (!(error instanceof Refused)) return this.#lost(null);
    const { status, message } = error;
    if (status !== 401 && status !== 403) return this.#lost(message);
    this.#connection({ type: "refused", status, message });
    this.stop();
  }

  #lost(answer: string | null): void {
    this.#connection({ type: "unreachable", at: Date.now(), seenAt: this.#seenAt, answer });
  }

  #connection(event: ConnectionEvent): void {
    this.#publish({ type: "connection", event });
  }
}

/** Changes when a term has begun or ended, or leader information has changed. */
const signature = ({ epoch, revision, elections }: GroupStatus): string =>
  JSON.stringify([epoch, revision, elections.map(({ election, leader }) => [election, leader?.leaderSessionId])]);

function lookAgainIn({ elections }: GroupStatus): number {
  const leases = elections.flatMap(({ leader, remainingMs }) => (leader === null ? [] : (remainingMs ?? [])));
  return Math.max(LOOK_AT_MOST_EVERY_MS, Math.min(LOOK_EVERY_MS, ...leases.map((leftMs) => leftMs / 2)));
}
