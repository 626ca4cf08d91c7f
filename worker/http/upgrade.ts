/**
 * Reads a session's upgrade request, and refuses it: for a page by a close code on an accepted socket, which is all that it
 * can read; for anybody else by a status, because a socket that only this side has closed stays for as long as the peer likes.
 */

import { fittingReason } from "../../shared/protocol/close-codes.ts";
import { SUBPROTOCOL, SUBPROTOCOL_FAMILY, TOKEN_PROTOCOL } from "../../shared/protocol/messages.ts";

const PROTOCOL_HEADER = "Sec-WebSocket-Protocol";

/** Carries the deployment's settings to the group's object. Nobody outside can reach the object, so it trusts the header. */
export const POLICY_HEADER = "Edge-Election-Policy";

/** Carries what the peer of an upgrade may do. */
export const ACCESS_HEADER = "Edge-Election-Access";

export const isUpgrade = (request: Request): boolean => request.headers.get("Upgrade")?.toLowerCase() === "websocket";

/** The subprotocol of the answer: ours, `null` if none was offered, or `unsupported` for another version of ours. */
export function chooseProtocol(request: Request): string | null | "unsupported" {
  const offered = offeredProtocols(request);
  if (offered.includes(SUBPROTOCOL)) return SUBPROTOCOL;
  return offered.some((protocol) => protocol.startsWith(SUBPROTOCOL_FAMILY)) ? "unsupported" : null;
}

/**
 * Whether a page asks for a socket, or another program that has the class of pages and so does not see the status of the
 * answer: browsers send an origin, Node the mode, and a token travels as a subprotocol where no header can be set.
 */
const isPage = (request: Request): boolean =>
  isUpgrade(request) &&
  (request.headers.has("Origin") ||
    request.headers.get("Sec-Fetch-Mode") === "websocket" ||
    offeredProtocols(request).some((offered) => offered.startsWith(TOKEN_PROTOCOL)));

/** For a page a socket that closes with the code and the message; for anybody else the plain answer. */
export const refused = (request: Request, code: number, message: string, plain: () => Response): Response =>
  isPage(request) ? refuseSocket(request, code, message) : plain();

function refuseSocket(request: Request, code: number, reason: string): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.close(code, fittingReason(reason));
  // If the answer has no subprotocol, a browser that offered some fails without the close code.
  const protocol = offeredProtocols(request).find((offered) => offered.startsWith(SUBPROTOCOL_FAMILY));
  return new Response(null, { status: 101, webSocket: client, headers: protocolHeader(protocol ?? null) });
}

/** The request for the group's object, without token, cookies and other headers but the one that tells a page. */
export function innerUpgrade(request: Request, protocol: string | null, headers: Record<string, string>): Request {
  const origin = request.headers.get("Origin");
  return new Request(request.url, {
    headers: {
      Upgrade: "websocket",
      ...(origin !== null && { Origin: origin }),
      ...protocolHeader(protocol),
      ...headers,
    },
  });
}

const protocolHeader = (protocol: string | null): Record<string, string> =>
  protocol === null ? {} : { [PROTOCOL_HEADER]: protocol };

const offeredProtocols = (request: Request): string[] =>
  (request.headers.get(PROTOCOL_HEADER) ?? "").split(",").map((protocol) => protocol.trim());
