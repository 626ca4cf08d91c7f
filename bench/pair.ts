/** Two processes with the full client that lead in turn, and the comparison of their hand-overs with another measurement. */
import { candidate } from "../tools/harness/cluster.ts";
import { closeAll, member } from "./member.ts";
import { elapsedSince } from "./sockets.ts";

/** Both processes have priority over all other candidates, so they lead in turn even if others wait. */
const FIRST = 1;

export interface Pair extends AsyncDisposable {
  /** One hand-over, in milliseconds. */
  handOver(): Promise<number>;
}

export async function pairOf(url: string, group: string, components: readonly string[]): Promise<Pair> {
  let leader = member(url, group, components, { name: "a", priority: FIRST });
  await leader.next();
  let follower = member(url, group, components, { name: "b", priority: FIRST });
  await candidate(url, group, "b");
  return {
    async handOver() {
      leader.again();
      const startedAt = performance.now();
      void leader.client.resign();
      await follower.next();
      [leader, follower] = [follower, leader];
      return elapsedSince(startedAt);
    },
    [Symbol.asyncDispose]: () => closeAll([leader, follower]),
  };
}

/** Measures both in turn, a few samples at a time, so that other work of the machine affects both alike. */
export async function interleaved(
  measured: () => Promise<number>,
  reference: () => Promise<number>,
  { turns, inATurn, warmUp } = { turns: 20, inATurn: 20, warmUp: 3 },
) {
  const samples: Record<"measured" | "reference", number[]> = { measured: [], reference: [] };
  for (let turn = 0; turn < turns; turn++) {
    for (const kind of ["reference", "measured"] as const) {
      const once = kind === "measured" ? measured : reference;
      for (let index = 0; index < warmUp + inATurn; index++) {
        const ms = await once();
        if (index >= warmUp) samples[kind].push(ms);
      }
    }
  }
  return samples;
}
