/** Much abuse for `npm run soak`: more frames, more requests, and four times the peers. What it does to terms counts, not how long a hand-over takes. */
import { median } from "../../cli/statistics.ts";
import { type Playground, type Report, startPlayground } from "../../tools/harness/abuse.ts";
import { type AttackName, attackNames } from "../../tools/harness/attacks.ts";
import { fuzzCodec } from "../../tools/harness/fuzz.ts";

const INTENSITY = 4;
/** Connections that send random frames side by side. */
const RANDOM_LANES = 4;
/** The most that the memory of the runtime may grow by the second half of the random input, as a factor: by then everything was seen. */
const LARGEST_GROWTH = 1.25;
/** In a shorter time the heap has not found its size. */
const JUDGED_SECONDS = 120;

export interface Amounts {
  readonly frames: number;
  readonly requests: number;
  /** Whether other abuse follows the random frames and requests. */
  readonly heavy: boolean;
}

/** Gives back what is wrong, in words. */
export async function soakAbuse(amounts: Amounts, seed: number, log: (line: string) => void): Promise<string[]> {
  const { frames, requests } = amounts;
  log(
    `abuse, seed ${seed}: again with \`npm run soak -- --minutes 0 --rounds 0 --frames ${frames} --requests ${requests} --seed ${seed}\``,
  );
  const messages = fuzzCodec(frames, seed);
  log(`${frames} random frames read by the codec, ${messages} of them messages, seed ${seed}`);
  const faults: string[] = [];
  await using playground = await startPlayground({ isRecorded: true });
  const tell = (attack: AttackName, report: Report): void => {
    const { handOvers, blips, counts, harm, failures } = report;
    log(
      `${attack}: median of hand-overs ${median(handOvers).toFixed(1)} ms, ${blips} connections lost and resumed, ${JSON.stringify(counts)}`,
    );
    const findings = Object.keys(counts).filter((what) => what.startsWith("finding"));
    faults.push(...[...harm, ...failures, ...findings].map((fault) => `${attack}, seed ${seed}: ${fault}`));
  };
  const tellMemory = (attack: AttackName, { memoryMb }: Report): void => {
    const at = (part: number): number => memoryMb[Math.floor(part * (memoryMb.length - 1))] ?? 0;
    log(`${attack}: ${at(0)} MB at the start, ${at(0.1)} after a tenth, ${at(0.5)} in the middle, ${at(1)} at the end`);
    if (memoryMb.length >= JUDGED_SECONDS && at(1) > LARGEST_GROWTH * at(0.5))
      faults.push(`${attack}, seed ${seed}: memory has grown from ${at(0.5)} to ${at(1)} MB`);
  };
  const random = [
    ["fuzz", { seed, frames, intensity: RANDOM_LANES }],
    ["requests", { seed, requests }],
  ] as const;
  for (const [attack, options] of random) {
    const report = await playground.suffer(attack, options);
    tell(attack, report);
    tellMemory(attack, report);
  }
  if (amounts.heavy) for (const attack of heavy()) tell(attack, await suffer(playground, attack, seed));
  return faults;
}

/** Five thousand silent sockets are enough, and so are the random requests before. */
const heavy = (): AttackName[] => attackNames.filter((name) => name !== "silent" && name !== "requests");

const suffer = (playground: Playground, attack: AttackName, seed: number): Promise<Report> =>
  playground.suffer(attack, { seed, intensity: INTENSITY });
