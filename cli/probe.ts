/** A session that sends one request after the other and waits for each answer. */
import { openSocket } from "../client/node/socket.ts";
import type { Socket } from "../client/socket.ts";
import { legible } from "../shared/legible.ts";
import { CLOSE, closeMeaning } from "../shared/protocol/close-codes.ts";
import { encode } from "../shared/protocol/codec.ts";
import { type ClientMessage, PING, PONG, type ServerMessage } from "../shared/protocol/messages.ts";
import { parseServerMessage } from "../shared/protocol/server-codec.ts";
import { unreachable } from "./admin.ts";
import { CommandFailure, EXIT } from "./failure.ts";

const PATIENCE_MS = 10_000;

type Of<Type extends ServerMessage["type"]> = Extract<ServerMessage, { readonly type: Type }>;

export class Probe {
  readonly #socket: Socket;
  readonly #frames: string[] = [];
  #notify = (): void => undefined;
  #ending: CommandFailure | undefined;

  private constructor(socket: Socket, url: string) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      this.#frames.push(String(data));
      this.#notify();
    });
    const lost = ({ code }: { readonly code?: number }): void => {
      this.#ending ??= endingOf(url, code);
      this.#notify();
    };
    socket.addEventListener("close", lost);
    socket.addEventListener("error", lost);
  }

  /** Resolves when the socket is open. */
  static async open(url: string, token: string | undefined): Promise<Probe> {
    const socket = await openSocket(url, token);
    const probe = new Probe(socket, url);
    let isOpen = false;
    socket.addEventListener("open", () => {
      isOpen = true;
      probe.#notify();
    });
    await probe.#until("connection", () => isOpen || undefined);
    return probe;
  }

  send(message: ClientMessage): void {
    this.#socket.send(encode(message));
  }

  /** Resolves with the next message of this type; messages of other types are skipped. */
  next<Type extends ServerMessage["type"]>(type: Type): Promise<Of<Type>> {
    return this.#take(type, (frame) => {
      const message = frame === PONG ? undefined : parseServerMessage(frame);
      if (message?.type === "error") throw refusedBy(message);
      return message !== undefined && isOf(message, type) ? message : undefined;
    });
  }

  async ping(): Promise<void> {
    this.#socket.send(PING);
    await this.#take("pong", (frame) => (frame === PONG ? true : undefined));
  }

  close(): void {
    this.#socket.close(CLOSE.normal);
  }

  #take<T>(what: string, read: (frame: string) => T | undefined): Promise<T> {
    return this.#until(what, () => {
      for (let frame = this.#frames.shift(); frame !== undefined; frame = this.#frames.shift()) {
        const found = read(frame);
        if (found !== undefined) return found;
      }
      return undefined;
    });
  }

  #until<T>(what: string, find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(tooSlow(what)), PATIENCE_MS);
      this.#notify = () => {
        try {
          const found = find();
          if (found !== undefined) resolve(found);
          else if (this.#ending) throw this.#ending;
          else return;
        } catch (error) {
          reject(error);
        }
        clearTimeout(timer);
      };
      this.#notify();
    });
  }
}

const isOf = <Type extends ServerMessage["type"]>(message: ServerMessage, type: Type): message is Of<Type> =>
  message.type === type;

const tooSlow = (what: string): CommandFailure =>
  new CommandFailure(`no ${what} within ${PATIENCE_MS / 1_000} s`, {
    exitCode: EXIT.unreachable,
    code: "too_slow",
    remedy: "The group may be paused: `edge-election status` shows it.",
  });

const refusedBy = ({ code, message }: Of<"error">): CommandFailure =>
  new CommandFailure(legible(message), {
    exitCode: code === "forbidden" ? EXIT.refused : EXIT.conflict,
    code,
    remedy: "Use a token with the role contend, for this group and the component bench-connection.",
  });

function endingOf(url: string, code: number | undefined): CommandFailure {
  if (code !== undefined && closeMeaning(code).error === "unauthorized") {
    return new CommandFailure(`the connection was refused (${code})`, {
      exitCode: EXIT.refused,
      code: "unauthorized",
      remedy: "Use a token with the role contend, for this group.",
    });
  }
  return unreachable(url);
}
