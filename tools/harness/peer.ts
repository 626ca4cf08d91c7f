/**
 * A process that speaks the protocol by hand, with nothing of the project's own client in it. Every message of the server
 * goes through the codec, so that a wrong one fails the test. Who waits for messages takes a `LivePeer`.
 */
import { encode } from "../../shared/protocol/codec.ts";
import { type ClientMessage, PONG, type Resume, type ServerMessage } from "../../shared/protocol/messages.ts";
import { parseServerMessage } from "../../shared/protocol/server-codec.ts";
import { Inbox, type Message } from "./inbox.ts";

/** A connection to the group: each tier brings its own. It reports what happens by `receive` and `end` of its peer. */
export interface Transport {
  send(frame: string | ArrayBuffer): void;
  /** Ends the connection without a message. */
  close(code?: number): void;
}

export interface Closing {
  readonly code: number;
  readonly reason: string;
}

export class Peer {
  readonly inbox = new Inbox();
  /** It receives everything, and answers no question of the group. */
  silent = false;
  /** Its session, as the last `welcome` names it; empty before. */
  sessionId = "";
  secret = "";
  /** The last attempt at a resume, of any of its sessions. */
  attempt = 0;
  /** How many pings were answered. */
  pongs = 0;
  /** Set once the connection has ended. */
  ended: Closing | null = null;
  #transport: Transport | null;
  readonly #answers = new Set<number>();
  #sentAt = 0;

  constructor(transport: Transport | null = null) {
    this.#transport = transport;
  }

  // For the transport

  /** From here on the peer speaks over another connection. */
  attach(transport: Transport): void {
    this.#transport = transport;
    this.ended = null;
  }

  receive(frame: unknown): void {
    if (frame === PONG) this.pongs += 1;
    else this.#take(parseServerMessage(frame));
  }

  /** Answers the group's questions like any process; a test sees neither these nor what the group says to the answers. */
  #take(message: ServerMessage): void {
    if (message.type === "next" && (!this.silent || message.inMs > 0)) this.asked(message);
    else if (message.type !== "renewed" || !this.#answers.delete(message.sentAt)) this.received(message);
  }

  /** `later` replaces what it was asked before. */
  protected asked({ inMs }: Message<"next">): void {
    if (inMs === 0) this.speak();
    else this.later(inMs, () => this.speak());
  }

  /** What a process does by its timer: there is none where no time passes. */
  protected later(_ms: number, _run: () => void): void {}

  protected speak(): void {
    if (this.silent || this.ended !== null) return;
    const sentAt = this.sentAt();
    this.#answers.add(sentAt);
    this.send({ type: "renew", sentAt, held: [] });
  }

  end(closing: Closing): void {
    this.ended = closing;
  }

  protected received(message: ServerMessage): void {
    this.inbox.put(message);
    if (message.type !== "welcome") return;
    this.sessionId = message.sessionId;
    this.secret = message.secret;
  }

  // For the test

  /** Messages that nobody has taken, oldest first. */
  get unread(): readonly ServerMessage[] {
    return this.inbox.messages;
  }

  get closeCode(): number | null {
    return this.ended?.code ?? null;
  }

  /** The last message of this type; the test fails where there is none. */
  last<T extends ServerMessage["type"]>(type: T): Message<T> {
    const message = this.inbox.last(type);
    if (message === undefined) throw new Error(`no ${type} has arrived; unread: ${JSON.stringify(this.unread)}`);
    return message;
  }

  /** Strictly increasing, as the protocol asks, and unlike any time: the group must not read it. */
  sentAt(): number {
    this.#sentAt += 1;
    return this.#sentAt;
  }

  /** What a `hello` over another connection says to go on with this session. */
  nextResume(): Resume {
    this.attempt += 1;
    const { sessionId, secret, attempt } = this;
    return { sessionId, secret, attempt };
  }

  send(message: ClientMessage): void {
    if (message.type === "hello") this.attempt = Math.max(this.attempt, message.resume?.attempt ?? 0);
    this.sendRaw(encode(message));
  }

  sendRaw(frame: string | ArrayBuffer): void {
    if (this.#transport === null) throw new Error("this peer has never connected");
    this.#transport.send(frame);
  }

  /** Ends the connection without a message. */
  drop(code?: number): void {
    this.#transport?.close(code);
  }
}
