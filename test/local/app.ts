/**
 * The code of a user: a nightly job that runs once, an object that contends, and writes behind guards. It runs as it stands here
 * on virtual time and on Miniflare.
 */
import { DurableObject } from "cloudflare:workers";
import { createCompareAndSetGuard, createD1Guard, type Fence } from "../../worker/fence/index.ts";
import { DurableContender, type Elections, type RunResult, runIfLeader } from "../../worker/index.ts";

const GROUP = "shop";

export interface Env {
  /** The entrypoint of the Worker that has the groups. */
  readonly ELECTIONS: Elections;
  readonly INDEXERS: DurableObjectNamespace<Indexer>;
  readonly DATABASE: D1Database;
  readonly BUCKET: R2Bucket;
}

export class Indexer extends DurableObject<Pick<Env, "ELECTIONS">> {
  readonly #contender = new DurableContender(this.ctx, {
    elections: this.env.ELECTIONS,
    group: GROUP,
    components: ["index"],
    process: { name: this.ctx.id.name ?? "" },
    onGrant: () => this.ctx.storage.kv.put("grants", this.grants() + 1),
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

  leads(): boolean {
    return this.#contender.isLeader();
  }

  grants(): number {
    return this.ctx.storage.kv.get<number>("grants") ?? 0;
  }
}

/** The report of a night, by whichever invocation comes first. */
export const nightly = ({ ELECTIONS }: Pick<Env, "ELECTIONS">, since: number): Promise<RunResult<string>> =>
  runIfLeader(ELECTIONS, { group: GROUP, component: "nightly", since }, ({ epoch }) => `reported by ${epoch}`);

type Write = (fence: Fence, text: string) => Promise<unknown>;

/** Two leaderships write, one after the other; then the first one tries again. */
async function writeLate({ ELECTIONS }: Env, write: Write): Promise<string[]> {
  const fences: Fence[] = [];
  for (const text of ["first", "second"]) {
    await runIfLeader(ELECTIONS, { group: GROUP, component: "writer" }, async (leadership) => {
      const { group, component, epoch, leaderSessionId } = leadership;
      fences.push({ group, component, epoch, leaderSessionId });
      await write(leadership, text);
    });
  }
  const [first] = fences;
  if (first === undefined) throw new Error("nobody has led");
  return write(first, "late").then(
    () => ["late was written"],
    (error: { code?: string }) => [error.code ?? String(error)],
  );
}

async function writeToDatabase(env: Env): Promise<unknown> {
  const guard = createD1Guard(env.DATABASE);
  await guard.setUp();
  await env.DATABASE.exec("CREATE TABLE IF NOT EXISTS written (text TEXT)");
  const insert = (text: string) => env.DATABASE.prepare("INSERT INTO written VALUES (?)").bind(text);
  const refused = await writeLate(env, (fence, text) => guard.batch(fence, [insert(text)]));
  const { results } = await env.DATABASE.prepare("SELECT text FROM written ORDER BY rowid").all<{ text: string }>();
  return { refused, written: results.map(({ text }) => text) };
}

async function writeToBucket(env: Env): Promise<unknown> {
  const store = {
    async get(key: string) {
      const found = await env.BUCKET.get(key);
      return found === null ? null : { value: await found.text(), version: found.etag };
    },
    async putIfVersion(key: string, value: string, version: string | null) {
      const onlyIf = version === null ? { etagDoesNotMatch: "*" } : { etagMatches: version };
      return (await env.BUCKET.put(key, value, { onlyIf })) !== null;
    },
  };
  const guard = createCompareAndSetGuard(store, "written");
  const refused = await writeLate(env, (fence, text) =>
    guard.update(fence, (data) => JSON.stringify([...JSON.parse(data ?? "[]"), text])),
  );
  return { refused, written: JSON.parse((await guard.read()) ?? "[]") };
}

export default {
  /** `/indexers/NAME/METHOD`, `/nightly?since=MS`, `/database`, `/bucket` */
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const [, what, name = "", method] = pathname.split("/");
    if (what === "database") return Response.json(await writeToDatabase(env));
    if (what === "bucket") return Response.json(await writeToBucket(env));
    if (what === "nightly") return Response.json(await nightly(env, Number(searchParams.get("since"))));
    const indexer = env.INDEXERS.getByName(name);
    if (method === "start") await indexer.start();
    else if (method === "stop") await indexer.stop();
    return Response.json({ leads: await indexer.leads(), grants: await indexer.grants() });
  },

  async scheduled({ scheduledTime }: ScheduledController, env: Pick<Env, "ELECTIONS">) {
    await nightly(env, scheduledTime);
  },
} satisfies ExportedHandler<Env>;
