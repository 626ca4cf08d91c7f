/**
 * A guard for stores without transactions that can replace a value only if it has not changed. The epochs are stored
 * inside of the value, so the condition on the value covers both.
 */
import type { Fence } from "../../shared/fence.ts";
import { type Check, InvalidField, number, object, record, text } from "../../shared/protocol/fields.ts";
import { ID_LENGTH } from "../../shared/protocol/limits.ts";
import { FenceError, type Highest } from "./errors.ts";
import { advances, checked } from "./rule.ts";
import { assertSynchronous, synchronous } from "./synchronous.ts";

/** A value and its version. */
export interface Versioned {
  readonly value: string;
  /** Changes with the value: an etag, a generation, a version stamp. */
  readonly version: string;
}

/** The two methods that a guard needs of a store. */
export interface CompareAndSetStore {
  /** The newest value, or `null` if there is none. A stale read only costs another round. */
  get(key: string): Promise<Versioned | null>;
  /** Stores the value only if the stored value has this version (`null`: if there is none). Resolves with false if not. */
  putIfVersion(key: string, value: string, version: string | null): Promise<boolean>;
}

/** Guards one value of a store that has no transactions. */
export interface CompareAndSetGuard {
  /**
   * Replaces the data, and resolves with the new data. `change` gets the current data (`null`: none yet). It is called
   * again if another writer was faster; if it throws, is `async` or returns anything but text, nothing changes. Rejects with
   * `StaleLeaderError` if the fence is late, and with the retryable code `contended` after ten lost rounds.
   */
  update(fence: Fence, change: (data: string | null) => string): Promise<string>;
  /** Locks out every earlier leadership. Call it at the start of a term, before the first read. */
  claim(fence: Fence): Promise<void>;
  read(): Promise<string | null>;
  /** The highest leadership that was seen for a component, or `null`. */
  highest(key: Pick<Fence, "group" | "component">): Promise<Highest | null>;
}

/** The stored JSON. `data` is absent as long as there were only claims. */
interface Envelope {
  readonly fences: Readonly<Record<string, Highest>>;
  readonly data?: string;
}

const ROUNDS = 10;
const NOTHING: Envelope = { fences: {} };

/** Makes a guard for the value of one key. All writes of that key must go through a guard. */
export function createCompareAndSetGuard(store: CompareAndSetStore, key: string): CompareAndSetGuard {
  const open = async (): Promise<{ readonly envelope: Envelope; readonly version: string | null }> => {
    const found = await store.get(key);
    return found === null
      ? { envelope: NOTHING, version: null }
      : { envelope: opened(found.value, key), version: found.version };
  };
  const put = async (
    given: Fence,
    change: (data: string | undefined) => string | undefined,
  ): Promise<string | null> => {
    const fence = checked(given);
    for (let round = 0; round < ROUNDS; round++) {
      const { envelope, version } = await open();
      const next = advanced(envelope, fence, change);
      if (await store.putIfVersion(key, JSON.stringify(next), version)) return next.data ?? null;
    }
    throw new FenceError("contended", `${key} was changed by others ${ROUNDS} times: try again`, undefined, true);
  };
  return {
    async update(fence, change) {
      assertSynchronous(change, AWAIT_BEFORE);
      return String(await put(fence, (data) => textOf(change(data ?? null))));
    },
    claim: async (fence) => void (await put(fence, (data) => data)),
    read: async () => (await open()).envelope.data ?? null,
    highest: async (of) => (await open()).envelope.fences[scopeOf(of)] ?? null,
  };
}

const AWAIT_BEFORE = "`change` must be synchronous: await before update(), and return the new data as text";

/** Anything else would be stored as something that no guard reads. */
function textOf(data: unknown): string {
  if (typeof data === "string") return data;
  const type = data === null ? "null" : typeof synchronous(data, AWAIT_BEFORE);
  throw new FenceError("not_text", `\`change\` must return text, and has returned ${type}: use JSON.stringify`);
}

/** The next value, or `StaleLeaderError`. Pure, if `change` is. */
function advanced(
  { fences, data }: Envelope,
  fence: Fence,
  change: (data: string | undefined) => string | undefined,
): Envelope {
  const scope = scopeOf(fence);
  const { epoch, leaderSessionId } = fence;
  const isNew = advances(fence, fences[scope] ?? null);
  const changed = change(data);
  return {
    fences: isNew ? { ...fences, [scope]: { epoch, leaderSessionId } } : fences,
    ...(changed !== undefined && { data: changed }),
  };
}

/** Each part is encoded, because names may contain slashes. */
const scopeOf = ({ group, component }: Pick<Fence, "group" | "component">): string =>
  `${encodeURIComponent(group)}/${encodeURIComponent(component)}`;

const highest: Check<Highest> = object<Highest>({
  epoch: number(1, Number.MAX_SAFE_INTEGER),
  leaderSessionId: text(ID_LENGTH, 1),
});

const anyText = text(Number.MAX_SAFE_INTEGER);

function opened(value: string, key: string): Envelope {
  try {
    const { fences, data } = record(JSON.parse(value), "");
    const entries = Object.entries(record(fences, "fences"));
    const known = Object.fromEntries(entries.map(([scope, seen]) => [scope, highest(seen, scope)]));
    return data === undefined ? { fences: known } : { fences: known, data: anyText(data, "data") };
  } catch (error) {
    if (!(error instanceof InvalidField) && !(error instanceof SyntaxError)) throw error;
    const message = `the value of ${key} was not written by a guard: use a separate key for the guard`;
    throw new FenceError("unreadable_fence", message, error);
  }
}
