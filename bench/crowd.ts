/**
 * Many sessions without a client around them, one `hello` each. They answer the group's questions; other messages are read
 * only while a row waits for one.
 */
import { once } from "node:events";
import type WebSocket from "ws";
import { encode } from "../shared/protocol/codec.ts";
import type { Hello } from "../shared/protocol/messages.ts";
import { SUBPROTOCOL } from "../shared/protocol/messages.ts";
import type { LivePeer } from "../tools/harness/live-peer.ts";
import { peerOn } from "../tools/harness/socket-peer.ts";
import { inParallel, openSocket } from "./sockets.ts";

export type CrowdPeer = LivePeer & { readonly socket: WebSocket };

const addressOf = (url: string, group: string): string => `${url.replace("http", "ws")}/v1/groups/${group}/session`;

async function connectPeer(url: string, group: string): Promise<CrowdPeer> {
  const socket = await openSocket(addressOf(url, group), SUBPROTOCOL);
  return Object.assign(peerOn(socket, "what is awaited"), { socket });
}

export async function joinPeer(url: string, group: string, hello: Partial<Hello>): Promise<CrowdPeer> {
  const peer = await connectPeer(url, group);
  await peer.hello(hello);
  return peer;
}

export const joinCrowd = (url: string, group: string, count: number, hello: Partial<Hello>): Promise<CrowdPeer[]> =>
  inParallel(count, () => joinPeer(url, group, hello));

/** Joins like the others, and then never sends anything again, not even an answer. */
export async function joinSilent(url: string, group: string, hello: Partial<Hello>): Promise<WebSocket> {
  const socket = await openSocket(addressOf(url, group), SUBPROTOCOL);
  const welcomed = once(socket, "message");
  socket.send(encode({ type: "hello", sentAt: performance.now(), ...hello }));
  await welcomed;
  return socket;
}

/** Joins, leads, and has shown that it does. */
export async function joinLeader(url: string, group: string, hello: Partial<Hello>) {
  const peer = await connectPeer(url, group);
  const [, { leaderSessionId }] = await Promise.all([peer.hello(hello), peer.win()]);
  return { peer, leaderSessionId };
}

export function hangUp(peers: readonly CrowdPeer[]): void {
  for (const peer of peers) peer.drop();
}
