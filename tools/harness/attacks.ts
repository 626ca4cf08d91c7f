/** Attacks of a peer on the other members of a group. Every attack limits what it opens at once. */

import { randomBytes, randomUUID } from "node:crypto";
import { connect as connectTcp, type Socket } from "node:net";
import { setImmediate as breathe, setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";
import { encode } from "../../shared/protocol/codec.ts";
import type { ClientMessage, Grant } from "../../shared/protocol/messages.ts";
import { groupPath } from "../../shared/protocol/paths.ts";
import { fuzzGroup } from "./fuzz.ts";
import type { Peer } from "./peer.ts";
import { fuzzRequests } from "./requests.ts";
import { peerOn, socketTo } from "./socket-peer.ts";
import type { Counts, Tally } from "./tally.ts";

export interface Target {
  readonly url: string;
  readonly group: string;
  /** A token that may contend in this group. */
  readonly token: string;
  /** A factor for the number of peers. */
  readonly intensity: number;
  /** Seed and number of random frames or requests; all other attacks go on until they are stopped. */
  readonly seed: number;
  readonly frames?: number;
  readonly requests?: number;
}

/** Goes on as long as `running` says so. */
type Run = (target: Target, tally: Tally, running: () => boolean) => Promise<unknown>;

/** A socket of an attacker; resolves when it is open, or closed at once. */
function open(target: Target & { readonly origin?: string }, tally: Tally): Promise<WebSocket> {
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

/** Runs several of them side by side, each again and again until the end. */
async function repeat(count: number, running: () => boolean, once: (index: number) => Promise<void>): Promise<void> {
  const loop = async (index: number): Promise<void> => {
    while (running()) {
      await once(index).catch(() => undefined);
      await breathe();
    }
  };
  await Promise.all(Array.from({ length: count }, (_, index) => loop(index)));
}

const SILENT_SOCKETS = 5_000;
const WAVE = 100;

/** Sockets that never send a hello. */
const silent: Run = async (target, tally, running) => {
  const sockets: WebSocket[] = [];
  while (sockets.length < SILENT_SOCKETS && running()) {
    sockets.push(...(await Promise.all(Array.from({ length: WAVE }, () => open(target, tally)))));
  }
  while (running()) await pause(SLOW_STEP_MS);
  for (const socket of sockets) socket.terminate();
  await Promise.all(sockets.map(closed));
};

const LARGE_FRAMES = [131_073, 1_000_000, 4_000_000];

/** Frames beyond the limit, before and after the hello. */
const huge: Run = async (target, tally, running) => {
  const padding = LARGE_FRAMES.map((bytes) => Buffer.alloc(bytes, "x"));
  await repeat(target.intensity, running, async (index) => {
    const socket = await open(target, tally);
    if (index % 2 === 0) say(socket, { type: "hello", sentAt: 1 });
    for (const frame of padding) socket.send(frame, { binary: false }, () => undefined);
    await closed(socket);
  });
};

const upgrade = ({ url, group, token }: Target): string =>
  [
    `GET ${groupPath(group, "session")} HTTP/1.1`,
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
const slow: Run = async (target, tally, running) => {
  const { hostname, port } = new URL(target.url);
  const sockets = Array.from({ length: SLOW_SOCKETS }, (_, index): Socket => {
    const socket = connectTcp(Number(port), hostname);
    socket.on("connect", () => tally.add("opened"));
    socket.on("error", () => tally.add("failed"));
    socket.on("close", () => tally.add("closed"));
    socket.on("data", () => undefined);
    const request = upgrade(target);
    socket.write(index % 3 === 0 ? request.slice(0, -4) : request);
    // A masked text frame of 1,000,000 bytes, or the first fragment of one.
    if (index % 3 === 1) socket.write(Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x40, 1, 2, 3, 4]));
    if (index % 3 === 2) socket.write(Buffer.from([0x01, 0x81, 1, 2, 3, 4, 0x60]));
    return socket;
  });
  const fragment = Buffer.from([0x00, 0x81, 1, 2, 3, 4, 0x60]);
  while (running()) {
    for (const [index, socket] of sockets.entries()) {
      if (socket.writable) socket.write(index % 3 === 2 ? fragment : "x");
    }
    tally.add("rounds");
    await pause(SLOW_STEP_MS);
  }
  for (const socket of sockets) socket.destroy();
};

/** Sessions that connect, send a hello, vanish, and come back: half of them resume, half begin anew. */
const storm: Run = async (target, tally, running) => {
  const peers = new Map<number, Peer>();
  await repeat(2 * target.intensity, running, async (index) => {
    const peer = peerOn(await open(target, tally));
    const resume = index % 2 === 0 ? peers.get(index)?.nextResume() : undefined;
    const contenders = [{ component: `c${index}` }];
    await peer.hello({ observe: true, contenders, ...(resume && { resume }) });
    peers.set(index, peer);
    tally.add("welcomes");
    if (index % 4 === 1) peer.send({ type: "bye" });
    peer.drop();
  });
};

/** Sessions that register and deregister as fast as they are answered, each time in an election of its own. */
const churn: Run = async (target, tally, running) => {
  await repeat(4 * target.intensity, running, async (index) => {
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
    } while (running());
    peer.drop();
  });
};

