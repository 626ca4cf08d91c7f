/** From the call of `resign` to the last `onGrant` of the next process. */

import { median } from "../../cli/statistics.ts";
import { withBackend } from "../backend.ts";
import { hangUp, joinCrowd } from "../crowd.ts";
import { bareHandOvers, probeFloor } from "../floor.ts";
import { framesOf, interleaved, type Pair, pairOf, WARM_UP_ROUNDS, warmed } from "../pair.ts";
import type { Bench, Measured, Row } from "../row.ts";
import { largestCrowd, pause } from "../sockets.ts";

const GROUP = "bench";
/** As before the hand-overs of peers. */
const REST_MS = 5;

/** Compared with its floor, one exchange with one commit, which is measured in between. */
const compared = ({ floor }: Bench): Promise<Measured> =>
  withBackend({}, async ({ url }) => {
    await using pair = await pairOf(url, GROUP, ["a"]);
    await using probe = await probeFloor(floor);
    const { measured, reference } = await interleaved(pair.handOver, probe.relay);
    return { samples: measured, reference: { name: "F1", value: median(reference) } };
  });

const fullClients = (url: string, group: string): Promise<Pair> => pairOf(url, group, ["a"]);

/**
 * Compared with what the platform takes for the same rows and frames: the rest is this project's code, its client included.
 * After a rest the caches of the processor have forgotten it: so it is with most hand-overs, and in the rows of the peers.
 */
const overBare = ({ floor }: Bench, restMs: number, open = fullClients): Promise<Measured> =>
  withBackend({ LOG_LEVEL: "error" }, async ({ url }) => {
    await using pair = await open(url, GROUP);
    await using bare = await bareHandOvers(floor);
    const rested = (handOver: () => Promise<number>) => async () => {
      if (restMs > 0) await pause(restMs);
      return handOver();
    };
    const { measured, reference } = await warmed(rested(pair.handOver), rested(bare.handOver));
    return {
      samples: measured,
      reference: { name: "a bare object that reads and writes the same", value: median(reference) },
    };
  });

/** Compared with a group of two contenders for one component, in the same runtime. `waiting` stand behind those two. */
const crowded = (components: readonly string[], waiting: number, name: string): Promise<Measured> =>
  withBackend({}, async ({ url }) => {
    await using few = await pairOf(url, "few", ["a"]);
    await using many = await pairOf(url, GROUP, components);
    const contenders = components.map((component) => ({ component }));
    const crowd = await joinCrowd(url, GROUP, waiting, { contenders });
    const { measured, reference } = await interleaved(many.handOver, few.handOver);
    hangUp(crowd);
    return { samples: measured, reference: { name, value: median(reference) } };
  });

/** The process that takes over waits, too. */
const waitingRow = (waiting: number, most: number): Row => {
  const others = largestCrowd(waiting) - 1;
  return {
    id: `hand-over-${waiting}`,
    name: `hand-over by resign, ${waiting.toLocaleString("en")} waiting`,
    unit: "ms",
    ...(others + 1 < waiting && { settings: `${others + 1} waiting: the limit on open files allows only these` }),
    bounds: [{ of: "ratio", most }],
    measure: () => crowded(["a"], others, "2 contenders"),
  };
};

const EIGHT = Array.from({ length: 8 }, (_, index) => `component-${index}`);

export const HAND_OVER_ROWS: readonly Row[] = [
  {
    id: "hand-over-2",
    name: "hand-over by resign, 2 contenders",
    unit: "ms",
    bounds: [{ of: "ratio", most: 3 }],
    measure: compared,
  },
  {
    id: "hand-over-bare",
    name: "hand-over by resign, against a bare object",
    unit: "ms",
    settings: `no log; after ${WARM_UP_ROUNDS} rounds of each that do not count`,
    measure: (bench) => overBare(bench, 0),
  },
  {
    id: "hand-over-bare-rested",
    name: `hand-over by resign, against a bare object, ${REST_MS} ms after the last`,
    unit: "ms",
    settings: `no log; after ${WARM_UP_ROUNDS} rounds of each that do not count`,
    measure: (bench) => overBare(bench, REST_MS),
  },
  {
    id: "hand-over-frames-rested",
    name: `hand-over by resign without clients, frame to frame, against a bare object, ${REST_MS} ms after the last`,
    unit: "ms",
    settings: `no log; after ${WARM_UP_ROUNDS} rounds of each that do not count`,
    measure: (bench) => overBare(bench, REST_MS, framesOf),
  },
  waitingRow(100, 1.3),
  waitingRow(1_000, 1.3),
  waitingRow(10_000, 2),
  {
    id: "hand-over-8-components",
    name: "hand-over by resign, all 8 components moved",
    unit: "ms",
    bounds: [{ of: "ratio", most: 1.1 }],
    measure: () => crowded(EIGHT, 0, "one component"),
  },
];
