/** etcd's own election service, by its HTTP gateway: `campaign` answers when the caller leads. */
import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import { elapsedSince, pause } from "../sockets.ts";
import { freePort, type HandOver, requireProgram, withServer } from "./server.ts";

/** Renewed with each hand-over only. */
const LEASE_S = 30;
/** The waiting `campaign` has to be on its way in before the leader resigns. */
const SETTLE_MS = 20;

interface Leader {
  readonly name: string;
  readonly key: string;
  readonly rev: string;
  readonly lease: string;
}

const base64 = (value: string): string => Buffer.from(value).toString("base64");

async function call<T>(agent: Agent, port: number, path: string, body: object): Promise<T> {
  const options = { agent, port, path, method: "POST", headers: { "content-type": "application/json" } };
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", ...options }, async (incoming) => {
      const answer = await text(incoming);
      if (incoming.statusCode === 200) resolve(JSON.parse(answer) as T);
      else reject(new Error(`etcd answers ${incoming.statusCode}: ${answer}`));
    });
    outgoing.once("error", reject).end(JSON.stringify(body));
  });
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
    const agent = new Agent({ keepAlive: true });
    const grant = (): Promise<{ ID: string }> => call(agent, port, "/v3/lease/grant", { TTL: LEASE_S });
    const campaign = async (lease: string): Promise<Leader> =>
      (
        await call<{ leader: Leader }>(agent, port, "/v3/election/campaign", {
          name: base64("bench"),
          lease,
          value: base64("v"),
        })
      ).leader;
    const renew = (lease: string): Promise<object> => call(agent, port, "/v3/lease/keepalive", { ID: lease });
    let [leading, waiting] = [(await grant()).ID, (await grant()).ID];
    let leader = await campaign(leading);
    const handOver = async (): Promise<number> => {
      const next = campaign(waiting);
      await pause(SETTLE_MS);
      const startedAt = performance.now();
      void call(agent, port, "/v3/election/resign", { leader });
      leader = await next;
      const ms = elapsedSince(startedAt);
      [leading, waiting] = [waiting, leading];
      await Promise.all([renew(leading), renew(waiting)]);
      return ms;
    };
    try {
      return await work(handOver);
    } finally {
      agent.destroy();
    }
  });
}
