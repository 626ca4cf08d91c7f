/** Many elections of two contenders each, whose hand-overs go on as fast as they can. */
import { elapsedSince, inParallel, pause } from "../sockets.ts";
import type { Contender } from "./contender.ts";

/** Hand-overs under way at a time: with more of them, a busy machine would answer each later. */
export const AT_ONCE = 64;
/** Time at the beginning that does not count. */
const RAMP_MS = 500;

interface Election {
  leader: Contender;
  waiting: Contender;
  /** Resolves when the one that waits leads. */
  led: Promise<void>;
  /** Settles when the one that waits stands in the queue. */
  stands: Promise<void>;
}

export class Churn {
  #done = 0;
  #goesOn = false;
  /** The one that has rested longest is first. */
  readonly #resting: Election[];

  static async of(elections: number, connect: (election: string) => Promise<Contender>): Promise<Churn> {
    return new Churn(
      await inParallel(elections, async (index) => {
        const [leader, waiting] = [await connect(`group-${index}`), await connect(`group-${index}`)];
        await stand(leader).led;
        return { leader, waiting, ...stand(waiting) };
      }),
    );
  }

  private constructor(elections: Election[]) {
    this.#resting = elections;
  }

  /** Hand-overs a second, over this time. Nothing goes on afterwards. */
  async rate(ms: number, passes = pause): Promise<number> {
    this.#goesOn = true;
    const lanes = Array.from({ length: Math.min(AT_ONCE, this.#resting.length) }, () => this.#lane());
    const failed = Promise.all(lanes).then((): never => {
      throw new Error("the hand-overs ended before their time");
    });
    failed.catch(() => undefined);
    await Promise.race([passes(RAMP_MS), failed]);
    const [before, startedAt] = [this.#done, performance.now()];
    await Promise.race([passes(ms), failed]);
    const rate = ((this.#done - before) * 1_000) / elapsedSince(startedAt);
    this.#goesOn = false;
    await Promise.all(lanes);
    return rate;
  }

  async close(): Promise<void> {
    await Promise.all(this.#resting.flatMap(({ leader, waiting }) => [leader.close(), waiting.close()]));
  }

  async #lane(): Promise<void> {
    while (this.#goesOn) {
      const election = this.#resting.shift();
      if (election === undefined) return;
      await handOver(election);
      this.#done += 1;
      this.#resting.push(election);
    }
  }
}

async function handOver(election: Election): Promise<void> {
  await election.stands;
  await Promise.all([election.leader.resign(), election.led]);
  [election.leader, election.waiting] = [election.waiting, election.leader];
  Object.assign(election, stand(election.waiting));
}

function stand(contender: Contender): Pick<Election, "led" | "stands"> {
  const { promise: led, resolve } = Promise.withResolvers<void>();
  const stands = contender.stand(resolve);
  stands.catch(() => undefined); // thrown where it is awaited
  return { led, stands };
}
