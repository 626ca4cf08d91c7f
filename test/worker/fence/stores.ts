/** A counter in each of the platform's stores, with and without its guard. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import {
  type CompareAndSetStore,
  createCompareAndSetGuard,
  createD1Guard,
  createDurableObjectGuard,
  type Fence,
} from "../../../worker/fence/index.ts";
import type { OpenCounter, Written } from "../../support/fence-contract.ts";
import { freshGroup, objectOf } from "../support.ts";

const CREATE = "(value INTEGER, epoch INTEGER, leaderSessionId TEXT)";

/** In the SQLite of a Durable Object: any one will do, so it is the object of a group that nobody uses. */
export const openDurableObject: OpenCounter = async (guarded) => {
  const object = objectOf(freshGroup("resource"));
  const inside = <T>(act: (storage: DurableObjectStorage) => T): Promise<T> =>
    runInDurableObject(object, (_, { storage }) => act(storage));
  const run = (fence: Fence, act: (storage: DurableObjectStorage) => void): Promise<void> =>
    inside((storage) => {
      if (!guarded) return act(storage);
      return createDurableObjectGuard(storage).run(fence, () => act(storage));
    });
  const insert = ({ sql }: DurableObjectStorage, value: number, { epoch, leaderSessionId }: Fence): void =>
    void sql.exec("INSERT INTO written VALUES (?, ?, ?)", value, epoch, leaderSessionId);
  const written = (): Promise<Written[]> =>
    inside(({ sql }) =>
      sql
        .exec<Record<keyof Written, never>>("SELECT * FROM written ORDER BY rowid")
        .toArray()
        .map((row) => ({ ...row })),
    );
  await inside(({ sql }) => void sql.exec(`CREATE TABLE written ${CREATE}`));
  return {
    written,
    read: async () => (await written()).at(-1)?.value ?? 0,
    write: (value, fence) => run(fence, (storage) => insert(storage, value, fence)),
    writeAndFail: (fence) =>
      run(fence, (storage) => {
        insert(storage, 99, fence);
        throw new Error("failed");
      }),
    claim: (fence) => inside((storage) => guarded && createDurableObjectGuard(storage).claim(fence)).then(() => {}),
    highest: (fence) => inside((storage) => createDurableObjectGuard(storage).highest(fence)),
  };
};

let tables = 0;

/** In a table of its own; the database is one for all, so the guard's table begins empty. One at a time. */
export const openD1: OpenCounter = async (guarded) => {
  const database = env.DATABASE;
  const table = `written_${++tables}`;
  const guard = createD1Guard(database);
  await guard.setUp();
  await database.exec("DELETE FROM edge_election_fence");
  await database.exec(`CREATE TABLE ${table} ${CREATE}`);
  const insert = (value: number, { epoch, leaderSessionId }: Fence): D1PreparedStatement =>
    database.prepare(`INSERT INTO ${table} VALUES (?, ?, ?)`).bind(value, epoch, leaderSessionId);
  const written = async (): Promise<Written[]> =>
    (await database.prepare(`SELECT * FROM ${table} ORDER BY rowid`).all<Written>()).results;
  const batch = async (fence: Fence, ...statements: D1PreparedStatement[]): Promise<void> =>
    void (await (guarded ? guard.batch(fence, statements) : database.batch(statements)));
  return {
    written,
    read: async () => (await written()).at(-1)?.value ?? 0,
    write: async (value, fence) => batch(fence, insert(value, fence)),
    writeAndFail: async (fence) =>
      batch(fence, insert(99, fence), database.prepare("INSERT INTO written_0 VALUES (1)").bind()),
    claim: async (fence) => (guarded ? guard.claim(fence) : undefined),
    highest: (fence) => guard.highest(fence),
  };
};

/** R2: an etag stands for a version, and a put may be conditional. */
export function r2Store(bucket: R2Bucket): CompareAndSetStore {
  return {
    async get(key) {
      const found = await bucket.get(key);
      return found === null ? null : { value: await found.text(), version: found.etag };
    },
    async putIfVersion(key, value, version) {
      const onlyIf = version === null ? { etagDoesNotMatch: "*" } : { etagMatches: version };
      return (await bucket.put(key, value, { onlyIf })) !== null;
    },
  };
}

export const openCompareAndSet: OpenCounter = async (guarded) => {
  const key = freshGroup("resource");
  const guard = createCompareAndSetGuard(r2Store(env.BUCKET), key);
  const listOf = (data: string | null): Written[] => JSON.parse(data ?? "[]");
  const appended =
    (value: number, { epoch, leaderSessionId }: Fence) =>
    (data: string | null): string =>
      JSON.stringify([...listOf(data), { value, epoch, leaderSessionId }]);
  const read = async (): Promise<string | null> =>
    guarded ? guard.read() : ((await (await env.BUCKET.get(key))?.text()) ?? null);
  const written = async (): Promise<Written[]> => listOf(await read());
  return {
    written,
    read: async () => (await written()).at(-1)?.value ?? 0,
    async write(value, fence) {
      if (guarded) await guard.update(fence, appended(value, fence));
      else await env.BUCKET.put(key, appended(value, fence)(await read()));
    },
    async writeAndFail(fence) {
      await guard.update(fence, () => {
        throw new Error("failed");
      });
    },
    claim: async (fence) => (guarded ? guard.claim(fence) : undefined),
    highest: (fence) => guard.highest(fence),
  };
};
