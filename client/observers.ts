/**
 * Who observes in this process. However many observe a component, or all of them together, it is watched once: the first
 * one asks the group, the last one takes it back, and those in between begin with what the process knows (O6).
 */
import type { LeaderChange, LeaderInformation, Leaders, Watch } from "../shared/protocol/messages.ts";
import { deferred } from "./deferred.ts";
import type { ElectionError } from "./errors.ts";
import type { Of } from "./session/events.ts";

/** A component, or `true` for all of them. */
export type Watched = string | true;

type News = Pick<Leaders, "all" | "leaders">;

export class Observers {
  readonly #dispatch: (command: Of<"observe" | "unobserve">) => void;
  readonly #watched = new Map<Watched, Set<Changes>>();
  /** The newest of what is watched, as far as the group has told it over the present connection. */
  readonly #known = new Map<string, LeaderInformation | null>();
  /** Then whoever is not among them does not lead. */
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
    if (present) changes.hear(present);
  }

  /** Does nothing for one that was refused, or has left. */
  leave(changes: Changes): void {
    const { watched } = changes;
    const all = this.#watched.get(watched);
    if (!all?.delete(changes) || all.size > 0) return;
    this.#end(watched);
    this.#dispatch({ type: "unobserve", component: watched });
  }

  hear(news: Leaders): void {
    this.#learn(news);
    const { all = false, leaders } = news;
    const changes = new Map(leaders.map((change) => [change.component, change]));
    for (const [watched, observers] of this.#watched) {
      const change = watched === true ? undefined : changes.get(watched);
      if (watched !== true && !change && !all) continue;
      const concerned = watched === true ? leaders : [change].filter((one) => one !== undefined);
      for (const observer of observers) observer.hear({ all, leaders: concerned });
    }
  }

  #learn({ all = false, leaders }: Leaders): void {
    if (all && this.#watched.has(true)) {
      this.#known.clear();
      this.#knowsAll = true;
    }
    for (const { component, leader } of leaders) if (this.#isWatched(component)) this.#known.set(component, leader);
  }

  /** O5: these hear of it, and of nothing else. */
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

  /** The connection is lost: what was known may be old by the time that there is another. */
  forget(): void {
    this.#known.clear();
    this.#knowsAll = false;
  }

  #present(watched: Watched): News | undefined {
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

/** What a slow reader has not taken yet: the newest of each component. */
export class Changes {
  readonly watched: Watched;
  readonly #newest = new Map<string, LeaderInformation | null>();
  readonly #taken = new Map<string, LeaderInformation | null>();
  #end: (() => ElectionError) | undefined;
  /** Resolves when there is something to take. */
  #news = deferred();

  constructor(watched: Watched) {
    this.watched = watched;
  }

  /** Resolves when `take` has something to tell. */
  any(): Promise<void> {
    return this.#newest.size > 0 || this.#end ? Promise.resolve() : this.#news.promise;
  }

  /** `all`: whoever is not named does not lead. */
  hear({ all = false, leaders }: News): void {
    if (all) for (const name of this.#told()) this.#newest.set(name, null);
    for (const { component, leader } of leaders) this.#newest.set(component, leader);
    this.#tell();
  }

  /** Nothing comes any longer. What was not taken before can still be taken. */
  end(error: () => ElectionError): void {
    this.#end ??= error;
    this.#tell();
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = deferred();
  }

  /** Those that it has been told of, taken or not. */
  #told(): Iterable<string> {
    return this.watched === true ? [...this.#newest.keys(), ...this.#taken.keys()] : [this.watched];
  }

  take(): LeaderChange | undefined {
    for (const [component, newest] of this.#newest) {
      const last = this.#taken.get(component);
      const leader = isAnother(newest, last) ? null : newest;
      if (leader === newest) this.#newest.delete(component);
      // Nobody was ever seen to lead it: where all are observed, that is no change.
      if (leader === null && last === undefined && this.watched === true) continue;
      this.#taken.set(component, leader);
      if (JSON.stringify(leader) !== JSON.stringify(last)) return { component, leader };
    }
    if (this.#end) throw this.#end();
    return undefined;
  }
}

/** Two leaders are told apart by one `null` between them. */
const isAnother = (newest: LeaderInformation | null, last: LeaderInformation | null | undefined): boolean =>
  Boolean(newest && last && last.leaderSessionId !== newest.leaderSessionId);
