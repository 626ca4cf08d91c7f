/** Hand-overs to the first contender that lives, behind others whose process has just been stopped. */
import { Party } from "./party.ts";
import type { ProductName } from "./products.ts";

/**
 * One sample of each election, all at the same time: from the call that gives up the lead to the callback of the
 * contender that lives.
 */
export async function silentHandOvers(
  product: ProductName,
  address: string,
  silent: number,
  elections: number,
): Promise<number[]> {
  await using living = new Party({ product, address });
  await using silenced = new Party({ product, address });
  const led = new Map<number, PromiseWithResolvers<number>>();
  living.onLead = ({ seat, at }) => led.get(seat)?.resolve(at);
  const stand = async (party: Party, election: string): Promise<number> => {
    const seat = await party.order({ type: "seat", election });
    if (party === living) led.set(seat, Promise.withResolvers());
    await party.order({ type: "stand", seat });
    return seat;
  };
  const leads = async (seat: number): Promise<number> => (await led.get(seat)?.promise) ?? Number.NaN;
  const pairs: [number, number][] = [];
  for (let index = 0; index < elections; index++) {
    const election = `silent-${index}`;
    const leader = await stand(living, election);
    await leads(leader);
    for (let other = 0; other < silent; other++) await stand(silenced, election);
    pairs.push([leader, await stand(living, election)]);
  }
  silenced.freeze();
  return await Promise.all(
    pairs.map(async ([leader, next]) => {
      const [startedAt, at] = await Promise.all([living.order({ type: "resign", seat: leader }), leads(next)]);
      return at - startedAt;
    }),
  );
}
