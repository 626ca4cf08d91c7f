/** A member of the league in a process of its own: `node member.main.ts CONFIG`. It obeys the orders on its channel. */

import { unreachable } from "../../shared/unreachable.ts";
import { configuration } from "../../tools/harness/configuration.ts";
import { machineMs } from "../peers/contender.ts";
import { ENTRANTS, type EntrantName } from "./entrants/entrants.ts";
import { stepWallClock } from "./wall-clock.ts";
import { type Look, type MemberConfig, Worker } from "./work.ts";

export interface ProcessConfig extends MemberConfig {
  readonly product: EntrantName;
}

export type Order =
  | { readonly type: "stand" }
  | { readonly type: "look" }
  /** Its wall clock goes on from another time. */
  | { readonly type: "step"; readonly ms: number };

export interface Answer {
  readonly id: number;
  readonly look?: Look;
}

const { product, ...config } = configuration<ProcessConfig>();
const { load } = ENTRANTS[product];
const worker = new Worker(config, await load(), machineMs);

async function obey(order: Order): Promise<Look | undefined> {
  switch (order.type) {
    case "stand":
      await worker.stand();
      return undefined;
    case "look":
      return worker.look();
    case "step":
      stepWallClock(order.ms);
      return undefined;
    default:
      return unreachable(order);
  }
}

process.on("message", ({ id, order }: { readonly id: number; readonly order: Order }) => {
  void obey(order).then((look) => process.send?.({ id, ...(look && { look }) } satisfies Answer));
});
process.on("disconnect", () => process.exit(0));
