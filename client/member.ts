/** A contender: what its application does, and how the participant keeps it. */

import type { Deferred } from "../shared/leadership/deferred.ts";
import type { Leadership } from "../shared/leadership/leadership.ts";
import type { ElectionKind } from "../shared/protocol/names.ts";
import type { LeaderStatus } from "../shared/protocol/status.ts";
import { DuplicateContenderError, type ElectionError, type LossReason } from "./errors.ts";

/**
 * The callbacks alternate strictly: grant, revoke, grant, ... A grant waits until the promise of the previous revoke has
 * settled.
 */
export interface ContenderCallbacks<Component extends string = string> {
  /** A term has begun. Not called if the term is over before the callback's turn comes. Nothing waits for its promise. */
  onGrant?(leadership: Leadership<Component>): unknown;
  /** The group has renewed the lease: `remainingMs()` is longer now. Nothing waits for its promise. */
  onExtend?(leadership: Leadership<Component>): unknown;
  /**
   * Stop the work of the term. While the promise that it returns is pending, no other process leads, for as long as
   * `leadership.drainMs()` says: this is the drain. Called once for each `onGrant`, even while the promise of `onGrant`
   * is pending.
   */
  onRevoke?(leadership: Leadership<Component>, reason: LossReason): unknown;
  /**
   * Called for errors of the callbacks above and of the connection, and when the group refuses the contender
   * (`forbidden`, `election_mismatch`, `limit_exceeded`): then the client asks again, at growing intervals. Without an
   * `onError` here, errors of the callbacks go to the listeners of the client's `onError`. Not called for a
   * `LeadershipLostError` or an `AbortError` that a callback throws after its term has ended.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** A contender, from `contend` on until it has left. */
export interface Member<Component extends string = string> {
  readonly component: Component;
  readonly election: ElectionKind | undefined;
  readonly priority: number | undefined;
  readonly callbacks: MemberCallbacks;
  /** Its drain is the body of a scope: `resign()` called inside the body must not wait for the body. */
  readonly resignSkipsOwnDrain: boolean;
  /** In place of `onError`, where the group does not let it stand. */
  readonly onRefused: ((error: ElectionError) => void) | undefined;
  /** It tries: called if it was not granted, with who leads. */
  readonly onTried: ((leader: LeaderStatus | null) => void) | undefined;
  /** Resolves when it has left, rejects when the client was closed before. */
  readonly left: Deferred<void>;
  /** The term whose `onGrant` was called last. */
  leadership?: Leadership<Component>;
}

/** The callbacks of `contend`. They are called with leaderships of their own component only. */
interface MemberCallbacks extends Pick<ContenderCallbacks, "onError"> {
  onGrant?(leadership: Leadership): unknown;
  onExtend?(leadership: Leadership): unknown;
  onRevoke?(leadership: Leadership, reason: LossReason): unknown;
}

/** The contenders of a client, by their numbers. */
export class Members {
  readonly #all = new Map<number, Member>();
  /** The contender of each component, until it is closed: then another one may take its place. */
  readonly #open = new Map<string, number>();

  get(contender: number): Member | undefined {
    return this.#all.get(contender);
  }

  has(contender: number): boolean {
    return this.#all.has(contender);
  }

  all(): Member[] {
    return [...this.#all.values()];
  }

  isOpen(contender: number): boolean {
    return this.#open.get(this.#all.get(contender)?.component ?? "") === contender;
  }

  /** Throws when the component has a contender that was not closed. */
  assertFree(component: string): void {
    if (!this.#open.has(component)) return;
    const message = `${component} has a contender in this client already: close that one first`;
    throw new DuplicateContenderError("duplicate_component", message);
  }

  add(contender: number, member: Member): void {
    this.#all.set(contender, member);
    this.#open.set(member.component, contender);
  }

  /** Its component is free. */
  close(contender: number): void {
    const member = this.#all.get(contender);
    if (member && this.isOpen(contender)) this.#open.delete(member.component);
  }

  left(contender: number): void {
    this.close(contender);
    this.#all.get(contender)?.left.resolve();
    this.#all.delete(contender);
  }

  /** The client is closed before they have left. */
  fail(error: () => unknown): void {
    for (const { left } of this.#all.values()) left.reject(error());
  }
}
