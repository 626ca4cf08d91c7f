/**
 * What is going on in a group: an observer's session says when leaders change, look-ups say what there is then. What
 * observers are not told (who waits, offers, leases) is looked up now and then while the page is visible.
 */
import { createElectionClient, type ElectionClient, type LeaderInformation } from "../../../client/index.ts";
import type { GroupStatus } from "../../../shared/protocol/status.ts";
import type { TermStatus } from "../../index.ts";
import { type Operator, Refused } from "./operator.ts";
import type { ConnectionEvent } from "./view/connection.ts";

export type News =
  /** `askedAt`: on the monotonic clock, before the question left. */
  | { readonly type: "status"; readonly status: GroupStatus; readonly askedAt: number }
  | { readonly type: "history"; readonly terms: readonly TermStatus[] }
  | { readonly type: "leaders"; readonly leaders: ReadonlyMap<string, LeaderInformation> }
  | { readonly type: "connection"; readonly event: ConnectionEvent };

/** Several changes of one hand-over are one look-up. */
const SETTLE_MS = 50;
const LOOK_EVERY_MS = 2_000;
/** A lease is looked at again before half of it is over, but no more often than this. */
const LOOK_AT_MOST_EVERY_MS = 500;
const BAD_REQUEST = 400;

export class Live {
  readonly #group: string;
  readonly #token: string | null;
  readonly #operator: Operator;
  readonly #hear: (news: News) => void;
  readonly #stopped = new AbortController();
  readonly #leaders = new Map<string, LeaderInformation>();
  #client: ElectionClient | undefined;
  #closedBecause: string | undefined;
  #historyLimit: number | undefined;
  /** What the history was last looked up for. */
  #historyOf: string | undefined;
  #seenAt: number | null = null;
  #lookEveryMs = LOOK_EVERY_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isLooking = false;
  #lookAgain = false;

  /** Starts at once. `hear` is called until `stop`, and never after it. */
  constructor(group: string, token: string | null, operator: Operator, hear: (news: News) => void) {
    this.#group = group;
    this.#token = token;
    this.#operator = operator;
    this.#hear = (news) => {
      if (!this.#stopped.signal.aborted) hear(news);
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

  /** Looks now, and again afterwards if it is looking already. */
  refresh(): void {
    this.#lookIn(0);
  }

  /** As many terms as the group keeps, up to `limit`. */
  setHistoryLimit(limit: number): void {
    this.#historyLimit = limit;
    this.#historyOf = undefined;
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
    const status = await this.#operator.status();
    this.#seenAt = Date.now();
    this.#lookEveryMs = lookAgainIn(status);
    this.#hear({ type: "status", status, askedAt });
    const state = signature(status);
    if (state !== this.#historyOf) {
      this.#hear({ type: "history", terms: await this.#history() });
      this.#historyOf = state;
    }
    this.#client ??= this.#observe();
    this.#judge();
  }

  /** A group may keep fewer terms than were asked for. */
  async #history(): Promise<readonly TermStatus[]> {
    try {
      return await this.#operator.history(this.#historyLimit);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== BAD_REQUEST) throw error;
      this.#historyLimit = undefined;
      return this.#operator.history();
    }
  }

  /** Only once a look-up went well: the same token will be good for the socket. */
  #observe(): ElectionClient {
    const token = this.#token;
    const client = createElectionClient({
      url: location.origin,
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
        this.#hear({ type: "leaders", leaders: new Map(this.#leaders) });
        this.#lookIn(SETTLE_MS);
      }
    } catch (error) {
      const cause = error instanceof Error ? (error.cause ?? error) : error;
      this.#closedBecause = cause instanceof Error ? cause.message : String(cause);
      this.#lookIn(0); // which may know better: a token that has expired
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
    this.#hear({ type: "connection", event });
  }
}

/** Changes whenever a term has begun or ended, or leader information has changed. */
const signature = ({ epoch, revision, elections }: GroupStatus): string =>
  JSON.stringify([epoch, revision, elections.map(({ election, leader }) => [election, leader?.leaderSessionId])]);

function lookAgainIn({ elections }: GroupStatus): number {
  const leases = elections.flatMap(({ leader, remainingMs }) => (leader === null ? [] : (remainingMs ?? [])));
  return Math.max(LOOK_AT_MOST_EVERY_MS, Math.min(LOOK_EVERY_MS, ...leases.map((leftMs) => leftMs / 2)));
}
