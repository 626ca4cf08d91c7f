/** A peer and this project, measured in turns: their hand-overs, each in processes of its own. */
import { interleaved, WARM_UP_ROUNDS } from "../pair.ts";
import { Party } from "./party.ts";
import { PRODUCTS, type ProductName } from "./products.ts";
import { Ring } from "./ring.ts";
import type { HandOver } from "./server.ts";

export interface Setting {
  readonly peer: Exclude<ProductName, "ours">;
  /** Contenders that wait behind the one that takes over. */
  readonly waiting: number;
  /** Processes that hold the contenders of one side. */
  readonly processes: 1 | 2;
  /** Whether the rounds that do not count have a contender that waits. Those of a peer that polls would take minutes. */
  readonly warmsUp: "with a rival" | "alone";
  readonly series: Parameters<typeof interleaved>[2];
}

/** Both rest equally long before each hand-over that counts. */
export const handOversOf = (setting: Setting) =>
  PRODUCTS[setting.peer].withServer((theirAddress) =>
    PRODUCTS.ours.withServer(async (ourAddress) => {
      await using theirs = await gathered(setting.peer, theirAddress, setting);
      await using ours = await gathered("ours", ourAddress, setting);
      const rested = (handOver: HandOver): HandOver => {
        const rest = PRODUCTS[setting.peer].rests();
        return async () => {
          await rest();
          return handOver();
        };
      };
      return await interleaved(rested(theirs.handOver), rested(ours.handOver), setting.series);
    }),
  );

/** Those of this project alone, in one process. */
export const ourHandOvers = <T>(work: (handOver: HandOver) => Promise<T>): Promise<T> =>
  PRODUCTS.ours.withServer(async (address) => {
    await using ours = await gathered("ours", address, { waiting: 0, processes: 1, warmsUp: "with a rival" });
    return await work(ours.handOver);
  });

type Crowd = Pick<Setting, "waiting" | "processes" | "warmsUp">;

async function gathered(product: ProductName, address: string, { waiting, processes, warmsUp }: Crowd) {
  await using started = new AsyncDisposableStack();
  const parties = Array.from({ length: processes }, () => started.use(new Party({ product, address })));
  const ring = new Ring(parties);
  const isAlone = warmsUp === "alone";
  await ring.gather("bench", waiting + 2, isAlone ? WARM_UP_ROUNDS : 0);
  for (let round = 0; !isAlone && round < WARM_UP_ROUNDS; round++) await ring.handOver();
  const running = started.move();
  return { handOver: () => ring.handOver(), [Symbol.asyncDispose]: () => running.disposeAsync() };
}
