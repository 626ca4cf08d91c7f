/** The contenders of one election, spread over processes in turn. Each hand-over is from the first in the queue to the second. */
import type { Lead, Party } from "./party.ts";

interface Place {
  readonly party: Party;
  readonly seat: number;
}

export class Ring {
  /** The leader first. */
  readonly #queue: Place[] = [];
  readonly #parties: readonly Party[];

  constructor(parties: readonly Party[]) {
    this.#parties = parties;
  }

  /** Seats all contenders, one of which then leads. Before the others stand, it leads and resigns alone so often. */
  async gather(election: string, contenders: number, roundsAlone = 0): Promise<void> {
    for (let index = 0; index < contenders; index++) {
      const party = this.#parties[index % this.#parties.length];
      if (party === undefined) throw new Error("a ring needs a process");
      this.#queue.push({ party, seat: await party.order({ type: "seat", election }) });
    }
    const [first, ...others] = this.#queue;
    if (first === undefined) throw new Error("a ring needs contenders");
    await first.party.order({ type: "alone", seat: first.seat, rounds: roundsAlone });
    const led = this.#led(first);
    await stand(first);
    await led;
    for (const place of others) await stand(place);
  }

  /** From the call that gives up the lead to the callback of the next contender. */
  async handOver(): Promise<number> {
    const [leader, next] = this.#queue;
    if (leader === undefined || next === undefined) throw new Error("nobody takes over");
    const led = this.#led(next);
    const resigned = leader.party.order({ type: "resign", seat: leader.seat });
    const [startedAt, at] = await Promise.all([resigned, led]);
    this.#queue.push(...this.#queue.splice(0, 1));
    await stand(leader);
    return at - startedAt;
  }

  /** The time when this one leads. Rejects if another one does. */
  #led(next: Place): Promise<number> {
    return new Promise((resolve, reject) => {
      for (const party of this.#parties) {
        party.onLead = ({ seat, at }: Lead): void => {
          if (party === next.party && seat === next.seat) resolve(at);
          else reject(new Error("another contender leads than the one that was next"));
        };
      }
    });
  }
}

const stand = ({ party, seat }: Place): Promise<number> => party.order({ type: "stand", seat });
