/** A port for a server that may be restarted. */
import { createServer } from "node:net";

/** Below the ports that systems give to connections: a connection could take the port of a server that restarts. */
const [FIRST_PORT, PORTS] = [11_000, 21_000];
/** Processes that start servers at the same time try different ports. */
const STEP = 16;

let next = process.pid * STEP;

/** Resolves with a port on which nobody listens now. The same process does not get it again soon. */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  for (let tried = 0; tried < PORTS; tried += 1) {
    const port = FIRST_PORT + (next % PORTS);
    next += 1;
    if (await isFree(host, port)) return port;
  }
  throw new Error(
    `all ports of ${host} from ${FIRST_PORT} to ${FIRST_PORT + PORTS - 1} are taken: give one with --port`,
  );
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
