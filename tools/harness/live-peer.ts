/** A peer over a connection whose messages take time: it waits for them. */
import { type Grant, type Hello, PING, type ServerMessage, type Welcome } from "../../shared/protocol/messages.ts";
import type { Message } from "./inbox.ts";
import { PATIENCE_MS } from "./patience.ts";
import { type Closing, Peer, type Transport } from "./peer.ts";

export class LivePeer extends Peer {
  /** Settles once either side has ended the connection. */
  readonly closed: Promise<Closing>;
  readonly #closed: (closing: Closing) => void;
  /** Its timers stand still, as those of a hidden tab: it only answers. */
  isHeldUp = false;
  readonly #waiting = new Set<() => void>();
  /** What it was asked to say later. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(transport: Transport) {
    super(transport);
    const { promise, resolve } = Promise.withResolvers<Closing>();
    this.closed = promise;
    this.#closed = resolve;
  }

  protected override later(ms: number, run: () => void): void {
    clearTimeout(this.#timer);
    if (this.ended === null && !this.isHeldUp) this.#timer = setTimeout(run, ms);
  }

  override receive(frame: unknown): void {
    super.receive(frame);
    for (const look of this.#waiting) look();
  }

  override end(closing: Closing): void {
    super.end(closing);
    clearTimeout(this.#timer);
    this.#closed(closing);
    for (const look of this.#waiting) look();
  }

  get isWaiting(): boolean {
    return this.#waiting.size > 0;
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

  /** Takes the next grant, and shows by a renewal that it leads. */
  async win(): Promise<Grant> {
    const grant = await this.next("grant");
    const held = await this.renew(grant.leaderSessionId);
    if (grant.joined || !held.includes(grant.leaderSessionId)) throw new Error("the grant was not taken");
    return grant;
  }
}
