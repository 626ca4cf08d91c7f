/** A member of the league: it stands in all elections, looks at what it believes, and counts where it leads. */
import { type Interval, Seat } from "./seat.ts";
import type { Place, Stand, Term } from "./term.ts";

export interface MemberConfig extends Omit<Place, "election"> {
  readonly elections: readonly string[];
  /** Address of the counters. */
  readonly store: string;
}

export interface Look {
  /** By the clock of the league. */
  readonly at: number;
  /** One for each election. */
  readonly seats: readonly (readonly Interval[])[];
  readonly leads: readonly boolean[];
}

/** The answer of the counters to a reader; `fenced` is absent where a newer leader has read. */
export interface Read {
  readonly open: number;
  readonly fenced?: number;
}

const LOOK_EVERY_MS = 5;
/** Renewals of the elections come at different times. */
const STAND_EVERY_MS = 25;
const SHORTEST_WORK_MS = 100;
const LONGEST_WORK_MS = 300;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Worker {
  readonly #config: MemberConfig;
  readonly #stand: Stand;
  readonly #now: () => number;
  readonly #seats: readonly Seat[];
  readonly #working = new Set<number>();

  constructor(config: MemberConfig, stand: Stand, now: () => number) {
    this.#config = config;
    this.#stand = stand;
    this.#now = now;
    this.#seats = config.elections.map(() => new Seat());
    setInterval(() => this.#lookAtAll(), LOOK_EVERY_MS);
  }

  /** Resolves when it has begun to stand everywhere. */
  async stand(): Promise<void> {
    const { elections, port, leaseMs } = this.#config;
    for (const [index, election] of elections.entries()) {
      void this.#stand({ port, leaseMs, election }, (term) => {
        this.#seats[index]?.take(term);
        this.#lookAt(index);
      });
      await pause(STAND_EVERY_MS);
    }
  }

  look(): Look {
    const at = this.#now();
    const leads = this.#seats.map((_, index) => this.#lookAt(index) !== undefined);
    return { at, leads, seats: this.#seats.map(({ intervals }) => intervals) };
  }

  #lookAtAll(): void {
    for (const index of this.#seats.keys()) this.#lookAt(index);
  }

  #lookAt(index: number): Term | undefined {
    const term = this.#seats[index]?.look(this.#now());
    if (term === undefined || this.#working.has(index)) return term;
    this.#working.add(index);
    void this.#work(index, term).finally(() => this.#working.delete(index));
    return term;
  }

  /** Counts for as long as the term goes on. */
  async #work(index: number, term: Term): Promise<void> {
    const goesOn = (): boolean => this.#seats[index]?.look(this.#now()) === term;
    while (goesOn()) {
      try {
        const read = await this.#read(index, term);
        await pause(SHORTEST_WORK_MS + Math.random() * (LONGEST_WORK_MS - SHORTEST_WORK_MS));
        if (term.confirms !== undefined && !(await term.confirms())) continue;
        if (goesOn()) await this.#write(index, term, read);
      } catch {
        await pause(SHORTEST_WORK_MS); // its connection is gone: it reads anew
      }
    }
  }

  async #read(index: number, { token }: Term): Promise<Read> {
    const answer = await fetch(this.#address("read", index, token), { method: "POST" });
    return JSON.parse(await answer.text());
  }

  async #write(index: number, { token }: Term, { open, fenced }: Read): Promise<void> {
    const address = this.#address("write", index, token);
    address.searchParams.set("open", String(open + 1));
    if (fenced !== undefined) address.searchParams.set("fenced", String(fenced + 1));
    await (await fetch(address, { method: "POST" })).text();
  }

  #address(what: string, index: number, token: string | undefined): URL {
    const address = new URL(what, this.#config.store);
    address.searchParams.set("election", String(index));
    if (token !== undefined) address.searchParams.set("token", token);
    return address;
  }
}
