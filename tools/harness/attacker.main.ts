/** A process that abuses a group until SIGTERM stops it; then it prints what it has done. */

import { type AttackName, attacks, type Target } from "./attacks.ts";
import { configuration } from "./configuration.ts";

/** It stops by itself, even if nobody stops it. */
const LONGEST_MS = 1_800_000;

const { attack, ...target } = configuration<Target & { readonly attack: AttackName }>();
let running = true;
const stop = (): void => {
  running = false;
};
process.once("SIGTERM", stop);
const limit = setTimeout(stop, LONGEST_MS);
const counts = await attacks[attack](target, {
  running: () => running,
  ready: () => void process.stdout.write("ready\n"),
});
clearTimeout(limit);
process.stdout.write(`counts ${JSON.stringify(counts)}\n`, () => process.exit(0));
