/**
 * A real process that waits at top level for a scope of one client, while another client of it leads as well and takes
 * longer to stop: `node scopes.main.ts CONFIG`.
 */

import type { ElectionClient } from "../../client/index.ts";
import { importClient } from "../../tools/harness/built.ts";
import { configuration } from "../../tools/harness/configuration.ts";

export interface ScopesConfig {
  /** URL of a built entry point. */
  readonly entry: string;
  readonly url: string;
  readonly scope: "elect" | "terms" | "acquire" | "observe";
  /** The program listens to the signal itself, and so has to end by itself. */
  readonly listens: boolean;
}

const { entry, url, scope, listens } = configuration<ScopesConfig>();
const { createElectionClient } = await importClient(entry);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
if (listens) process.on("SIGTERM", () => say("told"));

const slow = createElectionClient({ url, group: `slow-${scope}` });
await new Promise<void>((granted) => {
  slow.contend("y", {
    onGrant: () => granted(),
    async onRevoke() {
      await fastHasEnded;
      say("slow has stopped");
    },
  });
});
const fast = createElectionClient({ url, group: `fast-${scope}` });
const fastHasEnded = new Promise<void>((ended) => fast.onStateChange((state) => state === "closed" && ended()));

const scopes = {
  elect: (client: ElectionClient) =>
    client.elect("x", async ({ signal }) => {
      say("leads");
      await new Promise((stop) => signal.addEventListener("abort", stop));
    }),
  async terms(client: ElectionClient) {
    for await (const { signal } of client.terms("x")) {
      say("leads");
      await new Promise((stop) => signal.addEventListener("abort", stop));
    }
  },
  async acquire(client: ElectionClient) {
    const { signal, close } = await client.acquire("x");
    say("leads");
    await new Promise((stop) => signal.addEventListener("abort", stop));
    await close();
    await client.acquire("z");
  },
  async observe(client: ElectionClient) {
    for await (const leader of client.observe("x")) if (leader === null) say("leads");
  },
} satisfies Record<ScopesConfig["scope"], (client: ElectionClient) => Promise<void>>;

try {
  await scopes[scope](fast);
} catch (error) {
  say(error instanceof Error && "code" in error ? String(error.code) : String(error));
  throw error;
}
