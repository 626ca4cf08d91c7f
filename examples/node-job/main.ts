/** `node main.ts URL NAME`: one of all running processes works. Another one takes over when it ends for any reason. */
import { createElectionClient } from "edge-election/node";

const [url = "http://127.0.0.1:8787", name = `process-${process.pid}`] = process.argv.slice(2);
const client = createElectionClient({ url, group: "warehouse", process: { name } });

// SIGTERM and SIGINT close the client. The process ends once the job has stopped and the group was notified.
await client.elect("sync", async ({ epoch, signal }) => {
  console.log(`${name} works with epoch ${epoch}`);
  while (!signal.aborted) await workFor(1_000, signal);
  console.log(`${name} has stopped`);
});

/** Replaces real work. It stops on the signal, so that nobody else starts before it has ended. */
function workFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
