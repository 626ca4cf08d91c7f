/**
 * The sockets of one incarnation, by connection. A new incarnation knows none: it finds single ones by their connection,
 * and all of them by one listing, which takes some 50 ms for ten thousand.
 */
import { CLOSE } from "../../shared/protocol/close-codes.ts";
import { isAttachment } from "../group/attachment-check.ts";
import type { Attachment, Path } from "../group/events.ts";
import type { HostPort, SocketPort } from "./port.ts";

export class Sockets<Socket extends object> {
  readonly #port: SocketPort<Socket> & Pick<HostPort<Socket>, "failed">;
  readonly #sockets = new Map<string, Socket>();
  /** Spares each frame the reading of its socket's attachment. */
  readonly #connections = new WeakMap<Socket, string>();
  /** Those that have ended, by either side. The platform goes on listing what this side has closed. */
  readonly #ended = new WeakSet<Socket>();
  /** Whether all live sockets are in the map. */
  #isComplete = false;

  constructor(port: SocketPort<Socket> & Pick<HostPort<Socket>, "failed">) {
    this.#port = port;
  }

  /** Takes in the sockets of these connections, and gives what they carry. Connections that are gone give nothing. */
  find(connections: readonly string[]): Attachment[] {
    return connections.flatMap((connection) => {
      const socket = this.#find(connection);
      return socket === undefined ? [] : this.adopt(socket);
    });
  }

  /** Takes in one socket, and gives what it carries; nothing for one that has ended. */
  adopt(socket: Socket): Attachment[] {
    const carried = this.#adopt(socket);
    for (const { connection } of carried) this.#connections.set(socket, connection);
    return carried;
  }

  /** Takes in all live sockets, in the order in which the platform lists them. */
  adoptAll(): Attachment[] {
    const carried = this.#port.listSockets().flatMap((socket) => this.#adopt(socket));
    this.#isComplete = true;
    return carried;
  }

  /** `null` for a socket that has ended: if this side has closed it, its peer may go on sending, and is not worth reading. */
  connectionOf(socket: Socket): string | null {
    const connection = this.#connections.get(socket) ?? this.#carriedBy(socket);
    if (connection === undefined || !this.#sockets.has(connection)) return null;
    this.#connections.set(socket, connection);
    return connection;
  }

  #carriedBy(socket: Socket): string | undefined {
    const attachment = this.#port.attachmentOf(socket);
    return isAttachment(attachment) ? attachment.connection : undefined;
  }

  accept(socket: Socket, attachment: Attachment): void {
    this.#port.accept(socket, attachment);
    this.#sockets.set(attachment.connection, socket);
    this.#connections.set(socket, attachment.connection);
  }

  /** When a ping of that connection was last answered. */
  path(connection: string): Path {
    const socket = this.#find(connection);
    return { connection, answeredAt: socket === undefined ? null : this.#port.answeredAt(socket) };
  }

  attach(attachment: Attachment): void {
    const socket = this.#find(attachment.connection);
    if (socket !== undefined) this.#port.attach(socket, attachment);
  }

  /** A frame to a connection without a socket is dropped, and so is one that its socket can't take. */
  send(connection: string, text: string): void {
    const socket = this.#find(connection);
    if (socket === undefined) return;
    try {
      this.#port.send(socket, text);
    } catch (error) {
      this.#port.failed("send_failed", error);
    }
  }

  /** The socket has ended; the platform may go on listing it. */
  forget(socket: Socket, connection: string): void {
    this.#sockets.delete(connection);
    this.#ended.add(socket);
  }

  close(connection: string, code: number, reason: string): void {
    const socket = this.#find(connection);
    this.#sockets.delete(connection);
    if (socket === undefined) return;
    this.#ended.add(socket);
    this.#port.close(socket, code, reason);
  }

  #adopt(socket: Socket): Attachment[] {
    const attachment = this.#ended.has(socket) ? null : this.#port.attachmentOf(socket);
    if (attachment === null) return [];
    if (!isAttachment(attachment)) return this.#hangUp(socket);
    this.#sockets.set(attachment.connection, socket);
    const answeredAt = this.#port.answeredAt(socket);
    return [answeredAt === null ? attachment : { ...attachment, answeredAt }];
  }

  /** S17: its session gets back by another one. Until then its leases are worth what their rows say, as after a crash. */
  #hangUp(socket: Socket): Attachment[] {
    this.#ended.add(socket);
    this.#port.failed("socket_unreadable", new TypeError("what a socket carries can't be read: it is closed"));
    this.#port.close(socket, CLOSE.restart, "what this socket carries can't be read: connect again");
    return [];
  }

  #find(connection: string): Socket | undefined {
    const known = this.#sockets.get(connection);
    if (known !== undefined || this.#isComplete) return known;
    const socket = this.#port.findSockets(connection).find((found) => !this.#ended.has(found));
    if (socket !== undefined) this.#sockets.set(connection, socket);
    return socket;
  }
}
