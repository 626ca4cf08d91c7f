/** A Redis server that syncs its log at every write, and connections of ioredis to it. */
import type { Redis } from "ioredis";
import { freePort } from "../../cli/backend/free-port.ts";
import { requireClient, requireProgram } from "./installed.ts";
import { withServer } from "./server.ts";

/** Every connection is closed before the server ends. */
export async function withRedisServer<T>(work: (open: () => Redis) => Promise<T>): Promise<T> {
  const program = await requireProgram("redis-server", "redis-server");
  const { Redis } = await requireClient("ioredis", () => import("ioredis"));
  const port = await freePort();
  return withServer(
    program,
    (folder) => parametersOf(folder, port),
    port,
    async () => {
      const connections: Redis[] = [];
      const open = (): Redis => {
        const connection = new Redis({ host: "127.0.0.1", port });
        connections.push(connection);
        return connection;
      };
      try {
        return await work(open);
      } finally {
        for (const connection of connections) connection.disconnect();
      }
    },
  );
}

const parametersOf = (folder: string, port: number): string[] => [
  ...["--port", String(port), "--bind", "127.0.0.1", "--dir", folder],
  ...["--save", "", "--appendonly", "yes", "--appendfsync", "always"],
];
