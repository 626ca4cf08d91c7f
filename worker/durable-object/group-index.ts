/**
 * The index of the groups of one deployment: their names, and nothing about who leads. One small object that no election
 * waits for. Groups add and remove themselves; the app reads pages of it.
 */
import { DurableObject } from "cloudflare:workers";
import { naturalKey } from "../../shared/natural.ts";
import { isName } from "../../shared/protocol/names.ts";
import { mayEnter } from "../http/principal.ts";

/** Enough for a page that people read, and few enough to be kept in memory. Further groups are not listed. */
export const MOST_GROUPS = 10_000;

/** Which part of the index is asked for. */
export interface IndexQuestion {
  /** The groups that the caller may see, as in a token; absent: all. */
  readonly groups?: readonly string[];
  /** Only names that contain it, in upper or lower case. */
  readonly filter?: string;
  /** Only names behind this one. */
  readonly after?: string;
  readonly limit: number;
}

export interface IndexPage {
  /** In natural order: `job2` before `job10`. */
  readonly groups: readonly string[];
  /** The page behind this one is `after` this name; null on the last page. */
  readonly next: string | null;
  /** How many groups there are on all pages. */
  readonly count: number;
  /** True: the index takes no further group, so there may be some that it does not list. */
  readonly full: boolean;
}

const DONE = 204;
const FULL = 507;
const NO_NAME = 400;

/** The Durable Object of the index. Export it from the Worker, and bind it as `GROUP_INDEX`, to have an index at all. */
export class GroupIndex extends DurableObject {
  /** By name, with the key by which they are sorted. */
  #keys: Map<string, string> | null = null;
  #sorted: readonly string[] | null = null;

  /**
   * Called by a group that adds (PUT) or removes (DELETE) itself: by a request, not by RPC, because a request can be given up
   * after a while.
   */
  override fetch(request: Request): Response {
    const name = decodeURIComponent(new URL(request.url).pathname.slice(1));
    if (!isName(name)) return new Response(null, { status: NO_NAME });
    return new Response(null, { status: request.method === "DELETE" ? this.#remove(name) : this.#add(name) });
  }

  page({ groups, filter = "", after, limit }: IndexQuestion): IndexPage {
    const keys = this.#known();
    const mine = this.#names().filter((name) => mayEnter({ role: "observe", ...(groups && { groups }) }, name));
    const wanted = filter.toLowerCase();
    const found = mine.filter((name) => name.toLowerCase().includes(wanted));
    const behind = after === undefined ? "" : naturalKey(after);
    const rest = found.filter((name) => (keys.get(name) ?? "") > behind);
    const page = rest.slice(0, limit);
    const next = rest.length > limit ? (page.at(-1) ?? null) : null;
    return { groups: page, next, count: found.length, full: keys.size >= MOST_GROUPS };
  }

  #add(name: string): number {
    const known = this.#known();
    if (known.has(name)) return DONE;
    if (known.size >= MOST_GROUPS) return FULL;
    this.ctx.storage.sql.exec("INSERT OR IGNORE INTO listed (name) VALUES (?)", name);
    known.set(name, naturalKey(name));
    this.#sorted = null;
    return DONE;
  }

  #remove(name: string): number {
    if (!this.#known().has(name)) return DONE;
    this.ctx.storage.sql.exec("DELETE FROM listed WHERE name = ?", name);
    this.#known().delete(name);
    this.#sorted = null;
    return DONE;
  }

  #names(): readonly string[] {
    if (this.#sorted !== null) return this.#sorted;
    const entries = [...this.#known()].sort(([, left], [, right]) => (left < right ? -1 : 1));
    this.#sorted = entries.map(([name]) => name);
    return this.#sorted;
  }

  #known(): Map<string, string> {
    if (this.#keys !== null) return this.#keys;
    const { sql } = this.ctx.storage;
    sql.exec("CREATE TABLE IF NOT EXISTS listed (name TEXT PRIMARY KEY) WITHOUT ROWID");
    const rows = sql.exec<{ name: string }>("SELECT name FROM listed").toArray();
    this.#keys = new Map(rows.map(({ name }) => [name, naturalKey(name)]));
    return this.#keys;
  }
}
