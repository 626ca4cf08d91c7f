/** The storage of a hosted Durable Object: keys and values, and one alarm. What is stored is a copy, as on the platform. */

interface ListOptions {
  readonly start?: string;
  readonly startAfter?: string;
  readonly end?: string;
  readonly prefix?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** What outlives the object's incarnations. */
export class Kept {
  entries = new Map<string, unknown>();
  /** Milliseconds since 1970. */
  alarmAt: number | null = null;
}

const noSql = (): never => {
  throw new Error(
    "a hosted object has no SQL on virtual time: keep what the test needs in ctx.storage.kv, or test this object on Miniflare",
  );
};

/** One incarnation's door to what is kept. `assertAlive` throws once the incarnation has ended. */
export class ObjectStorage {
  readonly #kept: Kept;
  readonly #assertAlive: () => void;

  constructor(kept: Kept, assertAlive: () => void) {
    this.#kept = kept;
    this.#assertAlive = assertAlive;
  }

  get #entries(): Map<string, unknown> {
    this.#assertAlive();
    return this.#kept.entries;
  }

  /** The synchronous interface. */
  readonly kv = {
    get: (key: string): unknown => structuredClone(this.#entries.get(key)),
    put: (key: string, value: unknown): void => void this.#entries.set(key, structuredClone(value)),
    delete: (key: string): boolean => this.#entries.delete(key),
    list: (options: ListOptions = {}): IterableIterator<[string, unknown]> => this.#list(options)[Symbol.iterator](),
  };

  get sql(): never {
    return noSql();
  }

  async get(keys: string | readonly string[]): Promise<unknown> {
    if (typeof keys === "string") return this.kv.get(keys);
    return new Map(keys.filter((key) => this.#entries.has(key)).map((key) => [key, this.kv.get(key)]));
  }

  async put(key: string | Readonly<Record<string, unknown>>, value?: unknown): Promise<void> {
    const entries = typeof key === "string" ? [[key, value] as const] : Object.entries(key);
    for (const [name, given] of entries) this.kv.put(name, given);
  }

  async delete(keys: string | readonly string[]): Promise<boolean | number> {
    if (typeof keys === "string") return this.kv.delete(keys);
    return keys.filter((key) => this.kv.delete(key)).length;
  }

  async deleteAll(): Promise<void> {
    this.#entries.clear();
    this.#kept.alarmAt = null;
  }

  async list(options: ListOptions = {}): Promise<Map<string, unknown>> {
    return new Map(this.#list(options));
  }

  #list({ start, startAfter, end, prefix = "", reverse = false, limit }: ListOptions): [string, unknown][] {
    const isWanted = (key: string): boolean =>
      key.startsWith(prefix) &&
      (start === undefined || key >= start) &&
      (startAfter === undefined || key > startAfter) &&
      (end === undefined || key < end);
    const keys = [...this.#entries.keys()].filter(isWanted).sort();
    if (reverse) keys.reverse();
    return keys.slice(0, limit).map((key) => [key, this.kv.get(key)]);
  }

  /** All or nothing. */
  transactionSync<T>(work: () => T): T {
    const before = new Map(this.#entries);
    try {
      return work();
    } catch (error) {
      this.#kept.entries = before;
      throw error;
    }
  }

  async transaction<T>(work: (storage: this) => Promise<T>): Promise<T> {
    const before = new Map(this.#entries);
    try {
      return await work(this);
    } catch (error) {
      this.#kept.entries = before;
      throw error;
    }
  }

  async sync(): Promise<void> {
    this.#assertAlive();
  }

  async getAlarm(): Promise<number | null> {
    this.#assertAlive();
    return this.#kept.alarmAt;
  }

  async setAlarm(at: number | Date): Promise<void> {
    this.#assertAlive();
    this.#kept.alarmAt = Number(at);
  }

  async deleteAlarm(): Promise<void> {
    this.#assertAlive();
    this.#kept.alarmAt = null;
  }
}
