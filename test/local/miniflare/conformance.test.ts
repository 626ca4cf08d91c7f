/** The conformance suite against Miniflare: sockets from Node to the shipped Worker in it. */
import { Miniflare } from "miniflare";
import { afterAll } from "vitest";
import { importTestingKit } from "../../../tools/harness/built.ts";
import { portOf, recordedPath } from "../../../tools/harness/recorder.ts";
import { overSockets } from "../../conformance/sockets.ts";
import { conformance } from "../../conformance/suite.ts";

const { electionFaults, electionWorker } = await importTestingKit();
const running: Miniflare[] = [];
afterAll(() => Promise.all(running.map((miniflare) => miniflare.dispose())));

conformance(
  overSockets("over sockets to Miniflare", async (leaseMs, settings) => {
    const miniflare = new Miniflare({ cf: false, workers: [await electionWorker("miniflare", { leaseMs, settings })] });
    running.push(miniflare);
    const { url } = await recordedPath(portOf((await miniflare.ready).href));
    return { url, restart: (group) => electionFaults(miniflare).evict(group) };
  }),
);
