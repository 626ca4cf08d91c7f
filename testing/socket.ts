/** The near end of an in-process connection: a socket as the client knows sockets. */
import type { Socket, SocketEvent } from "../client/socket.ts";
import { PING, PONG } from "../shared/protocol/messages.ts";
import { unreachable } from "../shared/unreachable.ts";
import type { Link, Packet } from "./group/link.ts";

type Listener = (event: SocketEvent) => void;

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 3;

export class TestSocket implements Socket {
  readyState = CONNECTING;
  readonly #link: Link;
  readonly #now: () => number;
  readonly #listeners = new Map<string, Listener[]>();

  constructor(link: Link, now: () => number) {
    this.#link = link;
    this.#now = now;
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  send(frame: string): void {
    if (this.readyState !== OPEN) throw new Error("the socket is not open");
    this.#link.up.send(frame === PING ? { type: "beat" } : { type: "frame", message: frame }, this.#now());
  }

  /** Closes this side at once; what was sent before still arrives. */
  close(code: number): void {
    if (this.readyState === CLOSED) return;
    this.#link.clientOpen = false;
    this.#link.up.send({ type: "close", code }, this.#now());
    this.#close(code);
  }

  receive(packet: Packet<string>): void {
    if (this.readyState === CLOSED) return;
    switch (packet.type) {
      case "open":
        this.readyState = OPEN;
        return this.#emit("open", {});
      case "frame":
        return this.#emit("message", { data: packet.message });
      case "beat":
        return this.#emit("message", { data: PONG });
      case "close":
        this.#link.clientOpen = false;
        return this.#close(packet.code);
      default:
        return unreachable(packet);
    }
  }

  #close(code: number): void {
    this.readyState = CLOSED;
    this.#emit("close", { code });
  }

  #emit(type: string, event: SocketEvent): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }
}
