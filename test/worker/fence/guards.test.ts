/**
 * The guards for the platform's own stores, in the real stores; and the lost-update experiment in each of them, with
 * leaderships of a real group: a leader reads, is paused past its lease, and writes after another one has written.
 */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { LivePeer } from "../../../tools/harness/live-peer.ts";
import {
  createCompareAndSetGuard,
  createD1Guard,
  createDurableObjectGuard,
  type Fence,
  StaleLeaderError,
} from "../../../worker/fence/index.ts";
import {
  type FencedCounter,
  fenceOf,
  guardContract,
  lostUpdates,
  type OpenCounter,
} from "../../support/fence-contract.ts";
import { wrong } from "../../support/wrong.ts";
import { fireAlarm, freshGroup, join, LEASE_MS, objectOf, stopClock } from "../support.ts";
import { openCompareAndSet, openD1, openDurableObject, r2Store } from "./stores.ts";

guardContract("Durable Object SQLite", openDurableObject, 30);
guardContract("D1", openD1, 15);
guardContract("compare-and-set, on R2", openCompareAndSet, 15);

// The experiment

const ROUNDS = 3;

/** A leader that increments the counter: each `await` of it is a place where it can be paused. */
async function lead(client: LivePeer, group: string): Promise<Fence> {
  const { leaderSessionId, epoch } = await client.win();
  return { group, component: "dispatcher", epoch, leaderSessionId };
}

/** Reads, waits for `pause`, and writes what it has read plus one. */
async function increment(
  counter: FencedCounter,
  fence: Fence,
  pause: () => Promise<void> = async () => {},
): Promise<"written" | "refused"> {
  const read = await counter.read();
  await pause();
  try {
    await counter.write(read + 1, fence);
    return "written";
  } catch (error) {
    expect(error).toBeInstanceOf(StaleLeaderError);
    return "refused";
  }
}

async function experiment(open: OpenCounter, guarded: boolean): Promise<{ lost: number; refused: number }> {
  const counter = await open(guarded);
  const group = freshGroup("shop");
  const pass = stopClock();
  let [leader, other] = [(await join(group)).client, (await join(group)).client];
  let fence = await lead(leader, group);
  let refused = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const [hasRead, pause] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const late = increment(counter, fence, () => {
      hasRead.resolve();
      return pause.promise;
    });
    await hasRead.promise;
    pass(LEASE_MS);
    await fireAlarm(group);
    const next = await lead(other, group);
    await counter.claim(next);
    expect(await increment(counter, next)).toBe("written");
    pause.resolve();
    if ((await late) === "refused") refused += 1;
    expect(await increment(counter, next)).toBe("written");
    await leader.settle(); // it was silent: now it can be asked again
    fence = next;
    [leader, other] = [other, leader];
  }
  return { lost: lostUpdates(await counter.written()), refused };
}

test("[S13] without a guard a paused leader's late write undoes others', in every store: the experiment can fail", async () => {
  expect(await experiment(openDurableObject, false)).toEqual({ lost: ROUNDS, refused: 0 });
  expect(await experiment(openD1, false)).toEqual({ lost: ROUNDS, refused: 0 });
  expect(await experiment(openCompareAndSet, false)).toEqual({ lost: ROUNDS, refused: 0 });
});

test.each([
  ["Durable Object SQLite", openDurableObject],
  ["D1", openD1],
  ["compare-and-set", openCompareAndSet],
])("[FG1] [S13] with a guard no update is lost to a paused leader: %s", async (_, open) => {
  expect(await experiment(open, true)).toEqual({ lost: 0, refused: ROUNDS });
});

// Single guards

test("[FG2] work of a Durable Object that would go on after an await is refused, and undone", async () => {
  const group = freshGroup("resource");
  await runInDurableObject(objectOf(group), (_, { storage }) => {
    const guard = createDurableObjectGuard(storage);

    let begun = false;
    const asynchronous = async (): Promise<void> => {
      begun = true;
    };
    expect(() => guard.run(fenceOf(1), asynchronous)).toThrow("must be synchronous");
    expect(begun).toBe(false);
    expect(() => guard.run(fenceOf(1), () => Promise.resolve())).toThrow("must be synchronous");
    expect(guard.highest(fenceOf(1))).toBeNull();
    expect(guard.run(fenceOf(1), () => 42)).toBe(42);
  });
});

