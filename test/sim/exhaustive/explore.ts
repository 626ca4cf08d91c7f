/** Breadth first through everything that may happen within a budget of faults and ticks. */
import { hash } from "node:crypto";
import type { Cores } from "../cores.ts";
import { Violation } from "../world/violation.ts";
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
  readonly depth: number;
  /** Where it was reached from: its place in `ways`. */
  readonly way: number;
}

export function explore(cores: Cores, budget: Budget, maxStates: number): Exploration {
  const world = new SmallWorld(cores);
  const first = world.begin(budget);
  const seen = new Set([digest(first)]);
  const ways: { readonly from: number; readonly label: string }[] = [{ from: -1, label: "begin" }];
  let frontier: Node[] = [{ state: first, depth: 0, way: 0 }];
  let steps = 0;
  let depth = 0;
  while (frontier.length > 0 && seen.size < maxStates) {
    const next: Node[] = [];
    for (const node of frontier) {
      for (const { label, take } of world.steps(node.state)) {
        steps += 1;
        ways.push({ from: node.way, label });
        try {
          const state = take();
          world.judge(state);
          const key = digest(state);
          if (seen.has(key)) ways.pop();
          else {
            seen.add(key);
            next.push({ state, depth: node.depth + 1, way: ways.length - 1 });
          }
        } catch (error) {
          if (!(error instanceof Violation)) throw error;
          return {
            states: seen.size,
            steps,
            depth,
            complete: false,
            violation: { error, way: wayTo(ways, ways.length - 1) },
          };
        }
      }
      if (seen.size >= maxStates) break;
    }
    depth += 1;
    frontier = next;
  }
  return { states: seen.size, steps, depth, complete: frontier.length === 0, violation: null };
}

const digest = (state: SmallState): string => hash("md5", canonical(state), "base64");

function wayTo(ways: readonly { readonly from: number; readonly label: string }[], end: number): readonly string[] {
  const labels: string[] = [];
  for (let at = end; at >= 0; ) {
    const way = ways[at];
    if (way === undefined) break;
    labels.unshift(way.label);
    at = way.from;
  }
  return labels;
}
