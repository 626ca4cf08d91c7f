/**
 * One process of the demo: `node process.ts URL GROUP NAME COMPONENT... [DEDICATED!]`. All of its components share one
 * session. A component whose name ends with `!` has a dedicated election. The process works until it receives a signal.
 */
import { createInterface } from "node:readline";
import type { Contender } from "../../client/index.ts";
import { createElectionClient } from "../../client/node/index.ts";
import type { Order, Report } from "./messages.ts";

const [url = "", group = "", name = "", ...components] = process.argv.slice(2);
const client = createElectionClient({ url, group, process: { name, address: `http://${name}.example:8080` } });
const contenders = new Map<string, Contender>();

const report = (line: Report): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

function contend(component: string, election: "process" | "dedicated" = "process"): void {
  const contender = client.contend(
    component,
    {
      async onGrant(leadership) {
        const { leaderSessionId, epoch } = leadership;
        report({ callback: "grant", component, leaderSessionId, epoch });
        await leadership.confirm();
      },
      onRevoke({ leaderSessionId, epoch }, reason) {
        report({ callback: "revoke", component, leaderSessionId, epoch, reason });
      },
      onError: (error) => report({ callback: "error", component, message: String(error) }),
    },
    { election },
  );
  contenders.set(component, contender);
}

async function obey(order: Order): Promise<void> {
  switch (order.order) {
    case "contend":
      return contend(order.component);
    case "close":
      return contenders.get(order.component)?.close();
    case "resign":
      return client.resign("process");
    case "stand":
      return void client.stand();
  }
}

for (const component of components) {
  if (component.endsWith("!")) contend(component.slice(0, -1), "dedicated");
  else contend(component);
}
createInterface({ input: process.stdin }).on("line", (line) => void obey(JSON.parse(line) as Order));
process.stdin.unref?.();
