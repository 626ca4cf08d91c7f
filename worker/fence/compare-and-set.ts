/**
 * A guard for stores without transactions that can replace a value only if it has not changed: the epochs travel inside
 * the value, so that the condition on the value covers both.
 */
import type { Fence } from "../../shared/fence.ts";
import { type Check, InvalidField, number, object, record, text } from "../../shared/protocol/fields.ts";
import { ID_LENGTH } from "../../shared/protocol/limits.ts";
import { FenceError, type Highest } from "./errors.ts";
import { advances, checked } from "./rule.ts";

/** A value, and what tells it from the one before it. */
export interface Versioned {
  readonly value: string;
  /** Whatever the store calls it: an etag, a generation, a version stamp. */
  readonly version: string;
}

/** What a guard needs of a store: two methods. */
export interface CompareAndSetStore {
  /** The newest value: a read that may be old only costs another round. `null` where there is none. */
  get(key: string): Promise<Versioned | null>;
  /** Stores the value only if what is there has this version, or nothing is there for `null`. False where it had not. */
  putIfVersion(key: string, value: string, version: string | null): Promise<boolean>;
}

/** Guards one value of a store that has no transactions. */
export interface CompareAndSetGuard {
  /**
   * Replaces the data, and resolves with the new ones. `change` gets the present data (`null`: none yet) and may be
   * called again where somebody was faster; what it throws changes nothing. Rejects with `StaleLeaderError` where the
   * fence is late, and with the retryable code `contended` after ten rounds in vain.
   */
  update(fence: Fence, change: (data: string | null) => string): Promise<string>;
  /** Shuts out every leadership before this one. Do it at the start of a term, before the first read. */
  claim(fence: Fence): Promise<void>;
  read(): Promise<string | null>;
  /** Of a component: the leadership seen last, or `null`. */
  highest(key: Pick<Fence, "group" | "component">): Promise<Highest | null>;
}

/** What is stored, as JSON. `data` is absent while there was only a claim. */
interface Envelope {
  readonly fences: Readonly<Record<string, Highest>>;
  readonly data?: string;
}

const ROUNDS = 10;
const NOTHING: Envelope = { fences: {} };

/** Guards the value of one key, which nobody may write but through a guard. */
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
    update: async (fence, change) => String(await put(fence, (data) => change(data ?? null))),
    claim: async (fence) => void (await put(fence, (data) => data)),
    read: async () => (await open()).envelope.data ?? null,
    highest: async (of) => (await open()).envelope.fences[scopeOf(of)] ?? null,
  };
}

/** The next value, or `StaleLeaderError`. Pure but for what `change` does. */
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

/** Names have slashes of their own: each part is encoded. */
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
    const message = `the value of ${key} was not written by a guard: give the guard a key of its own`;
    throw new FenceError("unreadable_fence", message, error);
  }
}
