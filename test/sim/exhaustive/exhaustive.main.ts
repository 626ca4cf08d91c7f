/**
 * `npm run soak -- --exhaustive`: explores every small world completely, and says for each how many states it has. Ends
 * with exit code 1 when anything was violated, or when a world is larger than it may be.
 */
import process from "node:process";
import { scriptNamed, wholeNumber } from "../../../tools/arguments.ts";
import { shippedCores } from "../cores.ts";
import { explore } from "./explore.ts";
import { Seen } from "./seen.ts";
import { worlds } from "./worlds.ts";

const options = scriptNamed("node test/sim/exhaustive/exhaustive.main.ts", "Explores every small world completely.")
  .option("--states <number>", "the most that one world may have: each takes up to 6 kB", wholeNumber(1), 600_000)
  .option("--only <text>", "worlds whose names contain it", "")
  .parse()
  .opts<{ states: number; only: string }>();

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const secondsSince = (start: number): string => ((performance.now() - start) / 1_000).toFixed(1);
const megabytes = (): number => Math.round(process.resourceUsage().maxRSS / 1_000);

const start = performance.now();
const scenes = new Seen();
let [states, steps] = [0, 0];
for (const { name, setup } of worlds.filter((world) => world.name.includes(options.only))) {
  const begun = performance.now();
  const found = explore(shippedCores, setup, { maxStates: options.states });
  states += found.states;
  steps += found.steps;
  scenes.addAll(found.scenes);
  print(
    `${name}: ${found.states} distinct states, ${found.steps} steps, depth ${found.depth}; ${secondsSince(begun)} s, at most ${megabytes()} MB so far`,
  );
  if (found.violation !== null) {
    print(`${found.violation.error.message}\n  ${found.violation.way.join("\n  ")}`);
    process.exitCode = 1;
  } else if (!found.complete) {
    print("  not complete: it has more states than --states allows");
    process.exitCode = 1;
  }
}
print(
  `${states} distinct states in all, ${scenes.size} of them distinct whatever may still happen; ${steps} steps; ` +
    `${secondsSince(start)} s, at most ${megabytes()} MB`,
);
