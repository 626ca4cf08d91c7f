/**
 * The smallest group that a client can work with: every contender leads, every renewal is accepted, there is nobody else.
 * It has no time, so a measurement in front of it shows the client's own work.
 */
import type { Socket, SocketClass, SocketEvent } from "../client/socket.ts";
import { SoloGroup } from "../tools/harness/solo-group.ts";
import type { VirtualTime } from "./virtual-time.ts";

const ID_LENGTH = 34;

/** A group behind sockets whose answers arrive in the same millisecond, in a later task. */
export class Responder extends SoloGroup {
  /** Resolves with the first frame. */
  readonly greeted: Promise<void>;
  readonly sockets: SocketClass;
  /** The first frame, which is the hello, and the newest one. */
  greeting = "";
  frame = "";
  #answers: string[] = [];

  constructor(time: VirtualTime) {
    super();
    const responder = this;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.greeted = promise;
    this.sockets = class implements Socket {
      readonly readyState = 1;
      readonly #listeners = new Map<string, (event: SocketEvent) => void>();

      addEventListener(type: string, listener: (event: SocketEvent) => void): void {
        this.#listeners.set(type, listener);
      }

      send(frame: string): void {
        responder.greeting ||= frame;
        responder.frame = frame;
        resolve();
        const answers = responder.answersTo(frame);
        time.setTimeout(() => {
          for (const data of answers) this.#listeners.get("message")?.({ data });
        }, 0);
      }

      close(code: number): void {
        time.setTimeout(() => this.#listeners.get("close")?.({ code }), 0);
      }
    };
  }

  answersTo(frame: string): readonly string[] {
    this.#answers = [];
    this.receive(frame);
    return this.#answers;
  }

  protected deliver(frame: string): void {
    this.#answers.push(frame);
  }

  protected override idOf(kind: "session" | "term", number: number): string {
    return super.idOf(kind, number).padEnd(ID_LENGTH, "_");
  }
}