test("a Durable Object's guard writes rows for each new leadership, and none for each write", async () => {
  await runInDurableObject(objectOf(freshGroup("resource")), (_, { storage }) => {
    const asked: { readonly rowsWritten: number }[] = [];
    const guard = createDurableObjectGuard({
      sql: {
        exec(query, ...bindings) {
          const cursor = storage.sql.exec(query, ...bindings);
          asked.push(cursor);
          return cursor;
        },
      },
      transactionSync: (work) => storage.transactionSync(work),
    });
    const rowsOf = (act: () => void): number => {
      asked.length = 0;
      act();
      return asked.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
    };

    expect(rowsOf(() => guard.claim(fenceOf(1)))).toBe(2);
    expect(rowsOf(() => guard.run(fenceOf(1), () => {}))).toBe(0);
    expect(rowsOf(() => guard.claim(fenceOf(2)))).toBe(1);
  });
});

test("D1: a batch gives back the results of its own statements, and a missing table is an error with its remedy", async () => {
  const guard = createD1Guard(env.DATABASE);
  await env.DATABASE.exec("DROP TABLE IF EXISTS edge_election_fence");
  await expect(guard.claim(fenceOf(1))).rejects.toMatchObject({ code: "no_fence_table" });
  await guard.setUp();
  const results = await guard.batch(fenceOf(1, "L", "results"), [
    env.DATABASE.prepare("SELECT 1 AS one"),
    env.DATABASE.prepare("SELECT ? AS two").bind(2),
  ]);

  expect(results.map((result) => result.results)).toEqual([[{ one: 1 }], [{ two: 2 }]]);
  const again = await env.DATABASE.batch([env.DATABASE.prepare("SELECT 1")]);
  expect(again).toHaveLength(1);
});

test("D1: a guard writes rows for each new leadership, and none for each batch", async () => {
  let first: D1Result | undefined;
  const guard = createD1Guard({
    prepare: (query) => env.DATABASE.prepare(query),
    async batch(statements: D1PreparedStatement[]) {
      const results = await env.DATABASE.batch(statements);
      first = results[0];
      return results;
    },
  });
  await guard.setUp();
  const rowsOf = async (epoch: number): Promise<number | undefined> => {
    await guard.claim(fenceOf(epoch, `L${epoch}`, "rows"));
    return first?.meta.rows_written;
  };

  expect(await rowsOf(1)).toBe(2);
  expect(await rowsOf(1)).toBe(0);
  expect(await rowsOf(2)).toBe(1);
});

test("compare-and-set: a value that no guard has written is left alone", async () => {
  const key = freshGroup("resource");
  await env.BUCKET.put(key, "somebody's data");
  const guard = createCompareAndSetGuard(r2Store(env.BUCKET), key);

  await expect(guard.claim(fenceOf(1))).rejects.toMatchObject({ code: "unreadable_fence" });
  expect(await (await env.BUCKET.get(key))?.text()).toBe("somebody's data");
});

test.each([
  ["an async function", async () => "new", "async_work", "must be synchronous"],
  ["a promise", () => Promise.resolve("new"), "async_work", "must be synchronous"],
  ["a promise that fails", () => Promise.reject(new Error("unheard")), "async_work", "must be synchronous"],
  ["nothing", () => undefined, "not_text", "has returned undefined"],
  ["null", () => null, "not_text", "has returned null"],
  ["a number", () => 1, "not_text", "has returned number"],
  ["an object", () => ({ count: 1 }), "not_text", "has returned object: use JSON.stringify"],
])(
  "[FG2] compare-and-set: a change that gives %s is refused before anything is written",
  async (_, change, code, message) => {
    const key = freshGroup("resource");
    const guard = createCompareAndSetGuard(r2Store(env.BUCKET), key);
    await guard.update(fenceOf(1), () => "old");

    await expect(guard.update(fenceOf(2), wrong(change))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
      retryable: false,
    });
    expect(await guard.read()).toBe("old");
    expect(await guard.highest(fenceOf(1))).toMatchObject({ epoch: 1 });
    expect(await guard.update(fenceOf(2), (data) => `${data}er`)).toBe("older");
  },
);

test("compare-and-set: a writer that is overtaken looks again, and gives up after ten rounds with a retryable error", async () => {
  const key = freshGroup("resource");
  const store = r2Store(env.BUCKET);
  const guard = createCompareAndSetGuard(store, key);
  let rounds = 0;
  const overtaken = createCompareAndSetGuard(
    {
      get: store.get,
      async putIfVersion(...put) {
        rounds += 1;
        await guard.update(fenceOf(1), (data) => `${data ?? ""}x`);
        return store.putIfVersion(...put);
      },
    },
    key,
  );

  await expect(overtaken.update(fenceOf(1), () => "mine")).rejects.toMatchObject({
    code: "contended",
    retryable: true,
  });
  expect(rounds).toBe(10);
  expect(await guard.read()).toBe("x".repeat(10));
});
