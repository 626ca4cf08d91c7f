/** Throughput in a second, with many things under way at once. */
import type WebSocket from "ws";
import { median } from "../../cli/statistics.ts";
import { encode } from "../../shared/protocol/codec.ts";
import { parseServerMessage } from "../../shared/protocol/server-codec.ts";
import { withBackend } from "../backend.ts";
import { hangUp, joinLeader, joinPeer } from "../crowd.ts";
import type { FloorServer } from "../floor-server.ts";
import type { Measured, Row } from "../row.ts";
import { elapsedSince, inParallel, openSocket, pause } from "../sockets.ts";

const GROUPS = 1_000;
/** Hand-overs under way at a time: with more of them, a busy machine would answer each later. */
const AT_ONCE = 64;
const LEADERS = 100;
const CONTENDS = { contenders: [{ component: "a" }] };
const WARM_UP_MS = 1_000;
const WINDOW_MS = 1_000;
const WINDOWS = 5;
/** Short and many, since a busy disk may stop one of the two for a moment. */
const TURN_MS = 500;
const TURNS = 20;
/** Both runtimes have compiled what they run often by then, and the alarms for the hellos have come. */
const WARM_UP_TURNS = 20;

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

/** Keeps some hand-overs under way: the group that has rested longest is next, and one that is done goes to the back. */
class Turns {
  #done = 0;
  #underWay = 0;
  #isOpen = false;
  readonly #resting: (() => void)[] = [];

  rest(goOn: () => void): void {
    this.#resting.push(goOn);
  }

  finish(goOn: () => void): void {
    this.#done += 1;
    this.#underWay -= 1;
    this.#resting.push(goOn);
    if (this.#isOpen) this.#next();
  }

  /** Hand-overs a second within one window. Nothing is under way before or after it. */
  async window(): Promise<number> {
    const startedAt = performance.now();
    [this.#done, this.#isOpen] = [0, true];
    for (let index = 0; index < AT_ONCE; index++) this.#next();
    await pause(TURN_MS);
    this.#isOpen = false;
    while (this.#underWay > 0) await pause(1);
    return (this.#done * 1_000) / elapsedSince(startedAt);
  }

  #next(): void {
    this.#underWay += 1;
    this.#resting.shift()?.();
  }
}

/** The leader of two resigns when it is its group's turn, and the other one shows that it leads. */
function takePart(pair: readonly WebSocket[], turns: Turns): void {
  for (const socket of pair) {
    socket.on("message", (data: Buffer) => {
      const message = parseServerMessage(data.toString());
      if (message.type !== "grant") return;
      const { leaderSessionId } = message;
      socket.send(encode({ type: "renew", sentAt: performance.now(), held: [leaderSessionId] }));
      turns.finish(() => resign(socket, leaderSessionId));
    });
  }
}

const resign = (socket: WebSocket, leaderSessionId: string): void =>
  socket.send(encode({ type: "resign", leaderSessionId, sentAt: performance.now() }));

async function groups(url: string): Promise<Turns> {
  const turns = new Turns();
  await inParallel(GROUPS, async (index) => {
    const { peer, leaderSessionId } = await joinLeader(url, `group-${index}`, CONTENDS);
    const other = await joinPeer(url, `group-${index}`, CONTENDS);
    takePart([peer.socket, other.socket], turns);
    turns.rest(() => resign(peer.socket, leaderSessionId));
  });
  return turns;
}

/** As many bare objects, which read and write the same. */
async function bareObjects(server: FloorServer): Promise<Turns> {
  const turns = new Turns();
  await inParallel(GROUPS, async (index) => {
    const url = server.url("hand-over", `group-${index}`);
    const [first, second] = [await openSocket(url), await openSocket(url)];
    takePart([first, second], turns);
    turns.rest(() => resign(first, "the first leader"));
  });
  return turns;
}

/** In turns with the native floor, a window each. */
const handOverRate = ({ floor }: { floor: FloorServer }): Promise<Measured> =>
  withBackend({ LEASE_MS: "600000", LOG_LEVEL: "error" }, async ({ url }) => {
    await using server = await floor.another();
    const [bare, ours] = [await bareObjects(server), await groups(url)];
    const [reference, samples]: [number[], number[]] = [[], []];
    for (let index = -WARM_UP_TURNS; index < TURNS; index++) {
      const [theirs, own] = [await bare.window(), await ours.window()];
      if (index < 0) continue;
      reference.push(theirs);
      samples.push(own);
    }
    return { samples, reference: { name: "a bare object that reads and writes the same", value: median(reference) } };
  });

const frame = (): string =>
  JSON.stringify({ type: "renew", sentAt: performance.now(), held: ["an id of the usual length, 34 bytes"] });

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
    settings: `2 sessions in each group, ${AT_ONCE} groups at once, errors logged (as npm start does); samples are windows of ${TURN_MS} ms, in turns, after ${WARM_UP_TURNS} that do not count`,
    bounds: [{ of: "ratio", least: 0.6 }],
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
