/** What a process knows of the leaders, folded from the wire. Judges O4. */
import type { LeaderInformation, Leaders } from "../../../shared/protocol/messages.ts";
import { demand } from "../../support/violation.ts";

/**
 * Its kind of election may change, once nobody contends for it in the other kind. It can then join a process
 * election whose term is older than the last one of its own, so that its epochs do go back.
 */
export const MIGRANT = "m";

export class ObserverView {
  readonly #name: string;
  readonly leaders = new Map<string, LeaderInformation>();
  readonly #newest = new Map<string, LeaderInformation>();

  constructor(name: string) {
    this.#name = name;
  }

  /** `old`: received between the two steps of a restore, when records of an earlier time may be seen. */
  fold({ snapshot, leaders }: Leaders, old: boolean): void {
    if (snapshot) this.leaders.clear();
    for (const { component, leader } of leaders) {
      this.leaders.delete(component);
      if (leader === null) continue;
      this.leaders.set(component, leader);
      if (!old) this.#judge(component, leader);
    }
  }

  #judge(component: string, leader: LeaderInformation): void {
    if (component === MIGRANT) return;
    const newest = this.#newest.get(component);
    const { epoch, leaderSessionId } = leader;
    demand((newest?.epoch ?? 0) <= epoch, "O4", () => `${this.#name} sees ${component} go back to epoch ${epoch}`);
    const same = newest?.epoch !== epoch || newest.leaderSessionId === leaderSessionId;
    demand(same, "O4", () => `${this.#name} sees two leaders of ${component} by epoch ${epoch}`);
    this.#newest.set(component, leader);
  }
}
