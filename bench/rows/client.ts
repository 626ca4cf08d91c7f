/** The costs of the client for its process. */
import { median } from "../../cli/statistics.ts";
import { createElectionClient } from "../../client/index.ts";
import { bundleClients, CLIENT_LIMIT_BYTES } from "../../tools/size.ts";
import { Responder } from "../responder.ts";
import type { Measured, Row } from "../row.ts";
import { VirtualTime } from "../virtual-time.ts";

const HOUR_MS = 3_600_000;
const HOURS = 20;
const JOIN_MS = 1_000;
const MICROSECONDS = 1_000;
/** For allocations: so few that little is collected meanwhile. */
const STRETCH_MS = 120_000;
const STRETCHES = 20;
const RENEW_EVERY_MS = 2_500;
const PING_EVERY_MS = 25_000;

async function size(): Promise<Measured> {
  const [client] = await bundleClients();
  if (client === undefined) throw new Error("there is no bundle of the client");
  return { samples: [client.gzippedBytes] };
}

/** The activity of a client. */
interface Life {
  readonly contends: boolean;
  readonly frameEveryMs: number;
}

const LEADING: Life = { contends: true, frameEveryMs: RENEW_EVERY_MS };
const OBSERVING: Life = { contends: false, frameEveryMs: PING_EVERY_MS };

interface Samples {
  readonly samples: readonly number[];
  /** The time of the responder and the clock alone, with a timer that sends the client's last frame. */
  readonly bare: readonly number[];
}

/** Runs a client in virtual time in front of a responder, then sends its frame without the client. */
async function withoutGroup(
  { contends, frameEveryMs }: Life,
  measure: (pass: (ms: number) => void) => number[],
): Promise<Samples> {
  const time = new VirtualTime();
  const responder = new Responder(time);
  const address = { url: "http://127.0.0.1", group: "bench" };
  const client = createElectionClient({ ...address, WebSocket: responder.sockets, clock: time });
  const contender = contends ? client.contend("a") : null;
  if (contender === null) void client.observe("a").next();
  await responder.greeted;
  time.pass(JOIN_MS);
  const samples = measure((ms) => time.pass(ms));
  if (client.state !== "connected" || contender?.leadership === null)
    throw new Error("the client has lost its session");
  // Nothing has to be closed: its time no longer advances.
  return { samples, bare: measure(passWith(responder, frameEveryMs)) };
}

/** Another responder of the same kind hears the same: the hello, then the last frame again and again. */
function passWith({ greeting, frame }: Responder, everyMs: number): (ms: number) => void {
  const time = new VirtualTime();
  const socket = new new Responder(time).sockets("", []);
  socket.addEventListener("message", ignore);
  socket.send(greeting);
  const beat = (): void => {
    socket.send(frame);
    time.setTimeout(beat, everyMs);
  };
  time.setTimeout(beat, everyMs);
  return (ms) => time.pass(ms);
}

const ignore = (): void => undefined;

/** Samples minus the median of the bare samples. */
function own({ samples, bare }: Samples, unit: string): Measured {
  const taken = median(bare);
  return { samples: samples.map((sample) => sample - taken), note: `taken off: ${taken} ${unit} of the responder` };
}

/** Processor time of an hour. */
const hourOf = async (life: Life): Promise<Measured> => own(await withoutGroup(life, hours), "ms");

function hours(pass: (ms: number) => void): number[] {
  const samples: number[] = [];
  for (let hour = 0; hour < 1 + HOURS; hour++) {
    const before = process.cpuUsage();
    pass(HOUR_MS);
    const { user, system } = process.cpuUsage(before);
    if (hour > 0) samples.push((user + system) / MICROSECONDS);
  }
  return samples;
}

/** Growth of the heap for a renewal and its answer, without stretches in which garbage was collected. */
const allocations = async (): Promise<Measured> => own(await withoutGroup(LEADING, growth), "bytes");

function growth(pass: (ms: number) => void): number[] {
  const samples: number[] = [];
  pass(HOUR_MS);
  for (let stretch = 0; stretch < STRETCHES; stretch++) {
    const before = process.memoryUsage().heapUsed;
    pass(STRETCH_MS);
    const grown = process.memoryUsage().heapUsed - before;
    if (grown > 0) samples.push(Math.round(grown / (STRETCH_MS / RENEW_EVERY_MS)));
  }
  return samples;
}

const ALONE = "virtual clock; answered by a script in the same process, whose own part is measured alone and taken off";

export const CLIENT_ROWS: readonly Row[] = [
  {
    id: "client-size",
    name: "client: all of it, minified and gzipped",
    unit: "bytes",
    bounds: [{ of: "p50", most: CLIENT_LIMIT_BYTES }],
    measure: size,
  },
  {
    id: "client-hour-leading",
    name: "client: processor time of an hour as leader",
    unit: "ms",
    settings: `1,440 renewals; ${ALONE}`,
    measure: () => hourOf(LEADING),
  },
  {
    id: "client-hour-observing",
    name: "client: processor time of an hour as observer",
    unit: "ms",
    settings: `144 pings; ${ALONE}`,
    measure: () => hourOf(OBSERVING),
  },
  {
    id: "client-allocations",
    name: "client: allocated for a renewal",
    unit: "bytes",
    settings: ALONE,
    measure: allocations,
  },
];
