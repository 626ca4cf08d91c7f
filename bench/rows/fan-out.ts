/** From the cause of a change to the last of its observers. */
import type WebSocket from "ws";
import { median } from "../../cli/statistics.ts";
import { withBackend } from "../backend.ts";
import { hangUp, joinCrowd, joinLeader } from "../crowd.ts";
import type { FloorServer } from "../floor-server.ts";
import type { Measured, Row } from "../row.ts";
import { elapsedSince, inParallel, largestCrowd, messagesOn, openSocket } from "../sockets.ts";

const CHANGES = 30;
const WARM_UP = 5;
const BOUNDARY = 10_000;

/** Each cause is answered by one message on every socket. */
async function sampleFanOut(sockets: readonly WebSocket[], cause: (index: number) => void): Promise<number[]> {
  const samples: number[] = [];
  for (let index = 0; index < WARM_UP + CHANGES; index++) {
    const arrived = messagesOn(sockets, sockets.length);
    const startedAt = performance.now();
    cause(index);
    await arrived;
    if (index >= WARM_UP) samples.push(elapsedSince(startedAt));
  }
  return samples;
}

const addressOf = (index: number): string => `http://127.0.0.1/${1_000 + index}`;

/** The leader publishes another address; every observer watches everything. Also returns the length of the messages. */
function changes(observers: number): Promise<{ samples: number[]; length: number }> {
  return withBackend({ LEASE_MS: "600000" }, async ({ url }) => {
    const group = "fan-out";
    const { peer, leaderSessionId } = await joinLeader(url, group, { contenders: [{ component: "a" }] });
    const crowd = await joinCrowd(url, group, observers, { observe: true });
    let length = 0;
    crowd[0]?.socket.on("message", (data: Buffer) => {
      length = data.length;
    });
    const sockets = crowd.map(({ socket }) => socket);
    const samples = await sampleFanOut(sockets, (index) =>
      peer.send({ type: "confirm", id: "c", component: "a", leaderSessionId, address: addressOf(index) }),
    );
    hangUp([...crowd, peer]);
    return { samples, length };
  });
}

/** The same number of sends of the same length, in one loop of a bare object. */
async function bareSends(floor: FloorServer, observers: number, length: number): Promise<number[]> {
  await using server = await floor.another();
  const speaker = await openSocket(server.url("shout", "fan-out"));
  const sockets = await inParallel(observers, () => openSocket(server.url("crowd", "fan-out")));
  const text = "x".repeat(length);
  const samples = await sampleFanOut(sockets, () => speaker.send(text));
  for (const socket of [...sockets, speaker]) socket.terminate();
  return samples;
}

async function fanOut(floor: FloorServer, observers: number): Promise<Measured> {
  const { samples, length } = await changes(observers);
  const bare = await bareSends(floor, observers, length);
  return {
    samples,
    reference: { name: "as many bare sends", value: median(bare) },
    note: `${observers} observers, ${length} bytes each`,
  };
}

const fanOutRow = (observers: number): Row => ({
  id: `fan-out-${observers}`,
  name: `change of a leader to ${observers.toLocaleString("en")} observer${observers === 1 ? "" : "s"}`,
  unit: "ms",
  bounds: observers === BOUNDARY ? [{ of: "ratio", most: 1.3 }] : [],
  measure: ({ floor }) => fanOut(floor, largestCrowd(observers)),
});

export const FAN_OUT_ROWS: readonly Row[] = [1, 100, 1_000, BOUNDARY].map(fanOutRow);
