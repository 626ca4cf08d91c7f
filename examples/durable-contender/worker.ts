/** Several objects contend; the leader does the work. Its term survives hibernation, restarts and deployments. */
import { DurableObject } from "cloudflare:workers";
import { DurableContender, type ElectionGroup, electionsOf } from "edge-election/worker";

interface Env {
  readonly ELECTIONS: DurableObjectNamespace<ElectionGroup>;
  readonly INDEXERS: DurableObjectNamespace<Indexer>;
}

export class Indexer extends DurableObject<Env> {
  readonly #contender = new DurableContender(this.ctx, {
    elections: electionsOf(this.env.ELECTIONS, { policy: () => ({ leaseMs: 2_000 }) }),
    group: "search",
    components: ["indexer"],
    process: { name: this.ctx.id.name ?? "" },
    onGrant: (leadership) => leadership.confirm(),
    onRevoke: ({ epoch }, reason) => console.log(`stopped, epoch ${epoch}: ${reason}`),
  });

  override alarm(): Promise<void> {
    return this.#contender.alarm();
  }

  start(): Promise<void> {
    return this.#contender.start();
  }

  stop(): Promise<void> {
    return this.#contender.close();
  }

  /** Call it on any object, any number of times: only the leader indexes. */
  index(document: string): string {
    const leadership = this.#contender.leadership();
    if (leadership === null) return "not the leader";
    return `indexed ${document} with epoch ${leadership.epoch}`;
  }
}

export { ElectionGroup } from "edge-election/worker";

export default {
  /** `POST /NAME/start`, `POST /NAME/stop`, `POST /NAME/index` */
  async fetch(request, { INDEXERS }) {
    const [, name = "", order] = new URL(request.url).pathname.split("/");
    const indexer = INDEXERS.getByName(name);
    if (order === "start") await indexer.start();
    else if (order === "stop") await indexer.stop();
    else return new Response(await indexer.index("a document"));
    return new Response("ok");
  },
} satisfies ExportedHandler<Env>;
