/**
 * A process at the far end of one connection, played by hand, with nothing of the project's own client in it. Every
 * message of the server goes through the codec, so that a wrong one fails the test.
 */
import type { ClientMessage, Grant, Hello, ServerMessage, Welcome } from "../../shared/protocol/messages.ts";
import { PING, PONG } from "../../shared/protocol/messages.ts";
import { parseServerMessage } from "../../shared/protocol/server-codec.ts";
import { Inbox, type Message } from "./inbox.ts";
import { PATIENCE_MS } from "./patience.ts";

/** The connection of a peer: each tier brings its own. It reports what happens by `receive` and `end`. */
export interface Port {
  send(frame: string | ArrayBuffer): void;
  /** Ends the connection without a message. */
  close(code?: number): void;
}

export interface Closing {
  readonly code: number;
  readonly reason: string;
}

export class Peer {
  /** Settles once either side has ended the connection. */
  readonly closed: Promise<Closing>;
  /** Set once the connection has ended. */
  ended: Closing | null = null;
  /** How many pings were answered. */
  pongs = 0;
  readonly inbox = new Inbox();
  readonly #port: Port;
  readonly #waiting = new Set<() => void>();
  readonly #end: (closing: Closing) => void;
  #sentAt = 0;

  constructor(port: Port) {
    this.#port = port;
    const { promise, resolve } = Promise.withResolvers<Closing>();
    this.closed = promise;
    this.#end = resolve;
  }

  // For the port

  receive(frame: unknown): void {
    if (frame === PONG) this.pongs += 1;
    else this.inbox.put(parseServerMessage(frame));
    for (const look of this.#waiting) look();
  }

  end(closing: Closing): void {
    this.ended = closing;
    this.#end(closing);
    for (const look of this.#waiting) look();
  }

  // For the test

  /** Messages that nobody has taken, oldest first. */
  get unread(): readonly ServerMessage[] {
    return this.inbox.messages;
  }

  /** Strictly increasing, as the protocol asks. */
  sentAt(): number {
    this.#sentAt += 1;
    return this.#sentAt;
  }

  send(message: ClientMessage): void {
    this.sendRaw(JSON.stringify(message));
  }

  sendRaw(frame: string | ArrayBuffer): void {
    this.#port.send(frame);
  }

  /** Ends the connection without a message. */
  drop(code?: number): void {
    this.#port.close(code);
  }

  /** Takes the oldest unread message of this type, and waits for it where there is none. Rejects when the connection ends before. */
  async next<T extends ServerMessage["type"]>(type: T): Promise<Message<T>> {
    await this.until(() => this.inbox.last(type) !== undefined, `no ${type}`);
    const message = this.inbox.take(type);
    if (message === undefined) throw new Error(`somebody else has taken the ${type}`);
    return message;
  }

  /** Waits for the answer to one more ping. */
  async ping(): Promise<void> {
    const before = this.pongs;
    this.sendRaw(PING);
    await this.until(() => this.pongs > before, "no pong");
  }

  /** Looks after every event. Rejects when the connection ends before. */
  async until(isThere: () => boolean, problem: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fail = (why: string): void => reject(new Error(`${problem} ${why}; unread: ${JSON.stringify(this.unread)}`));
    const look = (): void => {
      if (isThere()) resolve();
      else if (this.ended !== null) fail(`before the connection ended with ${this.ended.code}`);
    };
    const timer = setTimeout(() => fail(`within ${PATIENCE_MS} ms`), PATIENCE_MS);
    this.#waiting.add(look);
    look();
    await promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(look);
    });
  }

  /** Sends a `hello` and takes its `welcome`. */
  async hello(hello: Partial<Hello> = {}): Promise<Welcome> {
    this.send({ type: "hello", sentAt: this.sentAt(), ...hello });
    return this.next("welcome");
  }

  /** Renews, and resolves with the ids that were extended. */
  async renew(...held: readonly string[]): Promise<readonly string[]> {
    this.send({ type: "renew", sentAt: this.sentAt(), held });
    return (await this.next("renewed")).held;
  }

  /** Every message that was sent before this has been processed, and every answer to it has arrived, after this. */
  async settle(): Promise<readonly ServerMessage[]> {
    await this.renew();
    return this.unread;
  }

  /** Takes the next offer and accepts it. */
  async win(): Promise<Grant> {
    const grant = await this.next("grant");
    const held = await this.renew(grant.leaderSessionId);
    if (grant.joined || !held.includes(grant.leaderSessionId)) throw new Error("the offer was not accepted");
    return grant;
  }
}
