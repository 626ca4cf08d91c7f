/** A lock in Redis: SET NX PX, released by a script that compares its owner. Who waits polls, or is told by a channel. */
import { randomUUID } from "node:crypto";
import { elapsedSince, pause } from "../sockets.ts";
import { RedisConnection } from "./redis-client.ts";
import { freePort, type HandOver, requireProgram, withServer } from "./server.ts";

const [KEY, CHANNEL] = ["bench", "bench-released"];
const TTL_MS = 10_000;
const SETTLE_MS = 5;
const RELEASE = `if redis.call("get", KEYS[1]) == ARGV[1] then
  redis.call("del", KEYS[1]); redis.call("publish", ARGV[2], "1"); return 1
else return 0 end`;

/** redlock's own defaults: a try every 200 ms, and up to 100 ms of jitter on top. */
const REDLOCK_RETRY = { delayMs: 200, jitterMs: 100 } as const;

const isMine = async (connection: RedisConnection, owner: string): Promise<boolean> =>
  (await connection.send("SET", KEY, owner, "NX", "PX", TTL_MS)) === "OK";

async function byPolling(connection: RedisConnection, owner: string): Promise<void> {
  while (!(await isMine(connection, owner))) {
    await pause(REDLOCK_RETRY.delayMs + Math.random() * REDLOCK_RETRY.jitterMs);
  }
}

/** Tries again as soon as a release is published. */
async function byChannel(connection: RedisConnection, owner: string, port: number): Promise<void> {
  const listener = await RedisConnection.open(port);
  try {
    await new Promise<void>((resolve, reject) => {
      const attempt = (): void => {
        isMine(connection, owner).then((mine) => mine && resolve(), reject);
      };
      listener.subscribe(CHANNEL, attempt).then(attempt, reject);
    });
  } finally {
    listener.close();
  }
}

/** From sending the release to the answer that tells the next one that the lock is its own. */
export async function withRedis<T>(waits: "polling" | "channel", work: (handOver: HandOver) => Promise<T>): Promise<T> {
  const program = await requireProgram("redis-server");
  const port = await freePort();
  const parameters = (folder: string): string[] =>
    ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "yes"].concat([
      "--appendfsync",
      "always",
    ]);
  return withServer(program, parameters, port, async () => {
    let [leading, waiting] = [await contender(port), await contender(port)];
    await isMine(leading.connection, leading.owner);
    const handOver = async (): Promise<number> => {
      const { connection, owner } = waiting;
      const next = waits === "polling" ? byPolling(connection, owner) : byChannel(connection, owner, port);
      // A poller is met at any point of its interval.
      await pause(SETTLE_MS + (waits === "polling" ? Math.random() * REDLOCK_RETRY.delayMs : 0));
      const startedAt = performance.now();
      void leading.connection.send("EVAL", RELEASE, 1, KEY, leading.owner, CHANNEL);
      await next;
      const ms = elapsedSince(startedAt);
      [leading, waiting] = [waiting, leading];
      return ms;
    };
    try {
      return await work(handOver);
    } finally {
      for (const { connection } of [leading, waiting]) connection.close();
    }
  });
}

const contender = async (port: number) => ({ connection: await RedisConnection.open(port), owner: randomUUID() });
