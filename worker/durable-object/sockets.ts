/**
 * The hibernatable sockets of one object, by connection: which one a connection is, and what it carries. Each has its
 * connection as a tag, so that one can be found without the others: to list ten thousand takes some 50 ms.
 */
import { CLOSE } from "../../shared/protocol/close-codes.ts";
import type { Attachment } from "../group/events.ts";
import { logError } from "../http/log.ts";

export class Sockets {
  readonly #context: DurableObjectState;
  readonly #sockets = new Map<string, WebSocket>();
  /** What attachments say, so that not every frame has to read its own. The platform refuses the tags of what is closed. */
  readonly #connections = new WeakMap<WebSocket, string>();
  /** The platform goes on listing what this side has closed. */
  readonly #closed = new WeakSet<WebSocket>();
  /** Whether all of them are in the map. */
  #complete = false;

  constructor(context: DurableObjectState) {
    this.#context = context;
  }

  /** What the sockets of these connections carry; nothing of those that are gone. */
  find(connections: readonly string[]): Attachment[] {
    return connections.flatMap((connection) => {
      const socket = this.#find(connection);
      return socket === undefined ? [] : this.adopt(socket);
    });
  }

  /** What it carries; nothing of one that this side has closed. */
  adopt(socket: WebSocket): Attachment[] {
    const carried = this.#adopt(socket);
    for (const { connection } of carried) this.#connections.set(socket, connection);
    return carried;
  }

  /** The live ones as the platform lists them, with what they carry. */
  adoptAll(): Attachment[] {
    this.#complete = true;
    return this.#context.getWebSockets().flatMap((socket) => this.#adopt(socket));
  }

  /** `null` for a socket that this side has closed: its peer may talk on, and is not worth reading. */
  connectionOf(socket: WebSocket): string | null {
    const connection = this.#connections.get(socket) ?? attachmentOf(socket)?.connection;
    if (connection === undefined || !this.#sockets.has(connection)) return null;
    this.#connections.set(socket, connection);
    return connection;
  }

  accept(socket: WebSocket, attachment: Attachment): void {
    this.#context.acceptWebSocket(socket, [attachment.connection]);
    this.#sockets.set(attachment.connection, socket);
    this.attach(attachment);
  }

  attach(attachment: Attachment): void {
    this.#find(attachment.connection)?.serializeAttachment(attachment);
  }

  /** One that can't take it is closing: its close event follows. A connection without a socket takes nothing. */
  send(connection: string, text: string): void {
    try {
      this.#find(connection)?.send(text);
    } catch (error) {
      logError("send_failed", error);
    }
  }

  /** Whether it was still one of them. */
  forget(connection: string): boolean {
    return this.#sockets.delete(connection);
  }

  close(connection: string, code: number, reason: string): void {
    const socket = this.#find(connection);
    this.#sockets.delete(connection);
    if (socket === undefined) return;
    this.#closed.add(socket);
    closeSocket(socket, code, reason);
  }

  #adopt(socket: WebSocket): Attachment[] {
    const attachment = this.#closed.has(socket) ? null : attachmentOf(socket);
    if (attachment === null) return [];
    this.#sockets.set(attachment.connection, socket);
    return [attachment];
  }

  #find(connection: string): WebSocket | undefined {
    const known = this.#sockets.get(connection);
    if (known !== undefined || this.#complete) return known;
    const socket = this.#context.getWebSockets(connection).find((found) => !this.#closed.has(found));
    if (socket !== undefined) this.#sockets.set(connection, socket);
    return socket;
  }
}

const attachmentOf = (socket: WebSocket): Attachment | null => socket.deserializeAttachment() as Attachment | null;

const UNSENDABLE = new Set([1004, 1005, 1006, 1015]);
const REASON_LENGTH = 120;

/** A peer may close with a code that is none, or that only stands for the absence of one: such can't be sent back. */
const isSendable = (code: number): boolean => code >= 1000 && code < 5000 && !UNSENDABLE.has(code);

/** Reasons have at most 123 bytes. */
export function closeSocket(socket: WebSocket, code: number, reason: string): void {
  socket.close(isSendable(code) ? code : CLOSE.normal, reason.slice(0, REASON_LENGTH));
}
