/** This project: a group for each election. A contender stands again by itself. */
import { createElectionClient } from "../../../client/node/index.ts";
import type { Stand } from "../term.ts";

export const stand: Stand = ({ port, election }, lead) => {
  const client = createElectionClient({ url: `http://127.0.0.1:${port}`, group: election, signals: false });
  client.onError(() => undefined); // failures are what this is about
  client.contend("counter", {
    onGrant(leadership) {
      lead({ token: String(leadership.epoch), holds: () => leadership.isLeader() });
    },
  });
};
