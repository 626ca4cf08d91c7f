/** etcd by etcd3: a campaign whose lease is lost ends with an error. Its fencing token is the revision of its key. */
import { etcdLibrary, OWN_CONNECTION } from "../../peers/etcd.ts";
import { pause } from "../../sockets.ts";
import type { Stand } from "../term.ts";

/** The example of its documentation has 5 s. */
const AGAIN_MS = 1_000;
const MS_PER_SECOND = 1_000;

export const stand: Stand = async ({ port, election, leaseMs }, lead) => {
  const { Etcd3 } = await etcdLibrary();
  const client = new Etcd3({ hosts: `http://127.0.0.1:${port}`, grpcOptions: OWN_CONNECTION });
  for (;;) {
    const campaign = client.election(election, leaseMs / MS_PER_SECOND).campaign("league");
    let isLost = false;
    const lost = new Promise<void>((resolve) => {
      campaign.on("error", () => {
        isLost = true;
        resolve();
      });
    });
    const tokenOf = async (): Promise<string | undefined> => {
      const { kvs } = await client.get(await campaign.getCampaignKey()).exec();
      return kvs[0]?.create_revision;
    };
    campaign.on("elected", () => {
      tokenOf().then(
        (token) => lead({ token, holds: () => !isLost }),
        () => undefined, // the lease is lost, too
      );
    });
    await lost;
    void campaign.resign().catch(() => undefined); // its lease has run out
    await pause(AGAIN_MS);
  }
};
