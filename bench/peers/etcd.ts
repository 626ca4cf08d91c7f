/** etcd by etcd3, whose election writes a key under a lease and waits until the keys before it are gone. */
import { freePort } from "../../cli/backend/free-port.ts";
import type { Connect } from "./contender.ts";
import { requireClient, requireProgram } from "./installed.ts";
import { type ServerProgram, withServer } from "./server.ts";

/** etcd brings a new watcher up to date every 100 ms: one that has waited longer is notified at once. */
export const ETCD_SETTLE_MS = 150;

/** Clients of one process would share a connection: here each has its own, as the contenders of other products. */
export const OWN_CONNECTION = { "grpc.use_local_subchannel_pool": 1 };

export const etcdLibrary = () => requireClient("etcd3", () => import("etcd3"));

export async function withEtcd<T>(work: (address: string) => Promise<T>): Promise<T> {
  const { program, parameters, port } = await etcdServer();
  return withServer(program, parameters, port, () => work(hostOf(port)));
}

export async function etcdServer(): Promise<ServerProgram> {
  const program = await requireProgram("etcd", "etcd-server");
  await etcdLibrary();
  const [port, peerPort] = [await freePort(), await freePort()];
  return { program, parameters: (folder) => parametersOf(folder, hostOf(port), hostOf(peerPort)), port };
}

const hostOf = (port: number): string => `http://127.0.0.1:${port}`;

const parametersOf = (folder: string, client: string, peer: string): string[] => [
  ...["--name", "bench", "--data-dir", folder, "--log-level", "error"],
  ...["--listen-client-urls", client, "--advertise-client-urls", client],
  ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", `bench=${peer}`],
];

export const connectEtcd: Connect = async (hosts, election) => {
  const { Etcd3 } = await etcdLibrary();
  const client = new Etcd3({ hosts, grpcOptions: OWN_CONNECTION });
  let resign = async (): Promise<void> => undefined;
  return {
    async stand(lead) {
      const campaign = client.election(election).campaign("bench");
      resign = () => campaign.resign();
      await new Promise<void>((resolve) => {
        campaign
          .on("error", () => undefined) // a waiting contender also receives the end of the server
          .on("_isWaiting", resolve)
          .on("elected", () => {
            lead();
            resolve();
          });
      });
    },
    resign: () => resign(),
    close: () => client.close(),
  };
};
