/** A process that abuses a group: it prepares, and goes on until SIGTERM stops it; then it prints what it has sent meanwhile. */
import { configuration } from "../../tools/harness/configuration.ts";
import { ABUSES, type AbuseId } from "./abuses.ts";
import { Sent, type Victim } from "./attacker.ts";

const { abuse, ...victim } = configuration<Victim & { readonly abuse: AbuseId }>();
const sent = new Sent();
const attack = await ABUSES[abuse].prepare(victim, sent);
let running = true;
process.once("SIGTERM", () => {
  running = false;
});
sent.forget();
process.stdout.write("ready\n");
await attack(() => running);
process.stdout.write(`sent ${JSON.stringify(sent)}\n`, () => process.exit(0));
