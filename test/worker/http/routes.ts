/** Every HTTP route of a group, for tests that are about all of them. */
import { listDurableObjectIds } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createElectionApp, type ElectionAppOptions } from "../../../worker/index.ts";
import { type Answer, type Ask, ask, objectOf, pathOf, type Server } from "../support.ts";

export type Route = readonly [method: string, rest: string, body?: object];

export const looking: readonly Route[] = [
  ["GET", ""],
  ["GET", "/elections/process"],
  ["GET", "/leaders/dispatcher"],
  ["POST", "/fence", { component: "dispatcher", leaderSessionId: "l", epoch: 1 }],
  ["GET", "/history"],
  ["GET", "/metrics"],
  ["GET", "/jobs/nightly"],
];
const session = { sessionId: "s", secret: "s", attempt: 1 };
export const contending: readonly Route[] = [
  ["POST", "/contenders/campaign", { contenders: [{ component: "dispatcher" }], sentAt: 1 }],
  ["POST", "/contenders/renew", { session, held: [], sentAt: 1 }],
  ["POST", "/contenders/confirm", { session, component: "dispatcher", leaderSessionId: "l" }],
  ["POST", "/contenders/release", { session }],
  ["POST", "/jobs/nightly", { type: "renew", run: "a-run-of-its-own" }],
  ["POST", "/fence/token", { component: "dispatcher", leaderSessionId: "l", epoch: 1 }],
];
export const operating: readonly Route[] = [
  ["POST", "/elections/process/revoke"],
  ["POST", "/pause"],
  ["POST", "/resume"],
  ["DELETE", "/jobs/nightly"],
  ["DELETE", ""],
];
export const routes: readonly Route[] = [...looking, ...contending, ...operating];

export const askRoute = (group: string, [method, rest, body]: Route, options: Ask = {}): Promise<Answer> =>
  ask(method, pathOf(group, rest), { ...(body !== undefined && { body }), ...options });

/** Whether the group's object has ever been touched. */
export const isTouched = async (group: string): Promise<boolean> =>
  (await listDurableObjectIds(env.ELECTIONS)).some((id) => id.equals(objectOf(group).id));

/** An app as users deploy it, with or without an open mode in its env. */
export function deploy(options: ElectionAppOptions, openMode?: string): Server {
  const app = createElectionApp(options);
  const { ELECTIONS, FENCE_SECRET } = env;
  const bindings = { ELECTIONS, ...(FENCE_SECRET !== undefined && { FENCE_SECRET }) };
  return (request) => app.fetch(request, { ...bindings, ...(openMode !== undefined && { OPEN_MODE: openMode }) });
}
