/** A session with ZooKeeper, as far as the election recipe needs it (protocol version 0, big endian). */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

const OPERATION = { create: 1, delete: 2, exists: 3, getChildren: 8 } as const;
const PASSWORD_BYTES = 16;
const GREETING_PATIENCE_MS = 1_000;
const NOTIFICATION = -1;
const EPHEMERAL_SEQUENTIAL = 3;
const NO_NODE = -101;
const ALL_PERMISSIONS = 31;

class Writer {
  readonly #parts: Buffer[] = [];

  int(value: number): this {
    const part = Buffer.alloc(4);
    part.writeInt32BE(value);
    this.#parts.push(part);
    return this;
  }

  long(value: number): this {
    const part = Buffer.alloc(8);
    part.writeBigInt64BE(BigInt(value));
    this.#parts.push(part);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.int(value.length);
    this.#parts.push(Buffer.from(value));
    return this;
  }

  text(value: string): this {
    return this.bytes(Buffer.from(value));
  }

  flag(value: boolean): this {
    this.#parts.push(Buffer.from([value ? 1 : 0]));
    return this;
  }

  frame(): Buffer {
    const body = Buffer.concat(this.#parts);
    const head = Buffer.alloc(4);
    head.writeInt32BE(body.length);
    return Buffer.concat([head, body]);
  }
}

interface Answer {
  readonly error: number;
  readonly body: Buffer;
}

export class ZooKeeperSession {
  readonly #socket: Socket;
  readonly #answers = new Map<number, (answer: Answer) => void>();
  /** Rejects when the server hangs up. */
  readonly #gone: Promise<never>;
  readonly #watches = new Map<string, () => void>();
  #received = Buffer.alloc(0);
  #requests = 0;
  #greeted: () => void = () => undefined;
  #isGreeted = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (data: Buffer) => this.#receive(data));
    this.#gone = once(socket, "close").then(() => {
      throw new Error("ZooKeeper has hung up");
    });
    this.#gone.catch(() => undefined); // of interest to whoever waits for an answer
  }

  /** Rejects where the server hangs up or says nothing, as one does that has not started yet. */
  static async open(port: number, timeoutMs: number): Promise<ZooKeeperSession> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    const session = new ZooKeeperSession(socket);
    const greeted = new Promise<void>((resolve) => {
      session.#greeted = resolve;
    });
    const hello = new Writer().int(0).long(0).int(timeoutMs).long(0).bytes(new Uint8Array(PASSWORD_BYTES)).flag(false);
    socket.write(hello.frame());
    // One that has just begun to listen may forget whom it has accepted.
    const patience = setTimeout(() => socket.destroy(), GREETING_PATIENCE_MS);
    await Promise.race([greeted, session.#gone]);
    clearTimeout(patience);
    return session;
  }

  /** Gives back the path with the number that the server has put behind it. */
  async createEphemeralSequential(path: string): Promise<string> {
    return readText((await this.#create(path, EPHEMERAL_SEQUENTIAL)).body, 0);
  }

  async createPersistent(path: string): Promise<void> {
    await this.#create(path, 0);
  }

  async delete(path: string): Promise<void> {
    await this.#ask(OPERATION.delete, new Writer().text(path).int(-1));
  }

  async children(path: string): Promise<string[]> {
    const { body } = await this.#ask(OPERATION.getChildren, new Writer().text(path).flag(false));
    const names: string[] = [];
    let offset = 4;
    for (let left = body.readInt32BE(0); left > 0; left--) {
      const name = readText(body, offset);
      names.push(name);
      offset += 4 + Buffer.byteLength(name);
    }
    return names;
  }

  /** Resolves when the node has changed or gone, or is not there. */
  async changed(path: string): Promise<void> {
    const notified = new Promise<void>((resolve) => this.#watches.set(path, resolve));
    const { error } = await this.#ask(OPERATION.exists, new Writer().text(path).flag(true));
    if (error !== NO_NODE) await Promise.race([notified, this.#gone]);
    this.#watches.delete(path);
  }

  close(): void {
    this.#socket.destroy();
  }

  #create(path: string, kind: number): Promise<Answer> {
    const anyone = new Writer().text(path).bytes(new Uint8Array()).int(1).int(ALL_PERMISSIONS);
    return this.#ask(OPERATION.create, anyone.text("world").text("anyone").int(kind));
  }

  #ask(operation: number, body: Writer): Promise<Answer> {
    this.#requests += 1;
    const request = this.#requests;
    const frame = body.frame();
    const head = Buffer.alloc(12);
    head.writeInt32BE(frame.length + 4, 0);
    head.writeInt32BE(request, 4);
    head.writeInt32BE(operation, 8);
    const answer = new Promise<Answer>((resolve) => this.#answers.set(request, resolve));
    this.#socket.write(Buffer.concat([head, frame.subarray(4)]));
    return Promise.race([answer, this.#gone]);
  }

  #receive(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data]);
    while (this.#received.length >= 4) {
      const end = 4 + this.#received.readInt32BE(0);
      if (this.#received.length < end) return;
      this.#take(this.#received.subarray(4, end));
      this.#received = this.#received.subarray(end);
    }
  }

  #take(frame: Buffer): void {
    if (!this.#isGreeted) {
      this.#isGreeted = true;
      return this.#greeted();
    }
    const [request, error, body] = [frame.readInt32BE(0), frame.readInt32BE(12), frame.subarray(16)];
    if (request === NOTIFICATION) return this.#watches.get(readText(body, 8))?.();
    this.#answers.get(request)?.({ error, body });
    this.#answers.delete(request);
  }
}

const readText = (buffer: Buffer, offset: number): string =>
  buffer.toString("utf8", offset + 4, offset + 4 + buffer.readInt32BE(offset));
