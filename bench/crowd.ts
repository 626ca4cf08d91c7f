/**
 * Many sessions: plain sockets that speak the protocol, one `hello` each, without a client around them. A message is read
 * when a row asks for it.
 */
import type WebSocket from "ws";
import type { ClientMessage, Hello, Resume, ServerMessage } from "../shared/protocol/messages.ts";
import { SUBPROTOCOL } from "../shared/protocol/messages.ts";
import { inParallel, openSocket } from "./sockets.ts";

type Tagged<T extends ServerMessage["type"]> = Extract<ServerMessage, { readonly type: T }>;

export class Peer {
  readonly socket: WebSocket;
  sessionId = "";
  secret = "";
  /** Counts the connections of its session. */
  attempt = 0;

  constructor(socket: WebSocket) {
    this.socket = socket;
  }

  send(message: ClientMessage): void {
    this.socket.send(JSON.stringify(message));
  }

  /** The next message of this type; other messages are skipped. */
  next<T extends ServerMessage["type"]>(type: T): Promise<Tagged<T>> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.socket.off("message", hear);
        this.socket.off("close", gone);
      };
      const hear = (data: Buffer): void => {
        const message = JSON.parse(data.toString()) as ServerMessage;
        if (!isTagged(message, type)) return;
        end();
        resolve(message);
      };
      const gone = (code: number): void => {
        end();
        reject(new Error(`closed with ${code} while waiting for ${type}`));
      };
      this.socket.on("message", hear);
      this.socket.on("close", gone);
    });
  }

  async hello(hello: Partial<Hello>): Promise<Tagged<"welcome">> {
    const answer = this.next("welcome");
    this.send({ type: "hello", sentAt: performance.now(), ...hello });
    const welcome = await answer;
    this.sessionId = welcome.sessionId;
    this.secret = welcome.secret;
    return welcome;
  }

  /** Accepts an offer or extends a lease. */
  async renew(held: readonly string[]): Promise<Tagged<"renewed">> {
    const answer = this.next("renewed");
    this.send({ type: "renew", sentAt: performance.now(), held });
    return answer;
  }

  /** The part of a hello that resumes this session on another connection. */
  resume(): Resume {
    return { sessionId: this.sessionId, secret: this.secret, attempt: this.attempt + 1 };
  }
}

const isTagged = <T extends ServerMessage["type"]>(message: ServerMessage, type: T): message is Tagged<T> =>
  message.type === type;

export async function connectPeer(url: string, group: string): Promise<Peer> {
  return new Peer(await openSocket(`${url.replace("http", "ws")}/v1/groups/${group}/session`, SUBPROTOCOL));
}

export async function joinPeer(url: string, group: string, hello: Partial<Hello>): Promise<Peer> {
  const peer = await connectPeer(url, group);
  await peer.hello(hello);
  return peer;
}

export const joinCrowd = (url: string, group: string, count: number, hello: Partial<Hello>): Promise<Peer[]> =>
  inParallel(count, () => joinPeer(url, group, hello));

/** Joins, and accepts the offer of leadership. */
export async function joinLeader(url: string, group: string, hello: Partial<Hello>) {
  const peer = await connectPeer(url, group);
  const offered = peer.next("grant");
  await peer.hello(hello);
  const { leaderSessionId } = await offered;
  await peer.renew([leaderSessionId]);
  return { peer, leaderSessionId };
}

export function hangUp(peers: readonly Peer[]): void {
  for (const { socket } of peers) socket.terminate();
}
