/**
 * `npm run soak -- --moves`: searches for the mutant of each part of the world with it and without it, and for each fault of the
 * past. Ends with exit code 1 if a number is not the one of the table, or a mutant is found without its part.
 */
import { stdout } from "node:process";
import { AT_MOST, parts, pastFaults, runsUntilFound } from "./shown-by.ts";

/** Without its part, a mutant has to survive so many. */
const WITHOUT = 100;

let failed = false;
const tell = (isRight: boolean, line: string): void => {
  failed ||= !isRight;
  stdout.write(`${isRight ? "" : "WRONG: "}${line}\n`);
};

for (const part of parts) {
  const found = await runsUntilFound(part, AT_MOST);
  const without = await runsUntilFound(part, WITHOUT, part.lack);
  const rest = without === null ? `not in ${WITHOUT} without it` : `after ${without} without it`;
  tell(
    found === part.runs && without === null,
    `${part.what}: "${part.mutant}" after ${found} ${part.kind} runs, ${rest}`,
  );
}
for (const fault of pastFaults) {
  const found = await runsUntilFound(fault, AT_MOST);
  tell(found === fault.runs, `${fault.what}: after ${found} ${fault.kind} runs`);
}
process.exitCode = failed ? 1 : 0;
