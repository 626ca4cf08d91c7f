/**
 * A group's entry in the index of groups. It is told beside the turns of the group, never in their way: nothing waits for the
 * index, and whatever it answers, or if it never answers, the group goes on as without it.
 */
import { inPath } from "../../shared/protocol/paths.ts";
import { logError } from "../http/log.ts";

/** The index, as far as a group needs it; null where the deployment has none. May throw. */
export type FindIndex = () => Pick<Fetcher, "fetch"> | null;

/** What has to be kept of it across incarnations. */
export interface KeptEntry {
  /** Before this time, in milliseconds since 1970, the index need not be told that the group is there. */
  tellIndexAfter: number;
}

const ANSWER_WITHIN_MS = 5_000;
/** The index may be replaced just now. */
const ATTEMPTS = 3;
const BETWEEN_ATTEMPTS_MS = 1_000;
const AFTER_FAILURE_MS = 60_000;
/** The index may have lost the name since, or be no longer full. */
const ANEW_AFTER_MS = 86_400_000;
const FULL = 507;

export class IndexEntry {
  readonly #find: FindIndex;
  readonly #kept: KeptEntry;
  readonly #group: string;
  /** What the index is to be told next; null: nothing. */
  #wanted: boolean | null = null;
  #isTelling = false;

  constructor(group: string, kept: KeptEntry, find: FindIndex) {
    this.#group = group;
    this.#kept = kept;
    this.#find = find;
  }

  /** The group has stored something. Never throws, and does nothing but compare two numbers once the index knows the group. */
  used(now: number): void {
    if (now < this.#kept.tellIndexAfter) return;
    this.#kept.tellIndexAfter = now + AFTER_FAILURE_MS;
    this.#want(true);
  }

  /** The group has nothing stored, though the index may list it: a word of its end may have been lost. */
  purged(): void {
    this.#kept.tellIndexAfter = 0;
    this.#want(false);
  }

  #want(listed: boolean): void {
    this.#wanted = listed;
    if (!this.#isTelling) void this.#tellAll();
  }

  /** One after the other: the last word is the last one that the index hears. Never rejects. */
  async #tellAll(): Promise<void> {
    this.#isTelling = true;
    while (this.#wanted !== null) {
      const listed = this.#wanted;
      this.#wanted = null;
      await this.#tellOne(listed);
    }
    this.#isTelling = false;
  }

  async #tellOne(listed: boolean): Promise<void> {
    for (let attempt = 1; this.#wanted === null; attempt++) {
      try {
        const index = this.#find();
        return index === null ? undefined : this.#take(listed, await this.#ask(index, listed));
      } catch (error) {
        if (attempt === ATTEMPTS) return logError("index_failed", error, { group: this.#group });
      }
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_ATTEMPTS_MS));
    }
  }

  /** Resolves with the status of the answer. Nothing of it stays: what is pending would keep the object awake. */
  async #ask(index: Pick<Fetcher, "fetch">, listed: boolean): Promise<number> {
    const controller = new AbortController();
    const { signal } = controller;
    const timer = setTimeout(
      () => controller.abort(new Error("the index of groups does not answer")),
      ANSWER_WITHIN_MS,
    );
    try {
      const method = listed ? "PUT" : "DELETE";
      return (await index.fetch(`http://index/${inPath(this.#group)}`, { method, signal })).status;
    } finally {
      clearTimeout(timer);
    }
  }

  #take(listed: boolean, status: number): void {
    if (!listed || this.#wanted !== null) return;
    if (status === FULL) logError("index_failed", new Error("the index of groups is full"), { group: this.#group });
    this.#kept.tellIndexAfter = Date.now() + ANEW_AFTER_MS;
  }
}
