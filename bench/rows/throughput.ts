/** How much goes through in a second, with as many things under way at once as there are groups or sessions. */
import type WebSocket from "ws";
import { median } from "../../cli/statistics.ts";
import type { ServerMessage } from "../../shared/messages.ts";
import { withBackend } from "../backend.ts";
import { connectPeer, hangUp, joinLeader, type Peer } from "../crowd.ts";
import type { FloorServer } from "../floor-server.ts";
import type { Measured, Row } from "../row.ts";
import { inParallel, openSocket, pause } from "../sockets.ts";

const GROUPS = 1_000;
const LEADERS = 500;
const WARM_UP_MS = 1_000;
const WINDOW_MS = 1_000;
const WINDOWS = 5;
/** Frames to the object in one hand-over: `resign`, and the `renew` that accepts. */
const MESSAGES_A_HAND_OVER = 2;

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

/** Two sessions in each group; whoever leads resigns at once. */
function handOvers(): Promise<number[]> {
  return withBackend({ LEASE_MS: "60000" }, async ({ url }) => {
    let done = 0;
    const takeTurns = (peer: Peer): void => {
      peer.socket.on("message", (data: Buffer) => {
        const message = JSON.parse(data.toString()) as ServerMessage;
        if (message.type === "grant") {
          peer.send({ type: "renew", sentAt: performance.now(), held: [message.leaderSessionId] });
        } else if (message.type === "renewed" && message.held[0] !== undefined) {
          done += 1;
          peer.send({ type: "resign", leaderSessionId: message.held[0] });
        }
      });
    };
    const peers = await inParallel(2 * GROUPS, (index) => connectPeer(url, `group-${index % GROUPS}`));
    for (const peer of peers) takeTurns(peer);
    await Promise.all(peers.map((peer) => peer.hello({ contenders: [{ component: "a" }] })));
    const samples = await rates(() => done);
    hangUp(peers);
    return samples;
  });
}

/** As many bare objects, each with two sockets and one message that goes to and fro: a row and a send for each. */
async function relays(floor: FloorServer): Promise<number> {
  await using server = await floor.another();
  const sockets = await inParallel(2 * GROUPS, (index) => openSocket(server.url("relay", `group-${index % GROUPS}`)));
  const rate = await bounce(sockets, sockets.slice(0, GROUPS));
  for (const socket of sockets) socket.terminate();
  return rate;
}

/** Every message that arrives is sent again by whoever got it. */
async function bounce(sockets: readonly WebSocket[], beginners: readonly WebSocket[]): Promise<number> {
  let done = 0;
  const held = ["an id of the usual length, 34 bytes"];
  const send = (socket: WebSocket): void => {
    socket.send(JSON.stringify({ type: "renew", sentAt: performance.now(), held }));
  };
  for (const socket of sockets) {
    socket.on("message", () => {
      done += 1;
      send(socket);
    });
  }
  for (const socket of beginners) send(socket);
  return median(await rates(() => done));
}

async function handOverRate({ floor }: { floor: FloorServer }): Promise<Measured> {
  const bare = await relays(floor);
  return {
    samples: await handOvers(),
    reference: { name: `F1 messages / ${MESSAGES_A_HAND_OVER}`, value: bare / MESSAGES_A_HAND_OVER },
  };
}

/** Many sessions, each leading an election of its own, that renew as fast as they are answered. */
function renewals(): Promise<number[]> {
  return withBackend({ LEASE_MS: "60000" }, async ({ url }) => {
    let done = 0;
    const leaders = await inParallel(LEADERS, (index) =>
      joinLeader(url, "renewals", { contenders: [{ component: `c${index}`, election: "dedicated" }] }),
    );
    for (const { peer, leaderSessionId } of leaders) {
      const renew = (): void => peer.send({ type: "renew", sentAt: performance.now(), held: [leaderSessionId] });
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

async function renewalRate({ floor }: { floor: FloorServer }): Promise<Measured> {
  await using server = await floor.another();
  const sockets = await inParallel(LEADERS, () => openSocket(server.url("echo", "renewals")));
  const echoes = await bounce(sockets, sockets);
  for (const socket of sockets) socket.terminate();
  return { samples: await renewals(), reference: { name: "F0 messages of one object", value: echoes } };
}

export const THROUGHPUT_ROWS: readonly Row[] = [
  {
    id: "hand-overs-per-second",
    name: "hand-overs a second, 1,000 groups",
    unit: "per s",
    settings: `2 sessions in each group; samples are windows of ${WINDOW_MS} ms`,
    bounds: [{ of: "ratio", least: 0.4 }],
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
