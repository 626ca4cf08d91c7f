/** This commit and an earlier one, in turns: `npm run bench -- --rows "^before-" --before COMMIT`. */
import { median } from "../../cli/statistics.ts";
import { withBackend } from "../backend.ts";
import { type Earlier, withEarlier } from "../earlier.ts";
import { joinOnce, type OpenClient } from "../member.ts";
import { pairOf, WARM_UP_ROUNDS, warmed } from "../pair.ts";
import { type Bench, type Measured, type Row, Skipped } from "../row.ts";
import { pause } from "../sockets.ts";

/** An exchange and a commit less must be seen in the whole. */
const LARGEST_RATIO = 0.75;
const JOINS = { turns: 20, inATurn: 10, warmUp: 2 };
const REST_MS = 5;

type Comparison = (url: string, earlier: Earlier) => ReturnType<typeof warmed>;

async function compared({ before }: Bench, comparison: Comparison): Promise<Measured> {
  if (before === undefined) throw new Skipped("no commit is named: --before COMMIT");
  return withEarlier(before, (earlier) =>
    withBackend({}, async ({ url }) => {
      const { measured, reference } = await comparison(url, earlier);
      return { samples: measured, reference: { name: `commit ${before}`, value: median(reference) } };
    }),
  );
}

const handOvers =
  (components: readonly string[]): Comparison =>
  async (url, { backend, open }) => {
    await using present = await pairOf(url, "bench", components);
    await using past = await pairOf(backend.url, "bench", components, { open });
    return await warmed(present.handOver, past.handOver);
  };

/** In a group that exists, and that is done with whoever was there before. */
const joins: Comparison = (url, { backend, open }) => {
  const join = (address: string, openClient?: OpenClient) => async () => {
    await pause(REST_MS);
    return joinOnce(address, "bench", ["a"], openClient);
  };
  return warmed(join(url), join(backend.url, open), JOINS);
};

const EIGHT = Array.from({ length: 8 }, (_, index) => `component-${index}`);

const row = (id: string, name: string, comparison: Comparison): Row => ({
  id: `before-${id}`,
  name: `${name}, against an earlier commit`,
  unit: "ms",
  settings: `the earlier backend and client beside the present ones, in one process, after ${WARM_UP_ROUNDS} rounds of each that do not count`,
  bounds: [{ of: "ratio", most: LARGEST_RATIO }],
  measure: (bench) => compared(bench, comparison),
});

export const BEFORE_ROWS: readonly Row[] = [
  row("hand-over-2", "hand-over by resign, 2 contenders", handOvers(["a"])),
  row("hand-over-8-components", "hand-over by resign, all 8 components moved", handOvers(EIGHT)),
  row("join-to-lead", "join to lead", joins),
];
