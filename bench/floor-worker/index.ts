/**
 * The floor that everything is compared with: a bare Durable Object with hibernatable sockets. Mode `echo` answers a
 * message to its sender (F0); mode `relay` writes one SQLite row and sends it to the other socket (F1). The class and
 * binding have the names that the local backend expects.
 */
import { DurableObject } from "cloudflare:workers";

interface FloorEnv {
  readonly ELECTIONS: DurableObjectNamespace<ElectionGroup>;
}

export class ElectionGroup extends DurableObject<FloorEnv> {
  constructor(ctx: DurableObjectState, env: FloorEnv) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS floor (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID");
  }

  override fetch(request: Request): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server, [new URL(request.url).pathname.slice(1)]);
    return new Response(null, { status: 101, webSocket: client });
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    if (this.ctx.getTags(socket).includes("echo")) {
      socket.send(message);
      return;
    }
    this.ctx.storage.sql.exec("INSERT OR REPLACE INTO floor VALUES ('row', ?)", String(message));
    for (const other of this.ctx.getWebSockets("relay")) if (other !== socket) other.send(message);
  }

  override webSocketClose(socket: WebSocket): void {
    socket.close(1000);
  }
}

export default {
  fetch(request: Request, { ELECTIONS }: FloorEnv): Promise<Response> {
    return ELECTIONS.get(ELECTIONS.idFromName("floor")).fetch(request);
  },
};
