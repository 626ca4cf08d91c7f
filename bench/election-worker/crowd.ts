/**
 * Sessions inside the runtime: more of them than the machine lets processes open sockets, and in the isolate of the groups.
 * They join, answer what they are asked, and stay until the reader of the response leaves.
 */
import { SUBPROTOCOL } from "../../shared/protocol/messages.ts";

/** Answers an upgrade. */
type Server = (request: Request) => Response | Promise<Response>;

const AT_ONCE = 64;
const HELLO = { type: "hello", contenders: [{ component: "a" }] } as const;

/** A line once all of them have joined; then nothing more. */
export function crowdOf(count: number, address: string, server: Server): Response {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  void joinAll(count, address, server).then((joined) => writer.write(new TextEncoder().encode(`${joined}\n`)));
  return new Response(readable);
}

async function joinAll(count: number, address: string, server: Server): Promise<number> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await join(address, server);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return count;
}

async function join(address: string, server: Server): Promise<void> {
  const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": SUBPROTOCOL };
  const { webSocket, status } = await server(new Request(address, { headers }));
  if (webSocket === null) throw new Error(`The upgrade was refused with ${status}`);
  let sentAt = 1;
  const welcomed = new Promise<void>((resolve) => {
    webSocket.addEventListener("message", ({ data }) => {
      const message = JSON.parse(String(data));
      if (message.type === "welcome") resolve();
      sentAt += 1;
      if (message.type === "next" && message.inMs === 0)
        webSocket.send(JSON.stringify({ type: "renew", sentAt, held: [] }));
    });
  });
  webSocket.accept();
  webSocket.send(JSON.stringify({ ...HELLO, sentAt }));
  await welcomed;
}
