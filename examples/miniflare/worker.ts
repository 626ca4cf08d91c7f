/** A Worker whose objects contend for the index, through a binding of the Worker that has the groups. */
import { DurableObject } from "cloudflare:workers";
import { DurableContender, type Elections } from "edge-election/worker";

export interface Env {
  readonly ELECTIONS: Elections;
  readonly INDEXERS: DurableObjectNamespace<Indexer>;
}

export class Indexer extends DurableObject<Env> {
  readonly #contender = new DurableContender(this.ctx, {
    elections: this.env.ELECTIONS,
    group: "search",
    components: ["index"],
    process: { name: this.ctx.id.name ?? "" },
  });

  override alarm(): Promise<void> {
    return this.#contender.alarm();
  }

  start(): Promise<void> {
    return this.#contender.start();
  }

  isLeader(): boolean {
    return this.#contender.isLeader();
  }
}

export default {
  /** `/NAME/start` lets an object contend; every answer says whether it leads. */
  async fetch(request, { INDEXERS }) {
    const [, name = "", order] = new URL(request.url).pathname.split("/");
    const indexer = INDEXERS.getByName(name);
    if (order === "start") await indexer.start();
    return Response.json(await indexer.isLeader());
  },
} satisfies ExportedHandler<Env>;
