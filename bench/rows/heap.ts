/**
 * The heap that the platform gives an isolate, whose objects share it. Sessions are made inside the runtime: two groups of
 * 10,000 need more sockets than a machine lets its processes open, and so their far ends count as well.
 */
import { setTimeout as passes } from "node:timers/promises";
import type { LocalBackend } from "../../cli/backend/local-backend.ts";
import { metricsOf, startBackend } from "../backend.ts";
import type { Measured, Row } from "../row.ts";

const SESSIONS = 10_000;
const GROUPS = ["first", "second"] as const;
/** What the platform gives, and less, until it is not enough: that shows that the limit counts. */
const LIMITS_MB = [128, 64, 32] as const;
const PATHS = ["", "/metrics", "/elections/process", "/history"] as const;
/** The runtime evicts an object that has been idle for 10 s, and keeps its sockets. */
const EVICTED_AFTER_MS = 15_000;
const LOOKS = 5;

async function heap(): Promise<Measured> {
  const held: number[] = [];
  for (const limitMb of LIMITS_MB) {
    if (!(await isEnough(limitMb))) {
      const [least] = held.slice(-1);
      if (least === undefined) throw new Error(`the runtime ended for want of heap with a limit of ${limitMb} MB`);
      return {
        samples: [least * 1e6],
        note: `held with ${held.join(" and ")} MB; ended for want of heap with ${limitMb} MB`,
      };
    }
    held.push(limitMb);
  }
  throw new Error(`the limit does not count: the runtime held with ${held.join(", ")} MB`);
}

/** False where the runtime has ended by itself. */
async function isEnough(limitMb: number): Promise<boolean> {
  const backend = await startBackend({ LEASE_MS: "3600000" }, { v8Flags: [`--max-heap-size=${limitMb}`] });
  const ended = backend.exited.then(() => false);
  try {
    return await Promise.race([ended, fill(backend)]);
  } catch (error) {
    // A connection to a runtime that has just aborted fails before its end is known.
    const hasEnded = await Promise.race([ended.then(() => true), passes(5_000, false)]);
    if (!hasEnded) throw error;
    return false;
  } finally {
    await backend.kill();
  }
}

/** Both crowds are there, both objects are evicted, and then everything is asked of both at once. */
async function fill({ url }: LocalBackend): Promise<true> {
  const crowds: Crowd[] = [];
  for (const group of GROUPS) crowds.push(await joinInside(url, group));
  for (const group of GROUPS) await store(url, group);
  const before = await Promise.all(GROUPS.map((group) => metricsOf(url, group)));
  await passes(EVICTED_AFTER_MS);
  for (let look = 0; look < LOOKS; look++) {
    await Promise.all(GROUPS.flatMap((group) => PATHS.map((path) => read(`${url}/v1/groups/${group}${path}`))));
  }
  for (const [index, group] of GROUPS.entries()) {
    const metrics = await metricsOf(url, group);
    if (metrics.get("sockets") !== SESSIONS) throw new Error(`${metrics.get("sockets")} sockets are left in ${group}`);
    if (metrics.get("wakes_total") === before[index]?.get("wakes_total")) throw new Error(`${group} was not evicted`);
  }
  for (const crowd of crowds) await crowd.cancel();
  return true;
}

/** Its sessions stay for as long as somebody reads. */
type Crowd = ReadableStreamDefaultReader<Uint8Array>;

async function joinInside(url: string, group: string): Promise<Crowd> {
  const { body } = await fetch(`${url}/bench/crowd/${group}/${SESSIONS}`);
  if (body === null) throw new Error("a crowd has no response");
  const crowd = body.getReader();
  await crowd.read();
  return crowd;
}

/** Has the group's row written, and with it how often the object was loaded. */
async function store(url: string, group: string): Promise<void> {
  for (const order of ["pause", "resume"]) await read(`${url}/v1/groups/${group}/${order}`, "POST");
}

async function read(url: string, method = "GET"): Promise<void> {
  const response = await fetch(url, { method });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
}

export const HEAP_ROWS: readonly Row[] = [
  {
    id: "heap",
    name: "heap that two groups of 10,000 sessions hold in",
    unit: "bytes",
    settings: `limit of V8's heap: ${LIMITS_MB.join(", ")} MB; both in one isolate, evicted, then status, metrics, election and history of both at once`,
    bounds: [{ of: "p50", most: 128e6 }],
    measure: heap,
  },
];
