/** A Redis server, and connections of ioredis to it. */
import type { Redis } from "ioredis";
import { freePort } from "../../cli/backend/free-port.ts";
import { requireClient, requireProgram } from "./installed.ts";
import { type ServerProgram, withServer } from "./server.ts";

const library = () => requireClient("ioredis", () => import("ioredis"));

/** As it ships: it saves a snapshot now and then, and no write waits for the disk. */
export const withRedis = <T>(work: (address: string) => Promise<T>): Promise<T> => started([], work);

/** Each write is in its log on the disk before it is answered. */
const SYNCED = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"];

export const withSyncedRedis = <T>(work: (address: string) => Promise<T>): Promise<T> => started(SYNCED, work);

async function started<T>(durability: readonly string[], work: (address: string) => Promise<T>): Promise<T> {
  const { program, parameters, port } = await redisServer(durability);
  return withServer(program, parameters, port, () => work(String(port)));
}

export const syncedRedisServer = (): Promise<ServerProgram> => redisServer(SYNCED);

async function redisServer(durability: readonly string[]): Promise<ServerProgram> {
  const program = await requireProgram("redis-server", "redis-server");
  await library();
  const port = await freePort();
  const place = ["--port", String(port), "--bind", "127.0.0.1"];
  return { program, parameters: (folder) => [...place, "--dir", folder, ...durability], port };
}

/** @param address that of `withRedis` */
export async function connectionTo(address: string): Promise<Redis> {
  const { Redis } = await library();
  const connection = new Redis({ host: "127.0.0.1", port: Number(address) });
  connection.on("error", () => undefined); // the server may end first
  return connection;
}
