/** A connection to Redis, as far as locks need it: commands out, replies and published messages in (RESP 2). */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export type Reply = string | number | null | readonly Reply[];

const encode = (words: readonly (string | number)[]): string =>
  [`*${words.length}`, ...words.flatMap((word) => [`$${Buffer.byteLength(String(word))}`, String(word)]), ""].join(
    "\r\n",
  );

export class RedisConnection {
  readonly #socket: Socket;
  readonly #waiting: ((reply: Reply) => void)[] = [];
  #buffer = "";
  #onPublished: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding("utf8").on("data", (text: string) => {
      this.#buffer += text;
      this.#read();
    });
  }

  static async open(port: number): Promise<RedisConnection> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new RedisConnection(socket);
  }

  send(...words: readonly (string | number)[]): Promise<Reply> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#socket.write(encode(words));
    });
  }

  /** Calls back for every message that is published from now on. The connection can do nothing else afterwards. */
  async subscribe(channel: string, onPublished: () => void): Promise<void> {
    await this.send("SUBSCRIBE", channel);
    this.#onPublished = onPublished;
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(): void {
    for (let parsed = parse(this.#buffer, 0); parsed !== null; parsed = parse(this.#buffer, 0)) {
      this.#buffer = this.#buffer.slice(parsed.end);
      if (this.#onPublished !== undefined) this.#onPublished();
      else this.#waiting.shift()?.(parsed.reply);
    }
  }
}

/** The reply that begins there, or `null` while it is not complete. */
function parse(buffer: string, start: number): { readonly reply: Reply; readonly end: number } | null {
  const lineEnd = buffer.indexOf("\r\n", start);
  if (lineEnd < 0) return null;
  const [kind, rest, end] = [buffer[start], buffer.slice(start + 1, lineEnd), lineEnd + 2];
  if (kind === "-") throw new Error(`Redis: ${rest}`);
  if (kind === ":") return { reply: Number(rest), end };
  if (kind === "+") return { reply: rest, end };
  if (kind === "$") return parseText(buffer, Number(rest), end);
  return parseList(buffer, Number(rest), end);
}

function parseText(buffer: string, length: number, start: number) {
  if (length < 0) return { reply: null, end: start };
  const end = start + length + 2;
  return buffer.length < end ? null : { reply: buffer.slice(start, start + length), end };
}

function parseList(buffer: string, length: number, start: number) {
  const reply: Reply[] = [];
  let end = start;
  for (let index = 0; index < length; index++) {
    const entry = parse(buffer, end);
    if (entry === null) return null;
    reply.push(entry.reply);
    end = entry.end;
  }
  return { reply, end };
}
