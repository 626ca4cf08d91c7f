/** A process that abuses a group until SIGTERM stops it; then it prints what it has done. */

import { type AttackName, attacks, type Target } from "./attacks.ts";
import { configuration } from "./configuration.ts";
import { PATIENCE_MS } from "./patience.ts";
import { Tally } from "./tally.ts";

/** It stops by itself, even if nobody stops it, and sooner if it has no effect. */
const LONGEST_MS = 1_800_000;

const { attack, ...target } = configuration<Target & { readonly attack: AttackName }>();
let running = true;
const stop = (): void => {
  running = false;
};
process.once("SIGTERM", stop);
let limit = setTimeout(stop, PATIENCE_MS);
const { run, effect } = attacks[attack];
const tally = new Tally(effect, () => {
  clearTimeout(limit);
  limit = setTimeout(stop, LONGEST_MS);
  process.stdout.write("ready\n");
});
await run(target, tally, () => running);
process.stdout.write(`counts ${JSON.stringify(tally.counts)}\n`, () => process.exit(0));
