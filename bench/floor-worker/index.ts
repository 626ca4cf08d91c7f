/**
 * The floor that everything is compared with: a bare Durable Object with hibernatable sockets. The path names a mode
 * and an object, `/relay/NAME`. Mode `echo` answers a message to its sender (F0); mode `relay` writes one SQLite row and
 * sends it to the other sockets of that mode (F1); mode `shout` sends it to every socket of mode `crowd` in one loop;
 * mode `hand-over` does what a group of two sessions does. The class and binding have the names that the local backend
 * expects.
 */
import { DurableObject } from "cloudflare:workers";
import { HandOvers } from "./hand-over.ts";

interface FloorEnv {
  readonly ELECTIONS: DurableObjectNamespace<ElectionGroup>;
}

export class ElectionGroup extends DurableObject<FloorEnv> {
  readonly #handOvers: HandOvers;
  #pair: readonly WebSocket[] | null = null;

  constructor(ctx: DurableObjectState, env: FloorEnv) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS floor (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID");
    this.#handOvers = new HandOvers(ctx.storage.sql);
  }

  override fetch(request: Request): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    const [, mode = "echo"] = new URL(request.url).pathname.split("/");
    this.ctx.acceptWebSocket(server, [mode]);
    return new Response(null, { status: 101, webSocket: client });
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    const [mode] = this.ctx.getTags(socket);
    if (mode === "relay") return this.#relay(socket, message);
    if (mode === "hand-over") return this.#handOver(socket, String(message));
    if (mode !== "shout") return socket.send(message);
    for (const other of this.ctx.getWebSockets("crowd")) other.send(message);
  }

  override webSocketClose(socket: WebSocket): void {
    socket.close(1000);
  }

  /** Both sockets are there before the first frame. */
  #handOver(socket: WebSocket, message: string): void {
    this.#pair ??= this.ctx.getWebSockets("hand-over");
    const other = this.#pair.find((one) => one !== socket);
    if (other !== undefined) this.#handOvers.receive(socket, other, message);
  }

  #relay(socket: WebSocket, message: string | ArrayBuffer): void {
    this.ctx.storage.sql.exec("INSERT OR REPLACE INTO floor VALUES ('row', ?)", String(message));
    for (const other of this.ctx.getWebSockets("relay")) if (other !== socket) other.send(message);
  }
}

export default {
  fetch(request: Request, { ELECTIONS }: FloorEnv): Promise<Response> {
    const [, , name = "floor"] = new URL(request.url).pathname.split("/");
    return ELECTIONS.get(ELECTIONS.idFromName(name)).fetch(request);
  },
};
