/**
 * A listener before a backend that passes everything on as it is, and tells what it sees of the sessions' sockets: the trace
 * of any client, in whatever language. It tells of each frame before it passes it on. The backend agrees to no compression.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { SeenEntry } from "./trace.ts";
import { type WebSocketFrame, WebSocketReader } from "./websocket-frames.ts";

export interface Tap {
  /** Listens no longer, and ends the connections that are left. */
  close(): Promise<void>;
}

export interface TapOptions {
  readonly host: string;
  readonly port: number;
  /** Where the backend listens, on the same host. */
  readonly backendPort: number;
  readonly see: (entry: SeenEntry) => void;
}

const SESSION = /^GET \S*\/v1\/groups\/([^/\s]+)\/session\b[^\r]*\r\n/;
const UPGRADE = /^upgrade: *websocket\r$/im;
/** A client names itself, so that sessions which begin anew are known as its own. */
const CLIENT = /^edge-election-client: *([^\r]+)\r$/im;
const HEAD_END = "\r\n\r\n";
const HEAD_BYTES = 65_536;
/** A connection that ended without a close. */
const LOST = 1006;

/** Rejects where the port is taken. */
export async function startTap({ host, port, backendPort, see }: TapOptions): Promise<Tap> {
  const clients = new Set<Socket>();
  let connections = 0;
  // What is written in two pieces would wait for the acknowledgement of the first.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const backend = connect({ host, port: backendPort, allowHalfOpen: true, noDelay: true });
    connections += 1;
    const name = String(connections);
    clients.add(client);
    client.once("close", () => clients.delete(client));
    carry(client, backend, () => new Tapped(name, see));
  });
  await listening(server, host, port);
  return {
    async close() {
      for (const client of clients) client.resetAndDestroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}

/** One socket of a session. */
class Tapped {
  readonly #connection: string;
  readonly #see: (entry: SeenEntry) => void;
  readonly #readers = { up: new WebSocketReader(), down: new WebSocketReader() };
  #isOpen = true;

  constructor(connection: string, see: (entry: SeenEntry) => void) {
    this.#connection = connection;
    this.#see = see;
  }

  open(group: string, client: string | undefined): void {
    const entry = { kind: "open", at: performance.now(), connection: this.#connection, group } as const;
    this.#see(client === undefined ? entry : { ...entry, client });
  }

  pass(kind: "up" | "down", bytes: Buffer): void {
    for (const frame of this.#readers[kind].push(bytes)) this.#tell(kind, frame);
  }

  #tell(kind: "up" | "down", frame: WebSocketFrame): void {
    if (frame.type === "close") return this.close(frame.code, kind === "up");
    const content = frame.type === "text" ? contentOf(frame.text) : null;
    if (this.#isOpen) this.#see({ kind, at: performance.now(), connection: this.#connection, frame: content });
  }

  /** The first end counts. */
  close(code: number, gone: boolean): void {
    if (this.#isOpen) this.#see({ kind: "close", at: performance.now(), connection: this.#connection, code, gone });
    this.#isOpen = false;
  }
}

function contentOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // such as a ping
  }
}

function carry(client: Socket, backend: Socket, session: () => Tapped): void {
  let tapped: Tapped | null = null;
  const request = new Head((head) => {
    const [, group] = SESSION.exec(head) ?? [];
    if (group === undefined || !UPGRADE.test(head)) return;
    tapped = session();
    tapped.open(decodeURIComponent(group), CLIENT.exec(head)?.[1]);
  });
  const answer = new Head((head) => {
    // The refusal of an upgrade is no frame.
    if (!head.startsWith("HTTP/1.1 101")) tapped = null;
  });
  const pass = (head: Head, kind: "up" | "down", from: Socket, to: Socket): void => {
    from.on("data", (bytes: Buffer) => {
      const rest = head.push(bytes);
      if (rest.length > 0) tapped?.pass(kind, rest);
      write(from, to, bytes);
    });
    from.on("end", () => {
      tapped?.close(LOST, kind === "up");
      to.end();
    });
    from.on("error", () => undefined); // it closes then
    from.on("close", () => {
      tapped?.close(LOST, kind === "up");
      if (!to.writableEnded) to.resetAndDestroy();
    });
  };
  pass(request, "up", client, backend);
  pass(answer, "down", backend, client);
}

function write(from: Socket, to: Socket, bytes: Buffer): void {
  if (to.destroyed || to.write(bytes)) return;
  from.pause();
  to.once("drain", () => from.resume());
}

/** The head of the first request or answer of a connection, if it begins with one. */
class Head {
  readonly #read: (head: string) => void;
  #bytes: Buffer | null = Buffer.alloc(0);

  constructor(read: (head: string) => void) {
    this.#read = read;
  }

  /** Returns what follows the head. */
  push(bytes: Buffer): Buffer {
    if (this.#bytes === null) return bytes;
    const all = Buffer.concat([this.#bytes, bytes]);
    const end = all.indexOf(HEAD_END);
    this.#bytes = end < 0 && all.length < HEAD_BYTES ? all : null;
    if (end < 0) return Buffer.alloc(0);
    this.#read(all.toString("latin1", 0, end + HEAD_END.length));
    return all.subarray(end + HEAD_END.length);
  }
}
