/**
 * The observers of this process. A component, or all of them together, is watched once, however many observers it has: the
 * first one subscribes, the last one unsubscribes, and those in between begin with what the process knows (O6).
 */

import { deferred } from "../shared/leadership/deferred.ts";
import type { LeaderChange, LeaderInformation, Leaders, Watch } from "../shared/protocol/messages.ts";
import type { ElectionError } from "./errors.ts";
import type { Of } from "./session/events.ts";

/** A component, or `true` for all of them. */
export type Watched = string | true;

type Update = Pick<Leaders, "all" | "leaders">;

export class Observers {
  readonly #dispatch: (command: Of<"observe" | "unobserve">) => void;
  readonly #watched = new Map<Watched, Set<Changes>>();
  /** The newest leader of each watched component that has arrived over the present connection. */
  readonly #known = new Map<string, LeaderInformation | null>();
  /** A component that is not in `#known` has no leader. */
  #knowsAll = false;

  constructor(dispatch: (command: Of<"observe" | "unobserve">) => void) {
    this.#dispatch = dispatch;
  }

  join(changes: Changes): void {
    const { watched } = changes;
    const others = this.#watched.get(watched);
    if (others) others.add(changes);
    else {
      this.#watched.set(watched, new Set([changes]));
      this.#dispatch({ type: "observe", component: watched });
    }
    const present = this.#present(watched);
    if (present) changes.receive(present);
  }

  /** Does nothing for an observer that was refused, or has left. */
  leave(changes: Changes): void {
    const { watched } = changes;
    const all = this.#watched.get(watched);
    if (!all?.delete(changes) || all.size > 0) return;
    this.#end(watched);
    this.#dispatch({ type: "unobserve", component: watched });
  }

  /** Whether there are any. */
  some(): boolean {
    return this.#watched.size > 0;
  }

  receive(update: Leaders): void {
    this.#learn(update);
    const { all = false, leaders } = update;
    const changes = new Map(leaders.map((change) => [change.component, change]));
    for (const [watched, observers] of this.#watched) {
      const change = watched === true ? undefined : changes.get(watched);
      if (watched !== true && !change && !all) continue;
      const concerned = watched === true ? leaders : [change].filter((one) => one !== undefined);
      for (const observer of observers) observer.receive({ all, leaders: concerned });
    }
  }

  #learn({ all = false, leaders }: Leaders): void {
    if (all && this.#watched.has(true)) {
      this.#known.clear();
      this.#knowsAll = true;
    }
    for (const { component, leader } of leaders) if (this.#isWatched(component)) this.#known.set(component, leader);
  }

  /** O5: ends the observers of these names, and no others. */
  refuse(observed: Watch, error: ElectionError): void {
    for (const watched of observed === true ? [observed] : observed) {
      for (const changes of this.#watched.get(watched) ?? []) changes.end(() => error);
      this.#end(watched);
    }
  }

  /** The client is closed. */
  close(error: () => ElectionError): void {
    for (const observers of this.#watched.values()) for (const changes of observers) changes.end(error);
    this.#watched.clear();
  }

  /** The connection is lost: what was known may be out of date when the next one opens. */
  forget(): void {
    this.#known.clear();
    this.#knowsAll = false;
  }

  #present(watched: Watched): Update | undefined {
    if (watched === true) return this.#knowsAll ? { all: true, leaders: this.#leading() } : undefined;
    const leader = this.#known.get(watched);
    if (leader === undefined) return this.#knowsAll ? { all: true, leaders: [] } : undefined;
    return { leaders: [{ component: watched, leader }] };
  }

  #leading(): LeaderChange[] {
    return [...this.#known].flatMap(([component, leader]) => (leader ? [{ component, leader }] : []));
  }

  #isWatched(component: string): boolean {
    return this.#watched.has(component) || this.#watched.has(true);
  }

  #end(watched: Watched): void {
    this.#watched.delete(watched);
    if (watched === true) this.#knowsAll = false;
    for (const component of this.#known.keys()) if (!this.#isWatched(component)) this.#known.delete(component);
  }
}

/** What a slow reader has not taken yet: the newest leader of each component. */
export class Changes {
  readonly watched: Watched;
  readonly #newest = new Map<string, LeaderInformation | null>();
  readonly #taken = new Map<string, LeaderInformation | null>();
  #end: (() => ElectionError) | undefined;
  /** Resolves when there is something to take. */
  #arrival = deferred();

  constructor(watched: Watched) {
    this.watched = watched;
  }

  /** Resolves when `take` has something to return. */
  any(): Promise<void> {
    return this.#newest.size > 0 || this.#end ? Promise.resolve() : this.#arrival.promise;
  }

  /** `all`: a component that is not named has no leader. */
  receive({ all = false, leaders }: Update): void {
    if (all) for (const name of this.#received()) this.#newest.set(name, null);
    for (const { component, leader } of leaders) this.#newest.set(component, leader);
    this.#wake();
  }

  /** Nothing more arrives. What was not taken before can still be taken. */
  end(error: () => ElectionError): void {
    this.#end ??= error;
    this.#wake();
  }

  #wake(): void {
    this.#arrival.resolve();
    this.#arrival = deferred();
  }

  /** The components that it has received, taken or not. */
  #received(): Iterable<string> {
    return this.watched === true ? [...this.#newest.keys(), ...this.#taken.keys()] : [this.watched];
  }

  take(): LeaderChange | undefined {
    for (const [component, newest] of this.#newest) {
      const last = this.#taken.get(component);
      const leader = isAnother(newest, last) ? null : newest;
      if (leader === newest) this.#newest.delete(component);
      // It had no leader before: where all are observed, that is no change.
      if (leader === null && last === undefined && this.watched === true) continue;
      this.#taken.set(component, leader);
      if (JSON.stringify(leader) !== JSON.stringify(last)) return { component, leader };
    }
    if (this.#end) throw this.#end();
    return undefined;
  }
}

/** Between two leaders there is one `null`. */
const isAnother = (newest: LeaderInformation | null, last: LeaderInformation | null | undefined): boolean =>
  Boolean(newest && last && last.leaderSessionId !== newest.leaderSessionId);
