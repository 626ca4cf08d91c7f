/**
 * A real process that leads one component in each of its groups, a client for each, and then ends in one of the ways in
 * which processes end: `node leaving.main.ts CONFIG`.
 */

import type { ElectionClient } from "../../client/index.ts";
import { importClient } from "../../tools/harness/built.ts";
import { configuration } from "../../tools/harness/configuration.ts";

export interface LeavingConfig {
  /** URL of a built entry point. */
  readonly entry: string;
  readonly url: string;
  readonly groups: readonly string[];
  /**
   * `stay`: until a signal ends it. `hang`: the same, and its drain never ends. `close`: closes its clients, and has
   * nothing else to do. `contenders`: closes only its contenders. `exit`: exits as soon as its clients have closed.
   */
  readonly ending: "stay" | "hang" | "close" | "contenders" | "exit";
}

const { entry, url, groups, ending } = configuration<LeavingConfig>();
const { createElectionClient } = await importClient(entry);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const clients: ElectionClient[] = groups.map((group) => createElectionClient({ url, group }));
let leads = 0;
const contenders = clients.map((client) =>
  client.contend("x", {
    onGrant() {
      leads += 1;
      if (leads === groups.length) say("leads");
    },
    onRevoke() {
      say("revoked");
      return ending === "hang" ? new Promise(() => {}) : undefined;
    },
    onError: (error) => say(String(error)),
  }),
);

/** The test says when. */
process.stdin.once("data", async () => {
  process.stdin.destroy();
  await Promise.all((ending === "contenders" ? contenders : clients).map((one) => one.close()));
  say("closed");
  if (ending === "exit") process.exit(0);
});
if (ending === "stay" || ending === "hang") process.stdin.unref();
