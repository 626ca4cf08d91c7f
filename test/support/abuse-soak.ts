/** Much abuse for `npm run soak`: more frames, and four times the peers. What it does to terms counts, not how long a hand-over takes. */
import { median } from "../../cli/statistics.ts";
import { type Playground, type Report, startPlayground } from "../../tools/harness/abuse.ts";
import { type AttackName, attackNames } from "../../tools/harness/attacks.ts";
import { fuzzCodec } from "../../tools/harness/fuzz.ts";

const INTENSITY = 4;

/** Gives back what is wrong, in words. */
export async function soakAbuse(frames: number, seed: number, log: (line: string) => void): Promise<string[]> {
  log(`abuse, seed ${seed}: again with \`npm run soak -- --minutes 0 --rounds 0 --frames ${frames} --seed ${seed}\``);
  const messages = fuzzCodec(frames, seed);
  log(`${frames} random frames read by the codec, ${messages} of them messages, seed ${seed}`);
  const faults: string[] = [];
  await using playground = await startPlayground();
  const tell = (attack: AttackName, report: Report): void => {
    const { handOvers, blips, counts, harm } = report;
    log(
      `${attack}: median of hand-overs ${median(handOvers).toFixed(1)} ms, ${blips} connections lost and resumed, ${JSON.stringify(counts)}`,
    );
    const findings = Object.keys(counts).filter((what) => what.startsWith("finding"));
    faults.push(...[...harm, ...findings].map((fault) => `${attack}, seed ${seed}: ${fault}`));
  };
  tell("fuzz", await playground.suffer("fuzz", { seed, frames }));
  for (const attack of heavy()) tell(attack, await suffer(playground, attack, seed));
  return faults;
}

/** Five thousand silent sockets are enough. */
const heavy = (): AttackName[] => attackNames.filter((name) => name !== "silent");

const suffer = (playground: Playground, attack: AttackName, seed: number): Promise<Report> =>
  playground.suffer(attack, { seed, intensity: INTENSITY });
