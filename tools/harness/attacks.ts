/** Attacks of a peer on the other members of a group. Every attack limits what it opens at once. */

import { randomBytes, randomUUID } from "node:crypto";
import { connect as connectTcp, type Socket } from "node:net";
import { setImmediate as breathe, setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";
import { encode } from "../../shared/protocol/codec.ts";
import type { ClientMessage, Grant, Resume } from "../../shared/protocol/messages.ts";
import { fuzzGroup } from "./fuzz.ts";
import { peerOn, socketTo } from "./socket-peer.ts";

export interface Target {
  readonly url: string;
  readonly group: string;
  /** A token that may contend in this group. */
  readonly token: string;
  /** A factor for the number of peers. */
  readonly intensity: number;
  /** Seed and number of random frames; all other attacks go on until `running` says no. */
  readonly seed: number;
  readonly frames?: number;
}

export interface Progress {
  running(): boolean;
  /** Called when the attack runs at full strength. */
  ready(): void;
}

/** How often something was done or seen; a close counts as `closed 4400`, for example. */
export type Counts = Readonly<Record<string, number>>;
type Attack = (target: Target, progress: Progress) => Promise<Counts>;

class Tally {
  readonly counts: Record<string, number> = {};
  add(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }
}

/** A socket of an attacker; resolves when it is open, or closed at once. */
function open(target: Target, tally: Tally): Promise<WebSocket> {
  const socket = socketTo(target);
  return new Promise((resolve) => {
    socket.on("open", () => {
      tally.add("opened");
      resolve(socket);
    });
    socket.on("error", () => tally.add("failed"));
    socket.on("close", (code) => {
      tally.add(`closed ${code}`);
      resolve(socket);
    });
  });
}

const closed = (socket: WebSocket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.readyState === WebSocket.CLOSED) resolve();
    else socket.once("close", () => resolve());
  });

/** Stops reading. */
const say = (socket: WebSocket, message: ClientMessage): void => {
  if (socket.readyState === WebSocket.OPEN) socket.send(encode(message));
};

/** The least number of rounds, so that an attack does as much harm on a busy machine. */
const LEAST_ROUNDS = 8;

/** Runs several of them side by side, each again and again until the end. */
async function repeat(count: number, progress: Progress, once: (index: number) => Promise<void>): Promise<void> {
  const loop = async (index: number): Promise<void> => {
    for (let round = 0; progress.running() || round < LEAST_ROUNDS; round++) {
      await once(index).catch(() => undefined);
      await breathe();
    }
  };
  progress.ready();
  await Promise.all(Array.from({ length: count }, (_, index) => loop(index)));
}

const SILENT_SOCKETS = 5_000;
const WAVE = 100;

/** Sockets that never send a hello. */
const silent: Attack = async (target, progress) => {
  const tally = new Tally();
  const sockets: WebSocket[] = [];
  while (sockets.length < SILENT_SOCKETS) {
    sockets.push(...(await Promise.all(Array.from({ length: WAVE }, () => open(target, tally)))));
  }
  progress.ready();
  while (progress.running()) await pause(SLOW_STEP_MS);
  for (const socket of sockets) socket.terminate();
  await Promise.all(sockets.map(closed));
  return tally.counts;
};

const LARGE_FRAMES = [131_073, 1_000_000, 4_000_000];

/** Frames beyond the limit, before and after the hello. */
const huge: Attack = async (target, progress) => {
  const tally = new Tally();
  const padding = LARGE_FRAMES.map((bytes) => Buffer.alloc(bytes, "x"));
  await repeat(target.intensity, progress, async (index) => {
    const socket = await open(target, tally);
    if (index % 2 === 0) say(socket, { type: "hello", sentAt: 1 });
    for (const frame of padding) socket.send(frame, { binary: false }, () => undefined);
    await closed(socket);
  });
  return tally.counts;
};

