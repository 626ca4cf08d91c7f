/**
 * A process that stands in dedicated elections, beside others that do. It prints how many it leads whenever that changes. Its
 * arguments are the address, the group, and the number of elections.
 */
import { createElectionClient } from "../client/node/index.ts";

const [url = "", group = "", elections = ""] = process.argv.slice(2);
const client = createElectionClient({ url, group });
let leads = 0;
const tell = (by: number): void => {
  leads += by;
  process.stdout.write(`leads ${leads}\n`);
};
for (let index = 0; index < Number(elections); index += 1)
  client.contend(`d${index}`, { onGrant: () => tell(+1), onRevoke: () => tell(-1) }, { election: "dedicated" });
process.stdin.on("end", () => process.exit()).resume();
