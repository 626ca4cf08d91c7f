/** What the client costs whoever runs it. */
import { bundleClients } from "../../cli/tools/size.ts";
import { createTestGroup } from "../../testing/index.ts";
import type { Measured, Row } from "../row.ts";

const HOUR_MS = 3_600_000;
const HOURS = 5;
const JOIN_MS = 1_000;
const MICROSECONDS = 1_000;
/** Of the allocations: few enough that nothing is collected meanwhile. */
const STRETCH_MS = 120_000;
const STRETCHES = 20;

async function size(): Promise<Measured> {
  const [client] = await bundleClients();
  if (client === undefined) throw new Error("there is no bundle of the client");
  return { samples: [client.gzippedBytes], note: `${client.totalGzippedBytes} with what it loads later` };
}

/** A client in a group in memory, on a virtual clock, with nobody else there. */
async function aloneFor(contends: boolean, measure: (advance: (ms: number) => Promise<void>) => Promise<void>) {
  const group = createTestGroup();
  const client = group.client();
  if (contends) client.contend("a");
  else void client.observe("a").next();
  await group.advance(JOIN_MS);
  await measure((ms) => group.advance(ms));
  await group.settled(client.close());
}

/** Processor time of an hour; the group's core, which answers, included. */
async function hourOf(contends: boolean): Promise<Measured> {
  const samples: number[] = [];
  await aloneFor(contends, async (advance) => {
    for (let hour = 0; hour < 1 + HOURS; hour++) {
      const before = process.cpuUsage();
      await advance(HOUR_MS);
      const { user, system } = process.cpuUsage(before);
      if (hour > 0) samples.push((user + system) / MICROSECONDS);
    }
  });
  return { samples };
}

/** What the heap grows by for a renewal and its answer; stretches in which something was collected do not count. */
async function allocations(): Promise<Measured> {
  const samples: number[] = [];
  await aloneFor(true, async (advance) => {
    await advance(HOUR_MS);
    for (let stretch = 0; stretch < STRETCHES; stretch++) {
      const before = process.memoryUsage().heapUsed;
      await advance(STRETCH_MS);
      const grown = process.memoryUsage().heapUsed - before;
      if (grown > 0) samples.push(Math.round(grown / (STRETCH_MS / RENEW_EVERY_MS)));
    }
  });
  return { samples };
}
const RENEW_EVERY_MS = 2_500;

export const CLIENT_ROWS: readonly Row[] = [
  {
    id: "client-size",
    name: "client: the entry point, minified and gzipped",
    unit: "bytes",
    bounds: [{ of: "p50", most: 3_500 }],
    measure: size,
  },
  {
    id: "client-hour-leading",
    name: "client: processor time of an hour as leader",
    unit: "ms",
    settings: "virtual clock; 1,440 renewals, the group's core in the same process included",
    measure: () => hourOf(true),
  },
  {
    id: "client-hour-observing",
    name: "client: processor time of an hour as observer",
    unit: "ms",
    settings: "virtual clock; 144 pings, the group's core in the same process included",
    measure: () => hourOf(false),
  },
  {
    id: "client-allocations",
    name: "client: allocated for a renewal",
    unit: "bytes",
    settings: "virtual clock; the group's core and the sockets in between included",
    measure: allocations,
  },
];