const upgrade = ({ url, group, token }: Target): string =>
  [
    `GET /v1/groups/${group}/session HTTP/1.1`,
    `Host: ${new URL(url).host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
    `Authorization: Bearer ${token}`,
    "\r\n",
  ].join("\r\n");

const SLOW_SOCKETS = 200;
const SLOW_STEP_MS = 50;

/** Frames that announce a megabyte and arrive byte by byte, whole or in fragments; and requests that never end. */
const slow: Attack = async (target, progress) => {
  const tally = new Tally();
  const { hostname, port } = new URL(target.url);
  const sockets = Array.from({ length: SLOW_SOCKETS }, (_, index): Socket => {
    const socket = connectTcp(Number(port), hostname);
    socket.on("error", () => tally.add("failed"));
    socket.on("close", () => tally.add("closed"));
    socket.on("data", () => undefined);
    const request = upgrade(target);
    socket.write(index % 3 === 0 ? request.slice(0, -4) : request);
    // A masked text frame of 1,000,000 bytes, or the first fragment of one.
    if (index % 3 === 1) socket.write(Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x40, 1, 2, 3, 4]));
    if (index % 3 === 2) socket.write(Buffer.from([0x01, 0x81, 1, 2, 3, 4, 0x60]));
    tally.add("opened");
    return socket;
  });
  await pause(SLOW_STEP_MS);
  progress.ready();
  const fragment = Buffer.from([0x00, 0x81, 1, 2, 3, 4, 0x60]);
  while (progress.running()) {
    for (const [index, socket] of sockets.entries()) {
      if (socket.writable) socket.write(index % 3 === 2 ? fragment : "x");
    }
    tally.add("rounds");
    await pause(SLOW_STEP_MS);
  }
  for (const socket of sockets) socket.destroy();
  return tally.counts;
};

/** Sessions that connect, send a hello, vanish, and come back: half of them resume, half begin anew. */
const storm: Attack = async (target, progress) => {
  const tally = new Tally();
  const resumes = new Map<number, Resume>();
  await repeat(2 * target.intensity, progress, async (index) => {
    const peer = peerOn(await open(target, tally));
    const before = index % 2 === 0 ? resumes.get(index) : undefined;
    const resume = before && { ...before, attempt: before.attempt + 1 };
    const contenders = [{ component: `c${index}` }];
    const { sessionId, secret } = await peer.hello({ observe: true, contenders, ...(resume && { resume }) });
    resumes.set(index, { sessionId, secret, attempt: (resume?.attempt ?? 0) + 1 });
    tally.add("welcomes");
    if (index % 4 === 1) peer.send({ type: "bye" });
    peer.drop();
  });
  return tally.counts;
};

/** Sessions that register and deregister as fast as they are answered, each time in an election of its own. */
const churn: Attack = async (target, progress) => {
  const tally = new Tally();
  await repeat(4 * target.intensity, progress, async (index) => {
    const peer = peerOn(await open(target, tally));
    await peer.hello();
    do {
      const component = `churn-${index}-${tally.counts["registered"] ?? 0}`;
      peer.send({ type: "register", component, election: "dedicated" });
      peer.send({ type: "deregister", component });
      await peer.next("deregistered");
      peer.inbox.clear();
      tally.add("registered");
      await pause(20); // as fast as the limit on frames lets it
    } while (progress.running());
    peer.drop();
  });
  return tally.counts;
};

const FLOOD_FRAMES = 1_000;

/** Frames without end: the socket is closed for it, and comes back at once. */
const flood: Attack = async (target, progress) => {
  const tally = new Tally();
  await repeat(target.intensity, progress, async () => {
    const socket = await open(target, tally);
    say(socket, { type: "hello", sentAt: 1, contenders: [{ component: "flood" }], observe: true });
    for (let frame = 0; frame < FLOOD_FRAMES / 2; frame++) {
      say(socket, { type: "renew", sentAt: frame, held: [randomUUID()] });
      say(socket, { type: "observe", components: true });
    }
    await closed(socket);
  });
  return tally.counts;
};

const NEWS_COMPONENTS = 50;
const RENEW_EVERY_MS = 1_000;

/** A leader of many elections that publishes new information all the time. */
async function publish(target: Target, progress: Progress, tally: Tally): Promise<void> {
  const socket = await open(target, tally);
  const peer = peerOn(socket);
  const contenders = Array.from(
    { length: NEWS_COMPONENTS },
    (_, index) => ({ component: `news-${process.pid}-${index}`, election: "dedicated" }) as const,
  );
  await peer.hello({ contenders });
  let renewedAt = -Infinity;
  let terms: readonly Grant[] = [];
  for (let number = 0; progress.running() && socket.readyState === WebSocket.OPEN; number += 1) {
    if (performance.now() - renewedAt > RENEW_EVERY_MS) {
      renewedAt = performance.now();
      terms = peer.inbox.all("grant");
      peer.send({ type: "renew", sentAt: peer.sentAt(), held: terms.map(({ leaderSessionId }) => leaderSessionId) });
    }
    const term = terms[number % terms.length];
    if (term !== undefined) {
      const { leaderSessionId, components } = term;
      const [component = ""] = components;
      const news = { address: `${number}`, metadata: LARGE_METADATA };
      peer.send({ type: "confirm", id: "c", component, leaderSessionId, ...news });
    }
    while (peer.inbox.take("confirmed") !== undefined) tally.add("confirmed");
    await pause(TALK_EVERY_MS);
  }
  peer.drop();
}
const LARGE_METADATA = { m: "m".repeat(2_000) };
/** Just below the limit on frames. */
const TALK_EVERY_MS = 11;

/** Observers that ask for everything again and again, while a leader publishes new information all the time. */
const news: Attack = async (target, progress) => {
  const tally = new Tally();
  await repeat(6 * target.intensity, progress, async (index) => {
    if (index === 0) return publish(target, progress, tally);
    const socket = await open(target, tally);
    socket.on("message", (data: Buffer) => tally.add("bytes heard", data.length));
    say(socket, { type: "hello", sentAt: 1, observe: true });
    while (progress.running() && socket.readyState === WebSocket.OPEN) {
      say(socket, { type: "observe", components: true });
      await pause(TALK_EVERY_MS);
    }
    socket.terminate();
  });
  return tally.counts;
};

/** Random frames out of a grammar. */
const fuzz: Attack = async (target, progress) => {
  const tally = new Tally();
  progress.ready();
  const { frames = Infinity, seed, intensity } = target;
  const one = (index: number) =>
    fuzzGroup(target, { frames: frames / intensity, seed: seed + index * 1_000_003, running: progress.running });
  for (const outcome of await Promise.all(Array.from({ length: intensity }, (_, index) => one(index)))) {
    tally.add("frames", outcome.frames);
    tally.add("sockets", outcome.sockets);
    for (const [code, count] of Object.entries(outcome.closes)) tally.add(`closed ${code}`, count);
    for (const finding of outcome.findings) tally.add(`finding: ${finding}`);
  }
  return tally.counts;
};

/** Strangers: no token, wrong tokens, tokens for other groups, huge ones. */
const strangers: Attack = async (target, progress) => {
  const tally = new Tally();
  const [header = "", payload = ""] = target.token.split(".");
  const tokens = ["", "x", `${header}.${payload}.`, `${header}.${payload}.${"A".repeat(43)}`, "x".repeat(8_000)];
  await repeat(16 * target.intensity, progress, async (index) => {
    const token = tokens[index % tokens.length] ?? "";
    const group = index % 4 === 3 ? randomUUID() : target.group;
    const socket = await open({ ...target, group, token: index % 4 === 3 ? target.token : token }, tally);
    say(socket, { type: "hello", sentAt: 1, contenders: [{ component: "steady" }] });
    await closed(socket);
  });
  return tally.counts;
};

export const attackNames = ["silent", "huge", "slow", "storm", "churn", "flood", "news", "fuzz", "strangers"] as const;
export type AttackName = (typeof attackNames)[number];
export const attacks: Readonly<Record<AttackName, Attack>> = {
  silent,
  huge,
  slow,
  storm,
  churn,
  flood,
  news,
  fuzz,
  strangers,
};
