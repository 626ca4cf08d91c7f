/** Breadth first through everything that may happen within a budget of faults and ticks. */
import { hash } from "node:crypto";
import { Violation } from "../../support/violation.ts";
import type { Cores } from "../cores.ts";
import { judge } from "./judge.ts";
import { type Budget, canonical, type SmallState } from "./state.ts";
import { SmallWorld } from "./steps.ts";

export interface Exploration {
  readonly states: number;
  readonly steps: number;
  /** The longest of the shortest ways to a state. */
  readonly depth: number;
  /** Whether it has seen all, and was not stopped by `maxStates`. */
  readonly complete: boolean;
  readonly violation: { readonly error: Violation; readonly way: readonly string[] } | null;
}

interface Node {
  readonly state: SmallState;
  /** Where it was reached from: its place in `ways`. */
  readonly way: number;
}

export function explore(cores: Cores, budget: Budget, maxStates: number): Exploration {
  return new Explorer(cores, maxStates).explore(budget);
}

class Explorer {
  readonly #world: SmallWorld;
  readonly #maxStates: number;
  readonly #seen = new Set<string>();
  readonly #ways: { readonly from: number; readonly label: string }[] = [{ from: -1, label: "begin" }];
  #steps = 0;

  constructor(cores: Cores, maxStates: number) {
    this.#world = new SmallWorld(cores);
    this.#maxStates = maxStates;
  }

  explore(budget: Budget): Exploration {
    let depth = 0;
    const first = this.#world.begin(budget);
    this.#seen.add(digest(first));
    let frontier: readonly Node[] = [{ state: first, way: 0 }];
    try {
      for (; frontier.length > 0 && this.#seen.size < this.#maxStates; depth++) {
        frontier = frontier.flatMap((node) => this.#expand(node));
      }
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      return this.#result(depth, false, { error, way: this.#wayToLast() });
    }
    return this.#result(depth, frontier.length === 0, null);
  }

  /** What follows from a state and was not seen before. */
  #expand({ state: from, way }: Node): Node[] {
    const found: Node[] = [];
    if (this.#seen.size >= this.#maxStates) return found;
    for (const { label, take } of this.#world.steps(from)) {
      this.#steps += 1;
      this.#ways.push({ from: way, label });
      const state = take();
      judge(state);
      const key = digest(state);
      if (this.#seen.has(key)) {
        this.#ways.pop();
        continue;
      }
      this.#seen.add(key);
      found.push({ state, way: this.#ways.length - 1 });
    }
    return found;
  }

  #result(depth: number, complete: boolean, violation: Exploration["violation"]): Exploration {
    return { states: this.#seen.size, steps: this.#steps, depth, complete, violation };
  }

  #wayToLast(): readonly string[] {
    const labels: string[] = [];
    for (let way = this.#ways.at(-1); way !== undefined; way = this.#ways[way.from]) labels.unshift(way.label);
    return labels;
  }
}

const digest = (state: SmallState): string => hash("md5", canonical(state), "base64");
