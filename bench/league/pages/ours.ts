import { createElectionClient } from "../../../client/index.ts";
import { enterBy } from "./page.ts";

enterBy(({ port, election }, lead) => {
  const client = createElectionClient({ url: `http://127.0.0.1:${port}`, group: election });
  client.onError(() => undefined); // failures are what this is about
  client.contend("counter", {
    onGrant(leadership) {
      lead({ token: String(leadership.epoch), holds: () => leadership.isLeader() });
    },
  });
});
