/** `node main.ts URL NAME`: of all that run, one works. The others take over when it ends, however it ends. */
import { createElectionClient } from "edge-election/node";

const [url = "http://127.0.0.1:8787", name = `process-${process.pid}`] = process.argv.slice(2);
const client = createElectionClient({ url, group: "warehouse", process: { name } });

// SIGTERM and SIGINT close the client, and end the process once the job has stopped and the group knows.
await client.elect("sync", async ({ epoch, signal }) => {
  console.log(`${name} works with epoch ${epoch}`);
  while (!signal.aborted) await workFor(1_000, signal);
  console.log(`${name} has stopped`);
});

/** In place of real work: it listens to the signal, so that nobody else begins before it has ended. */
function workFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
