/** How fast a component comes to lead, and how fast others are notified. */

import { median } from "../../cli/statistics.ts";
import { withBackend } from "../backend.ts";
import { probeFloor } from "../floor.ts";
import { closeAll, joinOnce, member } from "../member.ts";
import { interleaved } from "../pair.ts";
import type { Bench, Measured, Row } from "../row.ts";
import { elapsedSince } from "../sockets.ts";

const JOINS = 100;
const WARM_UP = 10;
const LATE_COMPONENTS = 100;
const CONFIRMS = 200;
const EIGHT = Array.from({ length: 8 }, (_, index) => `component-${index}`);

/** From making the client to its last `onGrant`: connect, hello, grant. The floor is taken in between. */
const joins = ({ floor }: Bench, groupOf: (index: number) => string): Promise<Measured> =>
  withBackend({}, async ({ url }) => {
    await using probe = await probeFloor(floor);
    const samples: number[] = [];
    const bare: number[] = [];
    for (let index = 0; index < WARM_UP + JOINS; index++) {
      bare.push((await probe.upgrade()) + (await probe.relay()));
      const ms = await joinOnce(url, groupOf(index), ["a"]);
      if (index >= WARM_UP) samples.push(ms);
    }
    return { samples, reference: { name: "upgrade + F1", value: median(bare) } };
  });

/** Eight components and one, in turns. */
const joinsOfEight = (): Promise<Measured> =>
  withBackend({}, async ({ url }) => {
    const eight = () => joinOnce(url, "eight", EIGHT);
    const one = () => joinOnce(url, "one", ["a"]);
    const { measured, reference } = await interleaved(eight, one, { turns: 10, inATurn: 10, warmUp: 2 });
    return { samples: measured, reference: { name: "one component", value: median(reference) } };
  });

/** From `contend` in a process that leads already to `onGrant`. */
const lateComponents = (): Promise<number[]> =>
  withBackend({}, async ({ url }) => {
    const leader = member(url, "late", ["first"]);
    await leader.next();
    const samples: number[] = [];
    for (let index = 0; index < LATE_COMPONENTS; index++) {
      const startedAt = performance.now();
      let late: AsyncDisposable | undefined;
      await new Promise<void>((onGrant) => {
        late = leader.client.contend(`late-${index}`, { onGrant: () => onGrant() });
      });
      samples.push(elapsedSince(startedAt));
      await late?.[Symbol.asyncDispose]();
    }
    await closeAll([leader]);
    return samples;
  });

/** From `confirm` in the leader to the value in another process's iterator. */
const confirms = (): Promise<number[]> =>
  withBackend({}, async ({ url }) => {
    const [leader, observer] = [member(url, "confirm", ["a"]), member(url, "confirm", [])];
    const leadership = (await leader.next()).get("a");
    const news = observer.client.observe("a");
    await news.next(); // no leader yet
    const samples: number[] = [];
    for (let index = 0; index < WARM_UP + CONFIRMS; index++) {
      const startedAt = performance.now();
      void leadership?.confirm(`http://127.0.0.1/${index}`);
      await news.next();
      if (index >= WARM_UP) samples.push(elapsedSince(startedAt));
    }
    await closeAll([leader, observer]);
    return samples;
  });

export const JOIN_ROWS: readonly Row[] = [
  {
    id: "join-to-lead",
    name: "join to lead: connect, hello, grant",
    unit: "ms",
    bounds: [{ of: "ratio", most: 1.5 }],
    measure: (bench) => joins(bench, () => "join"),
  },
  {
    id: "join-8-components",
    name: "join to lead, all 8 components granted",
    unit: "ms",
    bounds: [{ of: "ratio", most: 1.1 }],
    measure: joinsOfEight,
  },
  {
    id: "join-new-group",
    name: "join to lead, each time in a group that is new",
    unit: "ms",
    settings: "the object and its database are made on the way",
    measure: (bench) => joins(bench, (index) => `join-${index}`),
  },
  {
    id: "late-component",
    name: "late component of a process that leads",
    unit: "ms",
    reference: ({ relayMs }) => ({ name: "F1", value: relayMs }),
    measure: async () => ({ samples: await lateComponents() }),
  },
  {
    id: "confirm-to-observer",
    name: "confirm to observer",
    unit: "ms",
    reference: ({ relayMs }) => ({ name: "F1", value: relayMs }),
    measure: async () => ({ samples: await confirms() }),
  },
];
