/** The local backend in the foreground, for `npm start` and `edge-election dev`. */
import { resolve } from "node:path";
import { requiresTokens } from "./backend/access.ts";
import { type LocalBackend, startLocalBackend } from "./backend/local-backend.ts";
import type { Entry } from "./check/trace.ts";
import { npmGone } from "./npm-gone.ts";
import { type StartSettings, startSettings } from "./start-settings.ts";

/** Serves until SIGINT or SIGTERM, or until the npm that started it has ended. Rejects if the backend can't start, or ends by itself. */
export async function serve(
  environment: Readonly<Record<string, string | undefined>>,
  announce: (backend: LocalBackend, settings: StartSettings) => void,
  onTraffic?: (entry: Entry) => void,
): Promise<void> {
  const settings = startSettings(environment);
  const stopRequested = Promise.race([nextStopSignal(), npmGone(environment)]).then(() => "stop" as const);
  const backend = await startLocalBackend({
    port: settings.port,
    dataDir: resolve(settings.dataDir),
    bindings: settings.bindings,
    onOutput: (text) => process.stderr.write(text),
    ...(onTraffic !== undefined && { onTraffic }),
  });
  announce(backend, settings);
  const ended = await Promise.race([stopRequested, backend.exited]);
  if (ended !== "stop") {
    throw new Error(
      `The local runtime ended by itself (${ended.signal ?? `exit code ${ended.code}`}): start it again.`,
    );
  }
  process.stderr.write("\nStopping.\n");
  await backend.stop();
}

function nextStopSignal(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => done());
  });
}

const OPEN = `OPEN MODE: everybody on this machine may do everything here, without a token.
             Only loopback is served. A deployment requires tokens: see SECURITY.md.`;
const TOKENS = "only with a token that AUTH_SECRET has signed: `edge-election token` issues them.";

export function welcome(backend: LocalBackend, settings: StartSettings): string {
  const socketUrl = backend.url.replace("http:", "ws:");
  return `edge-election is ready.

  Dashboard  ${backend.url}/
  Demo       ${backend.url}/demo
  Health     ${backend.url}/healthz
  Clients    createElectionClient({ url: "${backend.url}", group: "my-group" })
  Sockets    ${socketUrl}/v1/groups/my-group/session   (see PROTOCOL.md)
  Data       ${backend.dataDir}   (kept; remove the folder to start afresh)
  Settings   ${settings.summary}
  Access     ${requiresTokens(settings.bindings) ? TOKENS : OPEN}

Press Ctrl-C to stop.
`;
}
