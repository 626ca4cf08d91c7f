/** Costs of the largest group. */
import { once } from "node:events";
import { setTimeout as passes } from "node:timers/promises";
import type WebSocket from "ws";
import type { LocalBackend } from "../../cli/backend/local-backend.ts";
import { median } from "../../cli/statistics.ts";
import { metricsOf, PLATFORM_HEAP, residentBytes, withBackend } from "../backend.ts";
import { type CrowdPeer, hangUp, joinCrowd, joinLeader } from "../crowd.ts";
import type { FloorServer } from "../floor-server.ts";
import type { Measured, Row } from "../row.ts";
import { elapsedSince, inParallel, largestCrowd, openSocket } from "../sockets.ts";

const LARGEST = largestCrowd(10_000);
const WAKES = 3;
/** The runtime evicts an object that has been idle for 10 s, and keeps its sockets. */
const EVICTED_AFTER_MS = 15_000;
/** The alarm for hellos that never come is set when a socket opens, and finds nothing to do. */
const LAST_ALARM_MS = 10_500;
/** So long that no client sends anything by itself during the measurement. */
/** No lease ends, and no horizon has to be written anew: a wake-up writes nothing. */
const LONG_LEASE = { LEASE_MS: "3600000", HORIZON_AHEAD_MS: "3600000" };
const CONTENDS = { contenders: [{ component: "a" }] };
const GROUP = "crowd";
/** The average length of a hello and a welcome. A socket that has carried a frame each way takes some 5 kB more than one that has not. */
const GREETING_LENGTH = 320;

/** All joined: the last `welcome` of the largest group that there may be, one of them leading. */
const joined = (): Promise<Measured> =>
  withBackend(LONG_LEASE, async ({ url }) => {
    const startedAt = performance.now();
    const { peer } = await joinLeader(url, GROUP, CONTENDS);
    const crowd = await joinCrowd(url, GROUP, LARGEST - 1, CONTENDS);
    const samples = [elapsedSince(startedAt)];
    const sessions = (await metricsOf(url, GROUP)).get("sessions");
    hangUp([...crowd, peer]);
    if (sessions !== LARGEST) throw new Error(`${sessions} sessions joined instead of ${LARGEST}`);
    return { samples, note: `${LARGEST} sessions by the group's own count` };
  });

/** The memory of one idle session beyond that of a bare socket, both with the largest crowd. */
async function memory({ floor }: { floor: FloorServer }): Promise<Measured> {
  const bare = await bareMemory(floor);
  const measure = async ({ url, pid }: LocalBackend): Promise<Measured> => {
    const { peer } = await joinLeader(url, GROUP, CONTENDS); // the object itself
    const before = await residentBytes(pid);
    const crowd = await joinCrowd(url, GROUP, LARGEST - 1, CONTENDS);
    const awake = (await residentBytes(pid)) - before;
    await passes(EVICTED_AFTER_MS);
    const hibernating = (await residentBytes(pid)) - before;
    hangUp([...crowd, peer]);
    const perSession = (bytes: number): number => Math.round(bytes / (LARGEST - 1));
    return {
      samples: [perSession(awake) - bare],
      note: `resident: ${perSession(awake)} awake, ${perSession(hibernating)} evicted; a bare socket ${bare}`,
    };
  };
  return withBackend(LONG_LEASE, measure, PLATFORM_HEAP);
}

async function bareMemory(floor: FloorServer): Promise<number> {
  await using server = await floor.another(PLATFORM_HEAP);
  const open = async (): Promise<WebSocket> => {
    const socket = await openSocket(server.url("echo", GROUP));
    const answered = once(socket, "message");
    socket.send("h".repeat(GREETING_LENGTH));
    await answered;
    return socket;
  };
  const first = await open();
  const before = await residentBytes(server.pid);
  const sockets = await inParallel(LARGEST - 1, open);
  const bytes = (await residentBytes(server.pid)) - before;
  for (const socket of [...sockets, first]) socket.terminate();
  return Math.round(bytes / (LARGEST - 1));
}

/**
 * From the first frame after an eviction to its answer: constructor, rows, the sockets of its leader, and the frame itself.
 * The note has a second frame, sent at once: it waits until all sockets are listed.
 */
const wakes = (sessions: number): Promise<Measured> =>
  withBackend(LONG_LEASE, async ({ url }) => {
    const { peer, leaderSessionId } = await joinLeader(url, GROUP, CONTENDS);
    const crowd = await joinCrowd(url, GROUP, sessions - 1, CONTENDS);
    const samples: number[] = [];
    const listed: number[] = [];
    await passes(LAST_ALARM_MS);
    for (let index = 0; index < WAKES; index++) {
      await publish(peer, leaderSessionId, index);
      const before = await loads(url);
      await passes(EVICTED_AFTER_MS);
      const startedAt = performance.now();
      const [held] = await peer.renew(leaderSessionId);
      samples.push(elapsedSince(startedAt));
      await peer.renew(leaderSessionId);
      listed.push(elapsedSince(startedAt));
      if (held !== leaderSessionId) throw new Error("the leader has lost its lead by an eviction");
      if ((await loads(url)) === before) throw new Error("the object was not evicted");
    }
    const left = (await metricsOf(url, GROUP)).get("sessions");
    hangUp([...crowd, peer]);
    if (left !== sessions) throw new Error(`${left} sessions are left of ${sessions}`);
    return { samples, note: `a second frame was answered after ${median(listed).toFixed(1)} ms from the first` };
  });

/** How often the object was loaded. */
const loads = async (url: string): Promise<number> => (await metricsOf(url, GROUP)).get("wakes_total") ?? 0;

/** A change of leader information writes the group's row, and with it how often the object was loaded. */
async function publish(peer: CrowdPeer, leaderSessionId: string, index: number): Promise<void> {
  peer.send({ type: "confirm", id: "c", component: "a", leaderSessionId, address: `http://127.0.0.1/${index}` });
  await peer.next("confirmed");
}

const wakeRow = (sessions: number): Row => ({
  id: `wake-${sessions}`,
  name: `wake after eviction, ${sessions.toLocaleString("en")} sessions`,
  unit: "ms",
  settings: `${Math.min(sessions, LARGEST)} sockets; evicted by the runtime after 10 s without an event; n = ${WAKES}`,
  bounds: [{ of: "p50", most: 100 }],
  measure: () => wakes(Math.min(sessions, LARGEST)),
});

export const CROWD_ROWS: readonly Row[] = [
  { id: "all-joined", name: "10,000 sessions in one group, all joined", unit: "ms", measure: joined },
  {
    id: "memory",
    name: "memory of an idle session beyond its socket's",
    unit: "bytes",
    settings: `resident memory of the runtime with ${LARGEST} sessions, and with as many bare sockets that carried a frame each way; V8's heap has at most 128 MB, as on the platform`,
    bounds: [{ of: "p50", most: 8_192 }],
    measure: memory,
  },
  wakeRow(10),
  wakeRow(10_000),
];