const FLOOD_FRAMES = 1_000;

/** Frames without end: the socket is closed for it, and comes back at once. */
const flood: Run = async (target, tally, running) => {
  await repeat(target.intensity, running, async () => {
    const socket = await open(target, tally);
    say(socket, { type: "hello", sentAt: 1, contenders: [{ component: "flood" }], observe: true });
    for (let frame = 0; frame < FLOOD_FRAMES / 2; frame++) {
      say(socket, { type: "renew", sentAt: frame, held: [randomUUID()] });
      say(socket, { type: "observe", components: true });
    }
    await closed(socket);
  });
};

const NEWS_COMPONENTS = 50;
const RENEW_EVERY_MS = 1_000;

/** A leader of many elections that publishes new information all the time. */
async function publish(target: Target, tally: Tally, running: () => boolean): Promise<void> {
  const socket = await open(target, tally);
  const peer = peerOn(socket);
  const contenders = Array.from(
    { length: NEWS_COMPONENTS },
    (_, index) => ({ component: `news-${process.pid}-${index}`, election: "dedicated" }) as const,
  );
  await peer.hello({ contenders });
  let renewedAt = -Infinity;
  let terms: readonly Grant[] = [];
  for (let number = 0; running() && socket.readyState === WebSocket.OPEN; number += 1) {
    const granted = peer.inbox.all("grant");
    if (granted.length > terms.length || performance.now() - renewedAt > RENEW_EVERY_MS) {
      renewedAt = performance.now();
      terms = granted;
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
const news: Run = async (target, tally, running) => {
  await repeat(6 * target.intensity, running, async (index) => {
    if (index === 0) return publish(target, tally, running);
    const socket = await open(target, tally);
    socket.on("message", (data: Buffer) => tally.add("bytes heard", data.length));
    say(socket, { type: "hello", sentAt: 1, observe: true });
    while (running() && socket.readyState === WebSocket.OPEN) {
      say(socket, { type: "observe", components: true });
      await pause(TALK_EVERY_MS);
    }
    socket.terminate();
  });
};

/** Random frames out of a grammar. */
const fuzz: Run = async (target, tally, running) => {
  const { frames = Infinity, seed, intensity } = target;
  const goesOn = () => running() && (!tally.isEffective || (tally.counts["frames"] ?? 0) < frames);
  const one = (index: number) => fuzzGroup(target, seed + index * 1_000_003, tally, goesOn);
  await Promise.all(Array.from({ length: intensity }, (_, index) => one(index)));
};

/** Random requests out of a grammar, to groups of their own. */
const requests: Run = async ({ url, seed, requests: most = Infinity }, tally, running) => {
  const goesOn = () => running() && (!tally.isEffective || (tally.counts["requests"] ?? 0) < most);
  await fuzzRequests(url, seed, tally, goesOn);
};

/** Strangers that say they are pages, so that they get sockets: no token, wrong tokens, tokens for other groups, huge ones. */
const strangers: Run = async (target, tally, running) => {
  const [header = "", payload = ""] = target.token.split(".");
  const tokens = ["", "x", `${header}.${payload}.`, `${header}.${payload}.${"A".repeat(43)}`, "x".repeat(8_000)];
  await repeat(16 * target.intensity, running, async (index) => {
    const token = tokens[index % tokens.length] ?? "";
    const group = index % 4 === 3 ? randomUUID() : target.group;
    const stranger = { ...target, group, token: index % 4 === 3 ? target.token : token, origin: target.url };
    const socket = await open(stranger, tally);
    say(socket, { type: "hello", sentAt: 1, contenders: [{ component: "steady" }] });
    await closed(socket);
  });
};

export const attackNames = [
  "silent",
  "huge",
  "slow",
  "storm",
  "churn",
  "flood",
  "news",
  "fuzz",
  "requests",
  "strangers",
] as const;
export type AttackName = (typeof attackNames)[number];

interface Attack {
  readonly run: Run;
  /** The attack is at full strength once this was seen. Measurements begin then, and tests assert exactly this. */
  readonly effect: Counts;
}

export const attacks: Readonly<Record<AttackName, Attack>> = {
  silent: { run: silent, effect: { opened: SILENT_SOCKETS } },
  huge: { run: huge, effect: { "closed 4413": 8 } },
  slow: { run: slow, effect: { opened: SLOW_SOCKETS, rounds: 1 } },
  storm: { run: storm, effect: { welcomes: 16 } },
  churn: { run: churn, effect: { registered: 32 } },
  flood: { run: flood, effect: { "closed 4429": 8 } },
  news: { run: news, effect: { confirmed: 8, "bytes heard": 1 } },
  fuzz: { run: fuzz, effect: { frames: 500, "closed 4400": 1 } },
  requests: { run: requests, effect: { requests: 1_000, "status 200": 1, "status 401": 1, "status 403": 1 } },
  strangers: { run: strangers, effect: { "closed 4401": 96, "closed 4403": 32 } },
};
