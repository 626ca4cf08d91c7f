import { claimDataDirectory } from "../../cli/backend/data-directory.ts";

/** A process that claims the data directory: prints `claimed` and waits to be killed, or prints why it can't. */
const { message } = await claimDataDirectory(process.argv[2] ?? "").then(
  ({ path }) => ({ message: `claimed ${path}` }),
  (error: Error) => error,
);
process.stdout.write(`${message}\n`);
if (message.startsWith("claimed")) setInterval(() => {}, 60_000);
