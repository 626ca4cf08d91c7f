/** F0, F1 and the bare upgrade, measured on the same machine and in the same minute as the row that they are compared with. */
import { once } from "node:events";
import type WebSocket from "ws";
import { median } from "../cli/statistics.ts";
import type { FloorServer } from "./floor-server.ts";
import { elapsedSince, openSocket } from "./sockets.ts";

/** Medians in milliseconds. */
export interface FloorMedians {
  /** F0: a message to the object and back. */
  readonly echoMs: number;
  /** F1: a message to the object, one row, and on to another socket. */
  readonly relayMs: number;
  /** Connect and upgrade. */
  readonly upgradeMs: number;
}

/** Samples of all three. */
export interface FloorSamples {
  readonly echo: readonly number[];
  readonly relay: readonly number[];
  readonly upgrade: readonly number[];
}

const MESSAGES = 300;
const WARM_UP = 20;
const UPGRADES = 40;
/** An id of the usual length. */
const LEADERSHIP = "mx175gmfIxOX27J0fFg68Bj7kfU-gQ.1";

/** Takes the floor's times one by one. */
export interface FloorProbe extends AsyncDisposable {
  echo(): Promise<number>;
  relay(): Promise<number>;
  upgrade(): Promise<number>;
}

export async function probeFloor(floor: FloorServer): Promise<FloorProbe> {
  const echo = await openSocket(floor.url("echo", "floor"));
  const from = await openSocket(floor.url("relay", "floor"));
  const to = await openSocket(floor.url("relay", "floor"));
  return {
    echo: () => trip(echo, echo),
    relay: () => trip(from, to),
    async upgrade() {
      const startedAt = performance.now();
      const socket = await openSocket(floor.url("echo", "floor"));
      const ms = elapsedSince(startedAt);
      socket.terminate();
      return ms;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of [echo, from, to]) socket.terminate();
    },
  };
}

export async function sampleFloor(floor: FloorServer): Promise<FloorSamples> {
  await using probe = await probeFloor(floor);
  return {
    echo: await series(probe.echo, MESSAGES),
    relay: await series(probe.relay, MESSAGES),
    upgrade: await series(probe.upgrade, UPGRADES),
  };
}

let pairs = 0;

/** Hand-overs of a bare object, between two bare sockets. */
export async function bareHandOvers(floor: FloorServer): Promise<{ handOver(): Promise<number> } & AsyncDisposable> {
  const url = floor.url("hand-over", `pair-${pairs++}`);
  let [leader, follower] = [await openSocket(url), await openSocket(url)];
  return {
    async handOver() {
      const ms = await trip(leader, follower, { type: "resign", leaderSessionId: LEADERSHIP });
      const renewed = once(follower, "message");
      follower.send(JSON.stringify({ type: "renew", sentAt: performance.now(), held: [LEADERSHIP] }));
      await renewed;
      [leader, follower] = [follower, leader];
      return ms;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of [leader, follower]) socket.terminate();
    },
  };
}

async function series(once: () => Promise<number>, count: number): Promise<number[]> {
  const samples: number[] = [];
  for (let index = 0; index < WARM_UP + count; index++) samples.push(await once());
  return samples.slice(WARM_UP);
}

export const floorMedians = (all: readonly FloorSamples[]): FloorMedians => ({
  echoMs: median(all.flatMap(({ echo }) => echo)),
  relayMs: median(all.flatMap(({ relay }) => relay)),
  upgradeMs: median(all.flatMap(({ upgrade }) => upgrade)),
});

/** Each message differs: writing an unchanged row costs no commit. */
async function trip(from: WebSocket, to: WebSocket, message: object = { type: "renew", held: [] }): Promise<number> {
  const startedAt = performance.now();
  const arrived = once(to, "message");
  from.send(JSON.stringify({ ...message, sentAt: startedAt }));
  await arrived;
  return elapsedSince(startedAt);
}
