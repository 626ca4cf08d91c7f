/**
 * Breadth first through everything that may happen within a budget of faults and ticks.
 *
 * Not every order of what is independent is tried (`order`). A packet may be on its way to a process for which nothing
 * else can happen before it arrives: no time passes, no timer is due, no fault or wish is left for it (`alone`). Then its
 * arrival commutes with every other step: it reads and changes what belongs to the process alone, takes the first
 * packet of one queue and appends to another, while the other steps append to the first and take from the second; and
 * where the socket is closed meanwhile, what it would send is lost either way. So it comes first, alone, if nobody can
 * tell that it came: who holds what is as before. Each violation that some order shows is then shown by an order that is
 * tried, and every state is reached in which nothing more can happen. These are the conditions for ample sets (Clarke,
 * Grumberg and Peled, "Model checking", 1999, chapter 10), a form of Godefroid's persistent sets ("Partial-order methods
 * for the verification of concurrent systems", 1996). No circle is made of such steps, since each takes a packet that
 * is on its way down, and none sends one down.
 */
import { Violation } from "../../support/violation.ts";
import type { Cores } from "../cores.ts";
import { fingerprintsOf } from "./fingerprint.ts";
import { heldBy, judge } from "./judge.ts";
import { Seen } from "./seen.ts";
import { localNow, type SmallState } from "./state.ts";
import { type SmallSetup, SmallWorld } from "./steps.ts";

/** What is left out, since it would show nothing new. */
export interface Reductions {
  /** Orders of independent steps. */
  readonly order: boolean;
  /** Exchanges of processes that are alike. */
  readonly symmetry: boolean;
}

export const ALL_REDUCTIONS: Reductions = { order: true, symmetry: true };
export const NO_REDUCTIONS: Reductions = { order: false, symmetry: false };

export interface Limits {
  readonly maxStates: number;
  readonly reductions?: Reductions;
}

export interface Exploration {
  readonly states: number;
  readonly steps: number;
  /** The longest of the shortest ways to a state. */
  readonly depth: number;
  /** States in which nothing more can happen. These and the scenes are fingerprints that symmetry leaves the same. */
  readonly ends: Seen;
  /** States, but for what may still happen in them. */
  readonly scenes: Seen;
  /** Whether it has seen all, and was not stopped by `maxStates`. */
  readonly complete: boolean;
  readonly violation: { readonly error: Violation; readonly way: readonly string[] } | null;
}

interface Node {
  readonly state: SmallState;
  /** Its place in `ways`. */
  readonly way: number;
}

export const explore = (cores: Cores, setup: SmallSetup, limits: Limits): Exploration =>
  new Explorer(cores, setup, limits).explore();

class Explorer {
  readonly #world: SmallWorld;
  readonly #maxStates: number;
  readonly #reductions: Reductions;
  readonly #seen = new Seen();
  readonly #scenes = new Seen();
  readonly #ends = new Seen();
  /** Of each state: from which one it was reached, and by which of its steps. */
  readonly #ways = new Ways();
  #steps = 0;

  constructor(cores: Cores, setup: SmallSetup, { maxStates, reductions = ALL_REDUCTIONS }: Limits) {
    this.#world = new SmallWorld(cores, setup);
    this.#maxStates = maxStates;
    this.#reductions = reductions;
  }

