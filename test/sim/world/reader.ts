/**
 * A consumer of the shipped observers that reads when it likes. Judges C12 and O4: it is given what differs from the value
 * before, nothing is out of order, between two leaders nobody leads, and however late it reads, it has little to read.
 */
import type { LeaderInformation } from "../../../shared/protocol/messages.ts";
import { demand } from "../../support/violation.ts";
import type { Cores } from "../cores.ts";
import { MIGRANT } from "./observer-view.ts";
import { COMPONENTS, type ComponentName } from "./setup.ts";

type Observers = InstanceType<Cores["client"]["Observers"]>;
type Changes = InstanceType<Cores["client"]["Changes"]>;

/** For each component nobody, and then whoever leads now. */
const MOST_WAITING = 2 * COMPONENTS.length;

export class Reader {
  readonly #name: string;
  readonly watched: ComponentName | true;
  readonly #observers: Observers;
  readonly #changes: Changes;
  /** What it has read last of each component. */
  readonly read = new Map<string, LeaderInformation | null>();
  readonly #highest = new Map<string, number>();
  /** It may have to read of leaders that are gone: records were seen that a restore has brought back. */
  isMisled = false;

  constructor(name: string, { Changes: Kind }: Cores["client"], observers: Observers, watched: ComponentName | true) {
    this.#name = name;
    this.watched = watched;
    this.#observers = observers;
    this.#changes = new Kind(watched);
    observers.join(this.#changes);
  }

  leave(): void {
    this.#observers.leave(this.#changes);
  }

  /** Takes so many values, as far as there are any. */
  take(count: number): void {
    for (let left = count; left > 0; left--) if (!this.#takeOne()) return;
  }

  /** Reads everything. Returns a component of which it has then read last something else than is published. */
  misses(published: (component: string) => string): ComponentName | undefined {
    for (let taken = 0; this.#takeOne(); taken++) {
      demand(taken < MOST_WAITING, "C12", () => `${this.#name} has more than ${MOST_WAITING} changes to read`);
    }
    const concerned = COMPONENTS.filter((component) => [true, component].includes(this.watched));
    return concerned.find((component) => JSON.stringify(this.read.get(component) ?? null) !== published(component));
  }

  #takeOne(): boolean {
    const change = this.#changes.take();
    if (change === undefined) return false;
    const { component, leader } = change;
    const last = this.read.get(component);
    const isSame = last !== undefined && JSON.stringify(last) === JSON.stringify(leader);
    demand(!isSame, "C12", () => `${this.#name} reads the same of ${component} twice`);
    const follows = leader !== null && last && last.leaderSessionId !== leader.leaderSessionId;
    demand(!follows, "C12", () => `${this.#name} reads of two leaders of ${component}, one right after the other`);
    this.read.set(component, leader);
    if (leader === null || component === MIGRANT || this.isMisled) return true;
    const highest = this.#highest.get(component) ?? 0;
    demand(leader.epoch >= highest, "O4", () => `${this.#name} reads of epoch ${leader.epoch} after ${highest}`);
    this.#highest.set(component, leader.epoch);
    return true;
  }
}
