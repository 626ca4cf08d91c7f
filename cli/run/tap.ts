/** Listens to what the group says, beside the client: a run has to know the lease, and the time that a revoke leaves. */
import { openSocket } from "../../client/node/socket.ts";
import type { OpenSocket } from "../../client/socket.ts";
import type { ServerMessage } from "../../shared/protocol/messages.ts";
import { parseServerMessage } from "../../shared/protocol/server-codec.ts";

/** `hear` is called before the client gets the message. What is no message of the protocol is left to the client. */
export const tappedSocket =
  (hear: (message: ServerMessage) => void): OpenSocket =>
  async (url, token) => {
    const socket = await openSocket(url, token);
    socket.addEventListener("message", ({ data }) => {
      const message = messageIn(data);
      if (message !== undefined) hear(message);
    });
    return socket;
  };

function messageIn(data: unknown): ServerMessage | undefined {
  try {
    return parseServerMessage(data);
  } catch {
    return undefined;
  }
}
