/**
 * The smallest group that a client can work with: every contender leads, every renewal is accepted, there is nobody else.
 * It keeps no state, so a measurement in front of it shows the client's own work.
 */
import type { Socket, SocketClass, SocketEvent } from "../client/socket.ts";
import { answerTimeoutFor, DEFAULT_LEASE_MS, leaseFor, offerTimeoutFor } from "../shared/lease.ts";
import { DEFAULT_LIMITS } from "../shared/protocol/limits.ts";
import { type ClientMessage, PING, PONG, type ServerMessage, type Welcome } from "../shared/protocol/messages.ts";
import type { VirtualTime } from "./virtual-time.ts";

const LEADERSHIP = "3f1d2c4b-9a8e-4f70-b1c2-d3e4f5a6b7c8";
const lease = leaseFor(DEFAULT_LEASE_MS);
const SETTINGS = {
  version: 1,
  sessionId: "8c7b6a59-4837-4261-a0b1-c2d3e4f5a6b7",
  secret: "a secret of the usual length, which nobody looks at",
  resumed: false,
  held: [],
  lease,
  pingEveryMs: 25_000,
  answerTimeoutMs: answerTimeoutFor(lease),
  checkEveryMs: 300_000,
  offerTimeoutMs: offerTimeoutFor(lease),
  drainMs: 10_000,
  limits: DEFAULT_LIMITS,
} as const satisfies Omit<Welcome, "type" | "sentAt">;

/** The answers to a frame. */
export function answersTo(frame: string): readonly string[] {
  if (frame === PING) return [PONG];
  const message = JSON.parse(frame) as ClientMessage;
  return messagesFor(message).map((answer) => JSON.stringify(answer));
}

function messagesFor(message: ClientMessage): readonly ServerMessage[] {
  if (message.type === "renew") return [{ type: "renewed", sentAt: message.sentAt, held: message.held }];
  if (message.type !== "hello") return [];
  const welcome: Welcome = { type: "welcome", sentAt: message.sentAt, ...SETTINGS };
  const components = message.contenders?.map(({ component }) => component) ?? [];
  if (components.length === 0) return [welcome, { type: "leaders", revision: 1, snapshot: true, leaders: [] }];
  const offer = { election: "process", leaderSessionId: LEADERSHIP, epoch: 1, components, joined: false } as const;
  return [welcome, { type: "grant", ...offer }];
}

/** Sockets whose answers arrive in the same millisecond, in a later task. */
export class Responder {
  /** Resolves with the first frame. */
  readonly greeted: Promise<void>;
  readonly sockets: SocketClass;
  /** The newest one. */
  frame = "";

  constructor(time: VirtualTime) {
    const responder = this;
    let greet = (): void => undefined;
    this.greeted = new Promise((resolve) => {
      greet = resolve;
    });
    this.sockets = class implements Socket {
      readonly readyState = 1;
      readonly #listeners = new Map<string, (event: SocketEvent) => void>();

      addEventListener(type: string, listener: (event: SocketEvent) => void): void {
        this.#listeners.set(type, listener);
      }

      send(frame: string): void {
        responder.frame = frame;
        greet();
        const answers = answersTo(frame);
        time.setTimeout(() => {
          for (const data of answers) this.#listeners.get("message")?.({ data });
        }, 0);
      }

      close(code: number): void {
        time.setTimeout(() => this.#listeners.get("close")?.({ code }), 0);
      }
    };
  }
}
