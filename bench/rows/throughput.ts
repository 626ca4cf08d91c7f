/** Throughput in a second, with many things under way at once. */
import type WebSocket from "ws";
import { median } from "../../cli/statistics.ts";
import { parseServerMessage } from "../../shared/protocol/server-codec.ts";
import { withBackend } from "../backend.ts";
import { type CrowdPeer, hangUp, joinLeader, joinPeer } from "../crowd.ts";
import type { FloorServer } from "../floor-server.ts";
import type { Measured, Row } from "../row.ts";
import { inParallel, openSocket, pause } from "../sockets.ts";

const GROUPS = 1_000;
/** Hand-overs under way at a time: with more of them, a busy machine would answer each later. */
const AT_ONCE = 64;
const LEADERS = 100;
const CONTENDS = { contenders: [{ component: "a" }] };
const WARM_UP_MS = 1_000;
const WINDOW_MS = 1_000;
const WINDOWS = 5;

/** Counts in a row of windows, as rates per second. */
async function rates(count: () => number): Promise<number[]> {
  await pause(WARM_UP_MS);
  const samples: number[] = [];
  for (let index = 0; index < WINDOWS; index++) {
    const [before, startedAt] = [count(), performance.now()];
    await pause(WINDOW_MS);
    samples.push(((count() - before) * 1_000) / (performance.now() - startedAt));
  }
  return samples;
}

/** Keeps this many of them going: one that is done goes to the back, and the one that has rested longest is next. */
class Turns {
  done = 0;
  readonly #resting: (() => void)[] = [];

  rest(goOn: () => void): void {
    this.#resting.push(goOn);
  }

  begin(): void {
    for (let index = 0; index < AT_ONCE; index++) this.#resting.shift()?.();
  }

  finish(goOn: () => void): void {
    this.done += 1;
    this.#resting.push(goOn);
    this.#resting.shift()?.();
  }
}

/** Two sessions in each group; the leader resigns when it is its group's turn, and the next one shows that it leads. */
function handOvers(): Promise<number[]> {
  return withBackend({ LEASE_MS: "600000" }, async ({ url }) => {
    const turns = new Turns();
    const peers = await inParallel(GROUPS, async (index) => {
      const { peer, leaderSessionId } = await joinLeader(url, `group-${index}`, CONTENDS);
      const other = await joinPeer(url, `group-${index}`, CONTENDS);
      for (const one of [peer, other]) takeOver(one, turns);
      turns.rest(() => peer.send({ type: "resign", leaderSessionId, sentAt: peer.sentAt() }));
      return [peer, other];
    });
    turns.begin();
    const samples = await rates(() => turns.done);
    hangUp(peers.flat());
    return samples;
  });
}

function takeOver(peer: CrowdPeer, turns: Turns): void {
  peer.socket.on("message", (data: Buffer) => {
    const message = parseServerMessage(data.toString());
    if (message.type !== "grant") return;
    const { leaderSessionId } = message;
    peer.send({ type: "renew", sentAt: peer.sentAt(), held: [leaderSessionId] });
    turns.finish(() => peer.send({ type: "resign", leaderSessionId, sentAt: peer.sentAt() }));
  });
}

const frame = (): string =>
  JSON.stringify({ type: "renew", sentAt: performance.now(), held: ["an id of the usual length, 34 bytes"] });

/** As many bare objects, each with two sockets: a message in, a row, and a message out, as many at once. */
async function relays(floor: FloorServer): Promise<number> {
  await using server = await floor.another();
  const turns = new Turns();
  const sockets = await inParallel(GROUPS, async (index) => {
    const url = server.url("relay", `group-${index}`);
    const [from, to] = [await openSocket(url), await openSocket(url)];
    const send = (): void => from.send(frame());
    to.on("message", () => turns.finish(send));
    turns.rest(send);
    return [from, to];
  });
  turns.begin();
  const rate = median(await rates(() => turns.done));
  for (const socket of sockets.flat()) socket.terminate();
  return rate;
}

async function handOverRate({ floor }: { floor: FloorServer }): Promise<Measured> {
  const bare = await relays(floor);
  return { samples: await handOvers(), reference: { name: "F1 messages", value: bare } };
}

/** Many sessions, each leading an election of its own, that renew as fast as they are answered. */
function renewals(): Promise<number[]> {
  return withBackend({ LEASE_MS: "60000" }, async ({ url }) => {
    let done = 0;
    const leaders = await inParallel(LEADERS, (index) =>
      joinLeader(url, "renewals", { contenders: [{ component: `c${index}`, election: "dedicated" }] }),
    );
    for (const { peer, leaderSessionId } of leaders) {
      const renew = (): void => peer.send({ type: "renew", sentAt: peer.sentAt(), held: [leaderSessionId] });
      peer.socket.on("message", () => {
        done += 1;
        renew();
      });
      renew();
    }
    const samples = await rates(() => done);
    hangUp(leaders.map(({ peer }) => peer));
    return samples;
  });
}

/** Every message that comes back is sent again. */
async function bounce(sockets: readonly WebSocket[]): Promise<number> {
  let done = 0;
  for (const socket of sockets) {
    socket.on("message", () => {
      done += 1;
      socket.send(frame());
    });
    socket.send(frame());
  }
  return median(await rates(() => done));
}

async function renewalRate({ floor }: { floor: FloorServer }): Promise<Measured> {
  await using server = await floor.another();
  const sockets = await inParallel(LEADERS, () => openSocket(server.url("echo", "renewals")));
  const echoes = await bounce(sockets);
  for (const socket of sockets) socket.terminate();
  return { samples: await renewals(), reference: { name: "F0 messages of one object", value: echoes } };
}

export const THROUGHPUT_ROWS: readonly Row[] = [
  {
    id: "hand-overs-per-second",
    name: "hand-overs a second, 1,000 groups",
    unit: "per s",
    settings: `2 sessions in each group, ${AT_ONCE} groups at once; samples are windows of ${WINDOW_MS} ms`,
    bounds: [{ of: "ratio", least: 0.25 }],
    measure: handOverRate,
  },
  {
    id: "renewals-per-second",
    name: "renewals a second, one object",
    unit: "per s",
    settings: `${LEADERS} leaders of as many elections; samples are windows of ${WINDOW_MS} ms`,
    measure: renewalRate,
  },
];
