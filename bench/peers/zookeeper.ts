/** ZooKeeper's election recipe: ephemeral sequential nodes, where each waiting contender watches the node before its own. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Client } from "node-zookeeper-client";
import { freePort } from "../../cli/backend/free-port.ts";
import type { Connect } from "./contender.ts";
import { requireClient, requireFile, requireProgram } from "./installed.ts";
import { type ServerProgram, withServer } from "./server.ts";

/** The default of the client. */
export const ZOOKEEPER_SESSION_MS = 30_000;
const ANY_VERSION = -1;

export const zooKeeperLibrary = () => requireClient("node-zookeeper-client", () => import("node-zookeeper-client"));

/** The address names the time-out of sessions, too. */
export async function withZooKeeper<T>(
  work: (address: string) => Promise<T>,
  sessionMs = ZOOKEEPER_SESSION_MS,
): Promise<T> {
  const { program, parameters, port } = await zooKeeperServer();
  return withServer(program, parameters, port, () => work(`127.0.0.1:${port} ${sessionMs}`));
}

/** Sessions end at ticks, and last two of them or more. */
export async function zooKeeperServer(tickMs = 2_000): Promise<ServerProgram> {
  const program = await requireProgram("java", "default-jre-headless");
  const jar = await requireFile("/usr/share/java/zookeeper.jar", "libzookeeper-java");
  await zooKeeperLibrary();
  const port = await freePort();
  return { program, parameters: (folder) => parametersOf(folder, jar, port, tickMs), port };
}

async function parametersOf(folder: string, jar: string, port: number, tickMs: number): Promise<string[]> {
  const file = join(folder, "zoo.cfg");
  const settings = [`dataDir=${folder}`, `clientPort=${port}`, "clientPortAddress=127.0.0.1", `tickTime=${tickMs}`];
  const open = ["maxClientCnxns=0", "admin.enableServer=false"];
  await writeFile(file, `${[...settings, ...open].join("\n")}\n`);
  return ["-cp", jar, "org.apache.zookeeper.server.ZooKeeperServerMain", file];
}

/** The client tries again by itself while the server listens and does not serve yet. */
export const connectZooKeeper: Connect = async (address, election) => {
  const { createClient, CreateMode } = await zooKeeperLibrary();
  const [server = "", sessionMs] = address.split(" ");
  const client = createClient(server, { sessionTimeout: Number(sessionMs) });
  const connected = new Promise<void>((resolve) => client.once("connected", resolve));
  client.connect();
  await connected;
  const { create, children, remove, changed } = promised(client);
  const root = `/${election}`;
  await create(root, CreateMode.PERSISTENT).catch((error: unknown) => {
    if (!String(error).includes("NODE_EXISTS")) throw error;
  });
  /** Resolves when the node is the first one, and calls back once before it waits. */
  const leads = async (path: string, waits: () => void): Promise<void> => {
    for (;;) {
      const names = [...(await children(root))].sort();
      const place = names.indexOf(path.slice(root.length + 1));
      if (place === 0) return;
      await changed(`${root}/${names[place - 1]}`, waits);
    }
  };
  let path = "";
  return {
    async stand(lead) {
      path = await create(`${root}/n-`, CreateMode.EPHEMERAL_SEQUENTIAL);
      await new Promise<void>((resolve, reject) => {
        leads(path, resolve).then(() => {
          lead();
          resolve();
        }, reject);
      });
    },
    resign: () => remove(path, ANY_VERSION),
    close: () => client.close(),
  };
};

function promised(client: Client) {
  /** Resolves when the node has changed or gone, or is not there. Calls back when the watch is set. */
  const changed = (path: string, isWatched: () => void): Promise<void> =>
    new Promise((resolve, reject) => {
      client.exists(path, resolve, (error, found) => {
        if (error !== null) return reject(error);
        if (found === null) return resolve();
        isWatched();
      });
    });
  return {
    changed,
    create: promisify(client.create.bind(client)),
    children: promisify(client.getChildren.bind(client)),
    remove: promisify(client.remove.bind(client)),
  };
}
