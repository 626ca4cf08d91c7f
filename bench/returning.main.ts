/**
 * One session of a returning crowd in a process of its own, as in life. It contends, and prints what happens with the time in
 * milliseconds since 1970. Its arguments are the address and the group.
 */
import { createElectionClient } from "../client/node/index.ts";

const [url = "", group = ""] = process.argv.slice(2);
const client = createElectionClient({ url, group });
const tell = (what: string): void => void process.stdout.write(`${what} ${Date.now()}\n`);

client.onStateChange((state) => {
  if (state === "connected") tell(`connected as ${client.sessionId} at`);
});
client.contend("a", { onGrant: () => tell("granted at"), onRevoke: () => tell("revoked at") });
process.stdin.on("end", () => process.exit()).resume();
