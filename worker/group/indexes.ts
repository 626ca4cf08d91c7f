/**
 * The indexes of a group. Each is declared once: it tells which entry a session, a connection or an election has in it.
 * `moved` keeps an index in step with one change; `of` makes it of a whole list, at a wake-up.
 */
import type { ElectionName } from "../../shared/protocol/names.ts";
import { type Compare, compareText, SortedMap } from "./sorted-map.ts";
import type { Connection, DeadlineKey, Election, GroupState, Session } from "./state.ts";

const compareDeadline: Compare<DeadlineKey> = (left, right) => left.at - right.at || compareText(left.name, right.name);
export const noDeadlines = <V>(): SortedMap<DeadlineKey, V> => SortedMap.empty<DeadlineKey, V>(compareDeadline);
export const noNames = <V, K extends string = string>(): SortedMap<K, V> => SortedMap.empty<K, V>(compareText);

class Index<Item, K, V> {
  readonly #empty: SortedMap<K, V>;
  readonly #entryOf: (item: Item) => readonly [K, V] | null;

  /** `entryOf`: the entry of an item; `null`: it has none. */
  constructor(empty: SortedMap<K, V>, entryOf: (item: Item) => readonly [K, V] | null) {
    this.#empty = empty;
    this.#entryOf = entryOf;
  }

  /** The index after `before` became `after`; `undefined`: not there. Returns the same map where the entry is the same. */
  moved(map: SortedMap<K, V>, before: Item | undefined, after: Item | undefined): SortedMap<K, V> {
    const old = before === undefined ? null : this.#entryOf(before);
    const next = after === undefined ? null : this.#entryOf(after);
    const isKept = old !== null && next !== null && map.isSameKey(old[0], next[0]);
    if (isKept && old[1] === next[1]) return map;
    const without = old === null || isKept ? map : map.delete(old[0]);
    return next === null ? without : without.set(next[0], next[1]);
  }

  of(items: readonly Item[]): SortedMap<K, V> {
    return this.#empty.of(items.map(this.#entryOf).filter((entry) => entry !== null));
  }
}

/** Items by when they are due. `at` returns `null` for an item that never is. */
function dueIndex<Item, Id extends string>(idOf: (item: Item) => Id, at: (item: Item) => number | null | undefined) {
  return new Index<Item, DeadlineKey, Id>(noDeadlines(), (item) => {
    const [name, due] = [idOf(item), at(item) ?? null];
    return due === null ? null : [{ at: due, name }, name];
  });
}

const idOf = ({ id }: { readonly id: string }) => id;
const nameOf = ({ name }: Election) => name;

/** Without a hello: until that is due, or the credentials end. */
export const SILENT = dueIndex(idOf, ({ sessionId, helloUntil, access }: Connection) =>
  sessionId === null ? Math.min(helloUntil, access.until ?? Infinity) : null,
);
export const EXPIRING = dueIndex(idOf, ({ sessionId, access }: Connection) =>
  sessionId === null ? null : access.until,
);
/** Only sockets of sessions: one that owes its hello has a limit of its own, and a caller its poll deadline. */
export const HEARD = dueIndex(idOf, ({ sessionId, polling, heardAt }: Connection) =>
  sessionId === null || polling !== undefined ? null : heardAt,
);
export const POLLED = dueIndex(idOf, ({ polling }: Connection) => polling?.until);

export const LOST = dueIndex(idOf, ({ link }: Session) => (link.type === "lost" ? link.at : null));
export const YIELDING = dueIndex(idOf, ({ link, contenders, places }: Session) =>
  link.type === "lost" && (link.vanished === true || contenders.size + places.size === 0) ? link.at : null,
);
export const WATCHERS_OF_ALL = new Index<Session, string, true>(noNames(), ({ id, watched }) =>
  watched.all ? [id, true] : null,
);

export const TERMS = new Index<Election, string, ElectionName>(noNames(), ({ name, state }) =>
  state.type === "vacant" ? null : [state.leaderSessionId, name],
);
export const DEADLINES = dueIndex(nameOf, ({ deadline }: Election) => deadline?.at);
export const AWAITED = dueIndex(nameOf, ({ deadline }: Election) => (deadline?.awaited ? deadline.lookAt : null));
export const UNAWAITED = dueIndex(nameOf, ({ deadline }: Election) => (deadline?.awaited ? null : deadline?.lookAt));

type Counted = Pick<GroupState, "contending" | "observers" | "subjects">;

const contends = (session: Session | undefined): boolean => session !== undefined && session.contenders.size > 0;

const observes = (session: Session | undefined): boolean =>
  session !== undefined && (session.watched.all || session.watched.names.length > 0);

/** The counts after the session `before` became `after`; `undefined`: not there. */
export function recount(counted: Counted, before: Session | undefined, after: Session | undefined): Counted {
  const contending = counted.contending + Number(contends(after)) - Number(contends(before));
  const observers = counted.observers + Number(observes(after)) - Number(observes(before));
  const [old = null, next = null] = [before?.subject, after?.subject];
  if (old === next) return { contending, observers, subjects: counted.subjects };
  return { contending, observers, subjects: addTo(addTo(counted.subjects, old, -1), next, +1) };
}

function addTo(subjects: Counted["subjects"], subject: string | null, by: number): Counted["subjects"] {
  if (subject === null) return subjects;
  const count = (subjects.get(subject) ?? 0) + by;
  return count > 0 ? subjects.set(subject, count) : subjects.delete(subject);
}

export function countAll(sessions: readonly Session[]): Counted {
  const counts = new Map<string, number>();
  for (const { subject } of sessions) if (subject !== null) counts.set(subject, (counts.get(subject) ?? 0) + 1);
  const contending = sessions.filter(contends).length;
  return { contending, observers: sessions.filter(observes).length, subjects: noNames<number>().of([...counts]) };
}
