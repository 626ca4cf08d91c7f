/** What attackers do: sockets, sessions, frames and requests, all of them counted. */
import { randomBytes } from "node:crypto";
import { type Agent, get } from "node:http";
import { connect as connectTcp, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";
import { encode } from "../../shared/protocol/codec.ts";
import type { ClientMessage, Hello } from "../../shared/protocol/messages.ts";
import { groupPath } from "../../shared/protocol/paths.ts";
import { socketTo } from "../../tools/harness/socket-peer.ts";

export interface Victim {
  readonly url: string;
  readonly group: string;
}

/** What an attacker has sent, and how it was answered: statuses, close codes. */
export class Sent {
  frames = 0;
  requests = 0;
  sockets = 0;
  answers: Record<string, number> = {};

  answered(how: string): void {
    this.answers[how] = (this.answers[how] ?? 0) + 1;
  }

  /** Preparations do not count. */
  forget(): void {
    Object.assign(this, new Sent());
  }
}

export type Attack = (running: () => boolean) => Promise<unknown>;

/** Just below the limit on frames of a connection. */
export const FRAME_EVERY_MS = 10.5;

/** Several of them side by side, each again and again. */
export const lanes =
  (count: number, once: (lane: number) => Promise<unknown>): Attack =>
  (running) =>
    Promise.all(
      Array.from({ length: count }, async (_, lane) => {
        while (running()) await once(lane);
      }),
    );

/** Resolves with an open socket; with `null` when it was refused. */
export function open(victim: Victim, token: string, sent: Sent): Promise<WebSocket | null> {
  const socket = socketTo({ ...victim, token });
  sent.sockets += 1;
  return new Promise((resolve) => {
    socket.once("open", () => resolve(socket));
    socket.on("error", () => resolve(null));
    socket.on("unexpected-response", (request, { statusCode }) => {
      sent.answered(`status ${statusCode}`);
      request.destroy();
      resolve(null);
    });
    socket.on("close", (code) => {
      if (code !== ABNORMAL) sent.answered(`closed ${code}`);
      resolve(null);
    });
  });
}
/** This side has cut it. */
const ABNORMAL = 1006;

export function say(socket: WebSocket, message: ClientMessage, sent: Sent): void {
  if (socket.readyState !== WebSocket.OPEN) return;
  sent.frames += 1;
  socket.send(encode(message));
}

/** A session that sends its hello and waits for the answer; `null` where there is no session for it. */
export async function join(
  victim: Victim,
  token: string,
  hello: Partial<Hello>,
  sent: Sent,
): Promise<WebSocket | null> {
  return (await welcomed(victim, token, hello, sent))?.socket ?? null;
}

interface Session {
  readonly socket: WebSocket;
  readonly sessionId: string;
  readonly secret: string;
}

/** The same, with what it needs to come back. */
export async function welcomed(
  victim: Victim,
  token: string,
  hello: Partial<Hello>,
  sent: Sent,
): Promise<Session | null> {
  const socket = await open(victim, token, sent);
  if (socket === null) return null;
  const answered = new Promise<string | null>((resolve) => {
    socket.once("message", (data) => resolve(String(data)));
    socket.once("close", () => resolve(null));
  });
  say(socket, { type: "hello", sentAt: 1, ...hello }, sent);
  const answer = await answered;
  if (answer === null) return null;
  sent.answered("welcome");
  const { sessionId, secret }: Session = JSON.parse(answer);
  return { socket, sessionId, secret };
}

/** Sends one message after the other, as fast as a connection may, and comes back when it is closed. */
export const talking =
  (victim: Victim, token: string, hello: Partial<Hello>, messages: readonly ClientMessage[], sent: Sent) =>
  async (running: () => boolean): Promise<void> => {
    while (running()) {
      const socket = await join(victim, token, hello, sent);
      for (let turn = 0; running() && socket?.readyState === WebSocket.OPEN; turn++) {
        const message = messages[turn % messages.length];
        if (message !== undefined) say(socket, message, sent);
        await pause(FRAME_EVERY_MS);
      }
      if (socket === null) await pause(FRAME_EVERY_MS);
      socket?.terminate();
    }
  };

export function look({ url, group }: Victim, token: string, agent: Agent, sent: Sent): Promise<void> {
  sent.requests += 1;
  return new Promise((resolve) => {
    const request = get(
      `${url}${groupPath(group)}`,
      { agent, headers: { Authorization: `Bearer ${token}` } },
      (response) => {
        sent.answered(`status ${response.statusCode}`);
        response.resume().on("close", resolve);
      },
    );
    request.on("error", () => resolve());
  });
}

/** Resolves with the connection as soon as it was answered; it is neither read nor closed after that. */
export function refusedSocket({ url, group }: Victim, asPage: boolean, sent: Sent): Promise<Socket> {
  const { hostname, port, host } = new URL(url);
  sent.sockets += 1;
  const socket = connectTcp(Number(port), hostname);
  const lines = [
    `GET ${groupPath(group, "session")} HTTP/1.1`,
    `Host: ${host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
    ...(asPage ? [`Origin: ${url}`] : []),
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  return new Promise((resolve) => {
    socket.on("error", () => resolve(socket));
    socket.once("data", (data: Buffer) => {
      sent.answered(`status ${data.toString("latin1", 9, 12)}`);
      socket.pause(); // so it does not even see that it was ended
      resolve(socket);
    });
  });
}
