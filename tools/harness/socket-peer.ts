/** A peer over a socket of Node. */
import { WebSocket } from "ws";
import { Peer } from "./peer.ts";

export interface Destination {
  readonly url: string;
  readonly group: string;
  readonly token: string;
}

/** A socket to the group, not open yet. */
export function socketTo({ url, group, token }: Destination): WebSocket {
  const address = `${url.replace("http", "ws")}/v1/groups/${group}/session`;
  const headers = { Authorization: `Bearer ${token}` };
  return new WebSocket(address, ["edge-election.v1"], { headers, perMessageDeflate: false });
}

/** Frames that are sent after the socket has begun to close are lost. */
export function peerOn(socket: WebSocket): Peer {
  const peer = new Peer({
    send: (frame) => socket.readyState === WebSocket.OPEN && socket.send(frame),
    close: () => socket.terminate(),
  });
  socket.on("message", (data) => peer.receive(String(data)));
  socket.on("error", () => undefined); // a close follows
  socket.on("close", (code, reason) => peer.end({ code, reason: String(reason) }));
  return peer;
}
