/** A peer over a socket of Node. */
import { once } from "node:events";
import { WebSocket } from "ws";
import { encode } from "../../shared/protocol/codec.ts";
import { groupPath } from "../../shared/protocol/paths.ts";
import { LivePeer } from "./live-peer.ts";
import { RAW_PEER } from "./traces.ts";

export interface Destination {
  readonly url: string;
  readonly group: string;
  /** Not needed by a group that is open to loopback addresses. */
  readonly token?: string;
  /** Shown as by a page. */
  readonly origin?: string;
}

/** A socket to the group, not open yet. */
export function socketTo({ url, group, token, origin }: Destination): WebSocket {
  const address = url.replace("http", "ws") + groupPath(group, "session");
  const headers = {
    "Edge-Election-Client": RAW_PEER,
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
  };
  return new WebSocket(address, ["edge-election.v1"], {
    headers,
    perMessageDeflate: false,
    ...(origin !== undefined && { origin }),
  });
}

/** How each question of the group begins, as the codec writes it. */
const NEXT = Buffer.from(encode({ type: "next", inMs: 0 }).split(",")[0] ?? "");

/**
 * Frames that are sent after the socket has begun to close are lost. A peer that reads only what is awaited skips all
 * messages that come while nobody waits but the group's questions, so that a crowd costs nothing.
 */
export function peerOn(socket: WebSocket, reads: "everything" | "what is awaited" = "everything"): LivePeer {
  const peer = new LivePeer({
    send: (frame) => socket.readyState === WebSocket.OPEN && socket.send(frame),
    close: () => socket.terminate(),
  });
  socket.on("message", (data) => {
    const isAsked = Buffer.isBuffer(data) && data.subarray(0, NEXT.length).equals(NEXT);
    if (reads === "everything" || peer.isWaiting || isAsked) peer.receive(String(data));
  });
  socket.on("error", () => undefined); // a close follows
  socket.on("close", (code, reason) => peer.end({ code, reason: String(reason) }));
  return peer;
}

/** A peer whose socket is open. Rejects when it cannot be opened. */
export async function connectPeer(destination: Destination): Promise<LivePeer> {
  const socket = socketTo(destination);
  const peer = peerOn(socket);
  await once(socket, "open");
  return peer;
}
