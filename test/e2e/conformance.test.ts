/** The conformance suite against the real backend: sockets from Node. */
import { afterAll } from "vitest";
import type { LocalBackend } from "../../testing/index.ts";
import { importTestingKit } from "../../tools/harness/built.ts";
import { portOf, recordedPath } from "../../tools/harness/recorder.ts";
import { overSockets } from "../conformance/sockets.ts";
import { conformance } from "../conformance/suite.ts";

const { startLocalBackend } = await importTestingKit();
const backends: LocalBackend[] = [];
afterAll(() => Promise.all(backends.map((backend) => backend.stop())));

conformance(
  overSockets("over sockets from Node", async (leaseMs, settings) => {
    const backend = await startLocalBackend({ leaseMs, settings });
    backends.push(backend);
    const { url } = await recordedPath(portOf(backend.url));
    return { url, restart: () => backend.restart() };
  }),
);
