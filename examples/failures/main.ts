/** `node main.ts ["404" …]`: makes all failures, or those that are named, and writes what a client says of each. */
import { createHmac } from "node:crypto";
import { createServer, type OutgoingHttpHeaders } from "node:http";
import { createElectionClient, ElectionError, type NodeClientOptions } from "edge-election/node";
import { startLocalBackend } from "edge-election/testing";
import { WebSocket } from "ws";

type Options = Omit<NodeClientOptions, "group">;

const TOKENS = { AUTH_SECRET: "a secret of at least thirty-two characters" };
const PAGE = "<html>a page</html>";
const DISK = `{"error":{"code":"unavailable","message":"the group can't answer right now: try again; the backend's log says why"}}`;

const failures: Readonly<Record<string, () => Promise<void>>> = {
  "nobody listens": () => ask({ url: "http://127.0.0.1:9" }),
  "an unknown host": () => ask({ url: "http://nowhere.invalid" }),
  "TLS against a plain port": () => askBackend({}, (url) => ({ url: url.replace("http:", "https:") })),
  "301": () => askOther(301, "", { location: "https://elections.example.com/" }),
  "404": () => askOther(404, PAGE),
  "403": () => askOther(403, PAGE),
  "502": () => askOther(502, PAGE),
  "HTML instead of JSON": () => askOther(200, PAGE),
  "a wrong base path": () => askBackend({}, (url) => ({ url: `${url}/elsewhere` })),
  "a full disk (503)": () => askOther(503, DISK), // what the backend answers while it writes SQLITE_FULL to its log
  "a refused origin": () => askBackend(TOKENS, (url) => ({ url, token: token("contend"), WebSocket: SocketOfPage })),
  "no token": () => askBackend(TOKENS, (url) => ({ url })),
  "an expired token": () => askBackend(TOKENS, (url) => ({ url, token: token("contend", { exp: 1 }) })),
  "a server without authentication set": () => askBackend({ OPEN_MODE: "" }, (url) => ({ url })),
  "a token for another group": () =>
    askBackend(TOKENS, (url) => ({ url, token: token("contend", { groups: ["another"] }) })),
  "a wrong role": () => askBackend(TOKENS, (url) => ({ url, token: token("observe") })),
  "a limit": () => askBackend({ LIMITS: '{"contenders":1}' }, (url) => ({ url }), ["first", "dispatcher"]),
};

/** Contends, and writes the first error. */
async function ask(options: Options, components: readonly string[] = ["dispatcher"]): Promise<void> {
  const client = createElectionClient({ ...options, group: "shop" });
  const error = await new Promise((resolve) => {
    for (const component of components) client.contend(component, { onError: resolve });
  });
  if (!(error instanceof ElectionError)) throw error;
  console.log(`${error.code}: ${error.message}`);
  await client.close();
}

async function askBackend(
  settings: Readonly<Record<string, string>>,
  optionsFor: (url: string) => Options,
  components?: readonly string[],
): Promise<void> {
  await using backend = await startLocalBackend({ settings });
  await ask(optionsFor(backend.url), components);
}

/** Another server, or a proxy in front of the backend. */
async function askOther(status: number, body: string, headers: OutgoingHttpHeaders = {}): Promise<void> {
  const server = createServer((_, response) => {
    response.writeHead(status, { connection: "close", ...headers }).end(body);
  });
  await new Promise<void>((listens) => server.listen(0, "127.0.0.1", listens));
  const address = server.address();
  if (address !== null && typeof address === "object") await ask({ url: `http://127.0.0.1:${address.port}` });
  server.close();
}

/** What `edge-election token` prints. */
function token(role: "observe" | "contend", claims: object = {}): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part({ role, groups: ["*"], exp, ...claims })}`;
  return `${text}.${createHmac("sha256", TOKENS.AUTH_SECRET).update(text).digest("base64url")}`;
}

/** A page of another address. */
class SocketOfPage extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols, { origin: "https://pages.example.com" });
  }
}

for (const name of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(failures)) {
  process.stdout.write(`${name}: `);
  await failures[name]?.();
}
