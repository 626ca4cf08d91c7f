/**
 * What still drains, counted as GUARANTEES.md does: a contender whose term was taken from it, from then on until its
 * `onRevoke` has settled or its drain time is over. The client's own list is not asked.
 */
import type { Revoke } from "../../../shared/protocol/messages.ts";
import type { ClientTurn } from "../world/client-shell.ts";

/** The drain time of a client that never received the group's. */
const DRAIN_MS = 10_000;

interface Drain {
  readonly leaderSessionId: string;
  readonly until: number;
}

export class Drains {
  /** By contender. */
  readonly #drains = new Map<number, Drain>();

  stepped(step: ClientTurn): void {
    const { input, now } = step.event;
    // A page that is frozen or left sends its goodbye at once: what goes on afterwards is late work.
    if (input.type === "page" && (input.event === "freeze" || input.event === "pagehide")) return this.#drains.clear();
    if (input.type === "revoke") this.#limit(step, input);
    for (const effect of step.effects) {
      if (effect.type !== "revoke") continue;
      const { leaderSessionId } = effect;
      for (const id of effect.contenders) {
        this.#drains.set(id, { leaderSessionId, until: now + drainMsOf(step, leaderSessionId) });
      }
    }
  }

  /** The order to stop is for those as well that were stopping before: its time is that of the leadership. */
  #limit({ before, event }: ClientTurn, { leaderSessionId, drainMs }: Revoke): void {
    if (!before.terms.some((term) => term.leaderSessionId === leaderSessionId && term.stage === "leading")) return;
    for (const [id, drain] of this.#drains) {
      if (drain.leaderSessionId !== leaderSessionId) continue;
      this.#drains.set(id, { ...drain, until: Math.min(drain.until, event.now + drainMs) });
    }
  }

  /** By which term a contender drains whose `onRevoke` runs, and until when it may. */
  of(contender: number): Drain | undefined {
    return this.#drains.get(contender);
  }
}

/** By what the process had received when the drain began: a revoke that is sent once more takes none of it away. */
function drainMsOf({ before, event: { input } }: ClientTurn, leaderSessionId: string): number {
  const isTold = input.type === "revoke" && input.leaderSessionId === leaderSessionId;
  const { settings } = before;
  const session = input.type === "welcome" ? input : before.session;
  return Math.min(isTold ? input.drainMs : Infinity, settings.drainMs, session?.drainMs ?? DRAIN_MS);
}
