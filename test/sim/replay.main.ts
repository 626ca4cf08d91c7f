/** Makes one run once more and prints what happens: `node test/sim/replay.main.ts '{"setup":...,"moves":...}'`. */
import { argv, exit, stdout } from "node:process";
import { shippedCores } from "./cores.ts";
import { replay } from "./run.ts";

const print = (line: string): void => {
  stdout.write(`${line}\n`);
};

try {
  replay(shippedCores, JSON.parse(argv[2] ?? ""), print);
  print("no violation");
} catch (error) {
  print(error instanceof Error ? (error.stack ?? error.message) : String(error));
  exit(1);
}
