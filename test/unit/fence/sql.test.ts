/** The guard for any SQL, on `node:sqlite`. */
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { createSqlGuard, createSqlitePort, type SqlPort } from "../../../worker/fence/index.ts";
import { type FencedCounter, fenceOf, guardContract, type Written } from "../../support/fence-contract.ts";

const newDatabase = (): DatabaseSync => {
  const database = new DatabaseSync(":memory:");
  database.exec("CREATE TABLE written (value INTEGER, epoch INTEGER, leaderSessionId TEXT)");
  return database;
};

async function openCounter(): Promise<FencedCounter> {
  const database = newDatabase();
  const guard = createSqlGuard(createSqlitePort(database));
  await guard.setUp();
  const insert = (value: number, { epoch, leaderSessionId }: Omit<Written, "value">): void =>
    void database.prepare("INSERT INTO written VALUES (?, ?, ?)").run(value, epoch, leaderSessionId);
  const written = (): Written[] =>
    database
      .prepare("SELECT * FROM written ORDER BY rowid")
      .all()
      .map(({ value, epoch, leaderSessionId }) => ({
        value: Number(value),
        epoch: Number(epoch),
        leaderSessionId: String(leaderSessionId),
      }));
  return {
    read: async () => written().at(-1)?.value ?? 0,
    write: (value, fence) => guard.run(fence, () => insert(value, fence)),
    claim: (fence) => guard.claim(fence),
    writeAndFail: (fence) =>
      guard.run(fence, async () => {
        insert(99, fence);
        await Promise.resolve();
        throw new Error("failed");
      }),
    highest: (fence) => guard.highest(fence),
    written: async () => written(),
  };
}

guardContract("any SQL, on node:sqlite", openCounter, 60);

test("a missing table is an error with its remedy", async () => {
  const guard = createSqlGuard(createSqlitePort(newDatabase()));

  await expect(guard.claim(fenceOf(1))).rejects.toMatchObject({
    code: "no_fence_table",
    message: expect.stringContaining("call setUp() of the guard once"),
  });
});

test("setting up twice does nothing, and work gives back its result", async () => {
  const guard = createSqlGuard(createSqlitePort(newDatabase()));
  await guard.setUp();
  await guard.setUp();

  expect(await guard.run(fenceOf(1), (database) => database.prepare("SELECT 42 AS answer").get())).toMatchObject({
    answer: 42,
  });
});

test("[FG2] work of one transaction is finished before the next one begins, however long it waits", async () => {
  const database = newDatabase();
  const guard = createSqlGuard(createSqlitePort(database));
  await guard.setUp();
  const order: string[] = [];
  const slow = guard.run(fenceOf(1), async () => {
    order.push("slow begins");
    await new Promise((resolve) => setImmediate(resolve));
    order.push("slow ends");
  });
  const next = guard.run(fenceOf(2), () => void order.push("next"));

  await Promise.all([slow, next]);
  expect(order).toEqual(["slow begins", "slow ends", "next"]);
});

test("an error of the work that has ended the transaction itself is passed on as it is", async () => {
  const guard = createSqlGuard(createSqlitePort(newDatabase()));
  await guard.setUp();
  const failed = guard.run(fenceOf(1), (database) => {
    database.exec("ROLLBACK");
    throw new Error("the disk is full");
  });

  await expect(failed).rejects.toThrow("the disk is full");
  await guard.claim(fenceOf(1));
});

test("placeholders follow the database's habit, each value once and in order", async () => {
  const asked: [string, (string | number)[]][] = [];
  const port: SqlPort<null> = {
    transaction: (work) => work(null),
    query: (_, sql, values) => {
      asked.push([sql, values]);
      return [{ epoch: 1, leader_session_id: "L1" }];
    },
  };
  const guard = createSqlGuard(port, { placeholder: (position) => `$${position}` });
  await guard.claim(fenceOf(1));
  await guard.highest(fenceOf(1));

  for (const [sql, values] of asked) {
    expect(sql.match(/\$\d/g)).toEqual(values.map((_, index) => `$${index + 1}`));
  }
  expect(asked).toHaveLength(2);
});
