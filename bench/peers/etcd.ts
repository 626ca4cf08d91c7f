/** etcd's own election service, by its HTTP gateway: `campaign` answers when the caller leads. */
import { elapsedSince, pause } from "../sockets.ts";
import { freePort, type HandOver, requireProgram, withServer } from "./server.ts";

/** Renewed with each hand-over only. */
const LEASE_S = 30;
/** etcd brings a new watcher up to date every 100 ms: whoever has waited for longer hears at once. */
const SETTLE_MS = 150;

interface Leader {
  readonly name: string;
  readonly key: string;
  readonly rev: string;
  readonly lease: string;
}

const base64 = (value: string): string => Buffer.from(value).toString("base64");

async function call<T>(port: number, path: string, body: object): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", body: JSON.stringify(body) });
  if (response.status !== 200) throw new Error(`etcd answers ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

/** From the call of `resign` to the answer of the next one's `campaign`. */
export async function withEtcd<T>(work: (handOver: HandOver) => Promise<T>): Promise<T> {
  const program = await requireProgram("etcd");
  const [port, peerPort] = [await freePort(), await freePort()];
  const [client, peer] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
  const parameters = (folder: string): string[] => [
    ...["--name", "bench", "--data-dir", folder, "--log-level", "error"],
    ...["--listen-client-urls", client, "--advertise-client-urls", client],
    ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", `bench=${peer}`],
  ];
  return withServer(program, parameters, port, async () => {
    const grant = (): Promise<{ ID: string }> => call(port, "/v3/lease/grant", { TTL: LEASE_S });
    const campaign = async (lease: string): Promise<Leader> =>
      (
        await call<{ leader: Leader }>(port, "/v3/election/campaign", {
          name: base64("bench"),
          lease,
          value: base64("v"),
        })
      ).leader;
    const renew = (lease: string): Promise<object> => call(port, "/v3/lease/keepalive", { ID: lease });
    let [leading, waiting] = [(await grant()).ID, (await grant()).ID];
    let leader = await campaign(leading);
    const handOver = async (): Promise<number> => {
      const next = campaign(waiting);
      await pause(SETTLE_MS);
      const startedAt = performance.now();
      void call(port, "/v3/election/resign", { leader });
      leader = await next;
      const ms = elapsedSince(startedAt);
      [leading, waiting] = [waiting, leading];
      await Promise.all([renew(leading), renew(waiting)]);
      return ms;
    };
    return work(handOver);
  });
}
