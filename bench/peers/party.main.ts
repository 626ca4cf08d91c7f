/**
 * A process with contenders of one product: `node party.main.ts CONFIG`. It obeys the orders that come over its channel,
 * one answer each, and tells when a contender leads.
 */
import { unreachable } from "../../shared/unreachable.ts";
import { configuration } from "../../tools/harness/configuration.ts";
import { Churn } from "./churn.ts";
import { type Contender, machineMs } from "./contender.ts";
import type { Answer, Order, PartyConfig, Report } from "./party.ts";
import { PRODUCTS } from "./products.ts";

const { product, address } = configuration<PartyConfig>();
const { connect } = PRODUCTS[product];
const seats: Contender[] = [];
let churn: Churn | undefined;

const report = (message: Report): void => void process.send?.(message);

function seated(seat: number): Contender {
  const contender = seats[seat];
  if (contender === undefined) throw new Error(`nobody has seat ${seat}`);
  return contender;
}

/** A contender that is alone leads, and leaves. */
async function join(election: string): Promise<number> {
  const startedAt = machineMs();
  const contender = await connect(address, election);
  const led = await leading(contender);
  await contender.resign();
  await contender.close();
  return led - startedAt;
}

/** Resolves with the time when it leads. */
const leading = (contender: Contender): Promise<number> =>
  new Promise((resolve, reject) => {
    contender.stand(() => resolve(machineMs())).catch(reject);
  });

async function obey(order: Order): Promise<number> {
  switch (order.type) {
    case "seat":
      return seats.push(await connect(address, order.election)) - 1;
    case "stand":
      await seated(order.seat).stand(() => report({ type: "leads", seat: order.seat, at: machineMs() }));
      return 0;
    case "resign": {
      const at = machineMs();
      await seated(order.seat).resign();
      return at;
    }
    case "join":
      return join(order.election);
    case "alone":
      for (let round = 0; round < order.rounds; round++) {
        await leading(seated(order.seat));
        await seated(order.seat).resign();
      }
      return 0;
    case "churn":
      churn ??= await Churn.of(order.elections, (election) => connect(address, election));
      return churn.rate(order.ms);
    case "leave":
      await Promise.all(seats.map((contender) => contender.close()));
      await churn?.close();
      return 0;
    default:
      return unreachable(order);
  }
}

process.on("message", ({ id, order }: { readonly id: number; readonly order: Order }) => {
  const answer = (rest: Omit<Answer, "type" | "id">): void => report({ type: "answer", id, ...rest });
  obey(order).then(
    (value) => answer({ value }),
    (error: unknown) => answer({ value: 0, error: String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));
