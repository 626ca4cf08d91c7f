/** Two processes that lead in turn, and the comparison of their hand-overs with another measurement. */
import { once } from "node:events";
import { candidate } from "../tools/harness/cluster.ts";
import { hangUp, joinLeader, joinPeer } from "./crowd.ts";
import { closeAll, member, type OpenClient } from "./member.ts";
import { elapsedSince } from "./sockets.ts";

/** Both processes have priority over all other candidates, so they lead in turn even if others wait. */
const FIRST = 1;

export interface Pair extends AsyncDisposable {
  /** One hand-over, in milliseconds. */
  handOver(): Promise<number>;
}

export interface PairSettings {
  readonly priority?: number;
  /** Done while the first leads and before the second comes, so that others stand in front of it. */
  readonly between?: () => Promise<void>;
  /** Another version of the client. */
  readonly open?: OpenClient | undefined;
}

export async function pairOf(
  url: string,
  group: string,
  components: readonly string[],
  settings: PairSettings = {},
): Promise<Pair> {
  const { priority = FIRST, between, open } = settings;
  let leader = member(url, group, components, { name: "a", priority, open });
  await leader.next();
  await between?.();
  let follower = member(url, group, components, { name: "b", priority, open });
  await candidate(url, group, "b");
  return {
    async handOver() {
      leader.again();
      const startedAt = performance.now();
      void leader.client.resign();
      await follower.next();
      [leader, follower] = [follower, leader];
      return leader.grantedAt - startedAt;
    },
    [Symbol.asyncDispose]: () => closeAll([leader, follower]),
  };
}

/** The same without a client: from the frame that gives up the lead to the frame that grants it. */
export async function framesOf(url: string, group: string): Promise<Pair> {
  const hello = { contenders: [{ component: "a" }] };
  let { peer: leader, leaderSessionId } = await joinLeader(url, group, hello);
  let follower = await joinPeer(url, group, hello);
  await follower.renew();
  return {
    async handOver() {
      const won = follower.win();
      const granted = once(follower.socket, "message");
      const startedAt = performance.now();
      leader.send({ type: "resign", sentAt: leader.sentAt(), leaderSessionId });
      await granted;
      const ms = elapsedSince(startedAt);
      ({ leaderSessionId } = await won);
      [leader, follower] = [follower, leader];
      return ms;
    },
    async [Symbol.asyncDispose]() {
      hangUp([leader, follower]);
    },
  };
}

const OFTEN = { turns: 20, inATurn: 20, warmUp: 3 };

/** Rounds of each side that do not count. A server in Java is several times slower in its first ones. */
export const WARM_UP_ROUNDS = 500;

/** As `interleaved`, after rounds of both that do not count. */
export async function warmed(measured: () => Promise<number>, reference: () => Promise<number>, series = OFTEN) {
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    await reference();
    await measured();
  }
  return interleaved(measured, reference, series);
}

/** Measures both in turn, a few samples at a time, so that other work of the machine affects both alike. */
export async function interleaved(
  measured: () => Promise<number>,
  reference: () => Promise<number>,
  { turns, inATurn, warmUp } = OFTEN,
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