  explore(): Exploration {
    const first = this.#world.begin();
    this.#isNew(first);
    let depth = 0;
    let frontier: readonly Node[] = [{ state: first, way: this.#ways.add(-1, 0) }];
    try {
      for (; frontier.length > 0 && this.#seen.size < this.#maxStates; depth++) {
        const next: Node[] = [];
        for (const node of frontier) {
          if (this.#seen.size < this.#maxStates) this.#expand(node, next);
        }
        frontier = next;
      }
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      return this.#result(depth, false, { error, way: this.#wayToLast() });
    }
    return this.#result(depth, frontier.length === 0, null);
  }

  #isNew(state: SmallState): boolean {
    const { state: print, scene } = fingerprintsOf(state, this.#reductions.symmetry);
    if (!this.#seen.add(print)) return false;
    this.#scenes.add(this.#reductions.symmetry ? scene : fingerprintsOf(state, true).scene);
    return true;
  }

  /** Adds what follows from a state and was not seen before. */
  #expand({ state: from, way }: Node, found: Node[]): void {
    if (this.#reductions.order && this.#goesFirst(from, way, found)) return;
    let nth = 0;
    for (const { take } of this.#world.steps(from)) {
      this.#ways.last = { from: way, nth };
      this.#meet(take(), nth, way, found);
      nth += 1;
    }
    if (nth === 0) this.#ends.add(fingerprintsOf(from, true).state);
  }

  /** Takes an arrival that may come first and alone, if there is one that nobody can tell. */
  #goesFirst(from: SmallState, way: number, found: Node[]): boolean {
    let nth = FIRST_ALONE;
    for (const { take } of this.#world.alone(from)) {
      this.#ways.last = { from: way, nth };
      const state = take();
      if (looksTheSame(from, state)) {
        this.#meet(state, nth, way, found);
        return true;
      }
      nth += 1;
    }
    return false;
  }

  #meet(state: SmallState, nth: number, from: number, found: Node[]): void {
    this.#steps += 1;
    judge(state);
    if (this.#isNew(state)) found.push({ state, way: this.#ways.add(from, nth) });
  }

  #result(depth: number, complete: boolean, violation: Exploration["violation"]): Exploration {
    const [steps, ends, scenes] = [this.#steps, this.#ends, this.#scenes];
    return { states: this.#seen.size, steps, depth, ends, scenes, complete, violation };
  }

  /** The names of the steps to the last one that was taken: they are taken again. */
  #wayToLast(): readonly string[] {
    const labels: string[] = [];
    let state = this.#world.begin();
    const way = this.#ways.toLast();
    for (const [index, nth] of way.entries()) {
      const steps = nth < FIRST_ALONE ? this.#world.steps(state) : this.#world.alone(state);
      const step = [...steps][nth % FIRST_ALONE];
      if (step === undefined) throw new Error("the way is not there");
      labels.push(step.label());
      if (index < way.length - 1) state = step.take();
    }
    return labels;
  }
}

/** The steps that may come first and alone are numbered from here on, all others from 0. */
const FIRST_ALONE = 2 ** 15;

/** To the judge: who holds what, and which terms were taken. */
function looksTheSame(before: SmallState, after: SmallState): boolean {
  if (before.led !== after.led) return false;
  return after.clients.every((client, index) => {
    const former = before.clients[index];
    if (former === undefined || former === client) return true;
    const now = localNow(after, client);
    return `${heldBy(former, now)}` === `${heldBy(client, now)}`;
  });
}

interface Way {
  readonly from: number;
  readonly nth: number;
}

/** How each state was reached first, six bytes each. */
class Ways {
  last: Way = { from: -1, nth: 0 };
  #from = new Int32Array(2 ** 14);
  #nth = new Uint16Array(2 ** 14);
  #size = 0;

  add(from: number, nth: number): number {
    if (this.#size === this.#from.length) {
      const [former, numbers] = [this.#from, this.#nth];
      this.#from = new Int32Array(2 * former.length);
      this.#nth = new Uint16Array(2 * former.length);
      this.#from.set(former);
      this.#nth.set(numbers);
    }
    this.#from[this.#size] = from;
    this.#nth[this.#size] = nth;
    return this.#size++;
  }

  /** The numbers of the steps. */
  toLast(): readonly number[] {
    const numbers = [this.last.nth];
    for (let way = this.last.from; way > 0; way = this.#from[way] ?? -1) numbers.unshift(this.#nth[way] ?? 0);
    return numbers;
  }
}
