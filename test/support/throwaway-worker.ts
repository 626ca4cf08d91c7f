import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A Worker that counts its requests in storage, answers with its bindings, and calls out where a request asks for it. */
const source = `
import { DurableObject } from "cloudflare:workers";
export class ElectionGroup extends DurableObject {
  async fetch(request) {
    const { searchParams } = new URL(request.url);
    const sql = this.ctx.storage.sql;
    sql.exec("create table if not exists counter(id integer primary key, value integer)");
    sql.exec("insert into counter values(1, 1) on conflict do update set value = value + 1");
    const { value: count } = sql.exec("select value from counter").one();
    const outside = searchParams.get("call");
    const reached = outside === null ? null : await fetch(outside).then(() => true, () => false);
    return Response.json({ count, reached, bindings: { TEXT: this.env.TEXT } });
  }
}
export default { fetch: (request, env) => env.ELECTIONS.get(env.ELECTIONS.idFromName("one")).fetch(request) };
`;

export interface ThrowawayWorker {
  readonly bundle: string;
  /** A folder that goes away with it. */
  readonly folder: string;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function throwawayWorker(): Promise<ThrowawayWorker> {
  const folder = await mkdtemp(join(tmpdir(), "edge-election-test-"));
  const bundle = join(folder, "worker.js");
  await writeFile(bundle, source);
  return { bundle, folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
