/** The hibernatable sockets of one object, by connection: which one a connection is, and what it carries. */
import { CLOSE } from "../shared/close-codes.ts";
import type { Attachment } from "./group/events.ts";
import { logError } from "./log.ts";

export class Sockets {
  readonly #context: DurableObjectState;
  readonly #sockets = new Map<string, WebSocket>();
  /** What attachments say, so that not every frame has to read its own. */
  readonly #connections = new WeakMap<WebSocket, string>();

  constructor(context: DurableObjectState) {
    this.#context = context;
  }

  /** The live ones as the platform lists them, with what they carry. */
  adopt(): Attachment[] {
    return this.#context.getWebSockets().flatMap((socket) => {
      const attachment = attachmentOf(socket);
      if (attachment === null) return [];
      this.#sockets.set(attachment.connection, socket);
      return [attachment];
    });
  }

  /** `null` for a socket that this side has closed: its peer may talk on, and is not worth reading. */
  connectionOf(socket: WebSocket): string | null {
    const connection = this.#connections.get(socket) ?? connectionOf(socket);
    if (connection === null || !this.#sockets.has(connection)) return null;
    this.#connections.set(socket, connection);
    return connection;
  }

  accept(socket: WebSocket, attachment: Attachment): void {
    this.#context.acceptWebSocket(socket);
    this.#sockets.set(attachment.connection, socket);
    this.attach(attachment);
  }

  attach(attachment: Attachment): void {
    this.#sockets.get(attachment.connection)?.serializeAttachment(attachment);
  }

  /** One that can't take it is closing: its close event follows. A connection without a socket takes nothing. */
  send(connection: string, text: string): void {
    try {
      this.#sockets.get(connection)?.send(text);
    } catch (error) {
      logError("send_failed", error);
    }
  }

  /** Whether it was still one of them. */
  forget(connection: string): boolean {
    return this.#sockets.delete(connection);
  }

  close(connection: string, code: number, reason: string): void {
    const socket = this.#sockets.get(connection);
    this.#sockets.delete(connection);
    if (socket !== undefined) closeSocket(socket, code, reason);
  }
}

const attachmentOf = (socket: WebSocket): Attachment | null => socket.deserializeAttachment() as Attachment | null;

export const connectionOf = (socket: WebSocket): string | null => attachmentOf(socket)?.connection ?? null;

const UNSENDABLE = new Set([1004, 1005, 1006, 1015]);
const REASON_LENGTH = 120;

/** A peer may close with a code that is none, or that only stands for the absence of one: such can't be sent back. */
const isSendable = (code: number): boolean => code >= 1000 && code < 5000 && !UNSENDABLE.has(code);

/** Reasons have at most 123 bytes. */
export function closeSocket(socket: WebSocket, code: number, reason: string): void {
  socket.close(isSendable(code) ? code : CLOSE.normal, reason.slice(0, REASON_LENGTH));
}
