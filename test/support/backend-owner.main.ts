import { importLocalBackend } from "../../tools/harness/built.ts";

/** A process that owns a backend: prints its url, then ends in the way that was asked for, or waits to be killed. */
const [, , bundle = "", ending] = process.argv;
const { startLocalBackend } = await importLocalBackend();
const backend = await startLocalBackend({ workerBundle: bundle, bindings: {} });
process.stdout.write(`${backend.url}\n`, () => {
  if (ending === "exit") process.exit(0);
  if (ending === "throw") throw new Error("uncaught, on purpose");
});
