import { countReports } from "./reports.ts";

/** The last line of `.ci/run`. Fails if anything failed, and if nothing ran. */
const { passed, failed } = await countReports();
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
