/**
 * A real process whose token comes only when its client has gone, or has given the attempt up:
 * `node early-leave.main.ts CONFIG`. Writes "alive" when everything that could follow from it has happened.
 */

import { setTimeout as later } from "node:timers/promises";
import type { Clock } from "../../client/index.ts";
import { importClient } from "../../tools/harness/built.ts";
import { configuration } from "../../tools/harness/configuration.ts";

export interface EarlyLeaveConfig {
  /** URL of a built entry point. */
  readonly entry: string;
  readonly url: string;
  /** Takes the class `WebSocket` of the package ws, whose "error" event without a listener ends the process. */
  readonly usesWs: boolean;
  readonly leaving: "client" | "contender" | "same turn" | "abort" | "time-out" | "pagehide";
}

const { entry, url, usesWs, leaving } = configuration<EarlyLeaveConfig>();
const { createElectionClient } = await importClient(entry);
const { WebSocket } = await import("ws");

/** An attempt to connect is over after half a second. */
const HASTE = 20;
const hasty: Clock = {
  monotonic: () => performance.now() * HASTE,
  wall: () => Date.now() * HASTE,
  setTimeout(callback, ms) {
    const timer = setTimeout(callback, ms / HASTE);
    return () => clearTimeout(timer);
  },
  clearTimeout(stop) {
    if (typeof stop === "function") stop();
  },
};

const asked = Promise.withResolvers<void>();
const token = Promise.withResolvers<string>();
let wasAsked = false;
const page = new EventTarget();
const controller = new AbortController();
const client = createElectionClient({
  url,
  group: "early",
  page,
  ...(usesWs && { WebSocket }),
  ...(leaving === "time-out" && { clock: hasty }),
  token() {
    const isFirst = !wasAsked;
    wasAsked = true;
    asked.resolve();
    return isFirst ? token.promise : new Promise(() => {});
  },
});

if (leaving === "abort") {
  const scope = client.elect("x", () => {}, { signal: controller.signal }).catch(() => undefined);
  await asked.promise;
  controller.abort();
  await scope;
} else {
  const failed = Promise.withResolvers<unknown>();
  const contender = client.contend("x", { onError: failed.resolve });
  if (leaving !== "same turn") await asked.promise;
  await later(0); // the page is listened to from the next turn on
  if (leaving === "client") await client.close();
  else if (leaving === "pagehide") page.dispatchEvent(new Event("pagehide"));
  else if (leaving === "time-out") await failed.promise;
  else await contender.close();
}
token.resolve("late");
await later(0);
// Any socket that was opened is refused or open by now: this takes longer.
await (await fetch(`${url}/healthz`)).text();
await later(0);
process.stdout.write("alive\n", () => process.exit(0));
