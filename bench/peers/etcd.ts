/** etcd by etcd3, whose election writes a key under a lease and waits until the keys before it are gone. */
import type { Campaign } from "etcd3";
import { freePort } from "../../cli/backend/free-port.ts";
import { elapsedSince, pause } from "../sockets.ts";
import { requireClient, requireProgram } from "./installed.ts";
import { type HandOver, withServer } from "./server.ts";

/** etcd brings a new watcher up to date every 100 ms: one that has waited longer is notified at once. */
const SETTLE_MS = 150;

/** From the call of `resign` to the event that tells the next one of its election. */
export async function withEtcd<T>(work: (handOver: HandOver) => Promise<T>): Promise<T> {
  const program = await requireProgram("etcd", "etcd-server");
  const { Etcd3 } = await requireClient("etcd3", () => import("etcd3"));
  const [port, peerPort] = [await freePort(), await freePort()];
  const [hosts, peer] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
  return withServer(
    program,
    (folder) => parametersOf(folder, hosts, peer),
    port,
    async () => {
      const clients = [new Etcd3({ hosts }), new Etcd3({ hosts })] as const;
      let [leading, waiting] = clients;
      const campaign = (client: typeof leading): Promise<Campaign> =>
        client.election("bench").campaign("bench").on("error", noteNothing).wait();
      let leader = await campaign(leading);
      const handOver = async (): Promise<number> => {
        const next = campaign(waiting);
        await pause(SETTLE_MS);
        const startedAt = performance.now();
        const resigned = leader.resign();
        leader = await next;
        const ms = elapsedSince(startedAt);
        [leading, waiting] = [waiting, leading];
        await resigned;
        return ms;
      };
      try {
        return await work(handOver);
      } finally {
        for (const client of clients) client.close();
      }
    },
  );
}

/** A waiting contender also receives the end of the server. */
const noteNothing = (): void => undefined;

const parametersOf = (folder: string, client: string, peer: string): string[] => [
  ...["--name", "bench", "--data-dir", folder, "--log-level", "error"],
  ...["--listen-client-urls", client, "--advertise-client-urls", client],
  ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", `bench=${peer}`],
];
