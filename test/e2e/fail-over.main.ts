/**
 * `npm run fail-over`: leaders that fall silent on open sockets, in real time, at several leases, with tokens and without.
 * Prints how many groups have a new leader in time; ends with exit code 1 where one has not.
 */
import { scriptNamed, wholeNumber } from "../../tools/arguments.ts";
import { failOverTable, runFailOvers } from "../support/fail-overs.ts";

const { groups } = scriptNamed(
  "npm run fail-over",
  "Lets leaders fall silent on open sockets in about a minute of real time, and prints who was followed in time.",
)
  .option(
    "--groups <number>",
    "groups of each kind: four leases, two modes, three states of timers",
    wholeNumber(1),
    30,
  )
  .parse()
  .opts<{ groups: number }>();

const rows = await runFailOvers({
  modes: ["open", "token"],
  leasesMs: [30_000, 20_000, 15_000, 10_000], // the longest waits begin first
  timers: ["run", "stand still", "known to stand still"],
  groups,
  horizonAheadMs: 30_000,
});
process.stdout.write(`${failOverTable(rows)}\n`);
process.exitCode = rows.every(({ inTime }) => inTime === groups) ? 0 : 1;
