/** Look-ups by HTTP, answered by the group in memory. */
import type { Fetcher, FetchResponse } from "../client/socket.ts";
import { groupStatus, leaderOf } from "../worker/group/views.ts";
import type { Backend } from "./group/backend.ts";
import { DEPLOYMENT } from "./group/incarnation.ts";
import type { Machine } from "./machine.ts";

const answer = (status: number, body: unknown, retryAfterMs?: number): FetchResponse => ({
  status,
  headers: { get: () => (retryAfterMs === undefined ? null : String(Math.ceil(retryAfterMs / 1_000))) },
  json: () => Promise.resolve(JSON.parse(JSON.stringify(body))),
});

/** Every client of a test group may do it. */
async function purge(backend: Backend): Promise<FetchResponse> {
  const outcome = await backend.ask((request) => ({ type: "purge", request }));
  if (outcome?.type === "purged") return answer(200, { ok: true });
  if (outcome?.type !== "in_use") throw new TypeError("the group's object died before it could answer");
  const { message, retryAfterMs } = outcome;
  return answer(409, { error: { code: "in_use", message } }, retryAfterMs);
}

/** While the machine is cut off every request fails, as `fetch` does without a network. */
export function lookUpsOf(group: string, backend: Backend, machine: Machine): Fetcher {
  return {
    async fetch(url, { method }) {
      if (!machine.isRunning || machine.isPartitioned)
        throw new TypeError("the group can't be reached: the client is cut off from it");
      if (method === "DELETE") {
        // An order follows what was sent before it.
        await new Promise<void>((resolve) => void machine.setTimeout(resolve, machine.latencyMs));
        return purge(backend);
      }
      const { pathname } = new URL(url);
      const [, leaders, component] = /^\/v1\/groups\/[^/]+(?:(\/leaders\/)([^/]+))?$/.exec(pathname) ?? [];
      const state = backend.look();
      if (leaders === undefined)
        return answer(200, groupStatus(state, { group, deployment: DEPLOYMENT }, backend.trueNow(), null));
      const leader = leaderOf(state, decodeURIComponent(component ?? ""));
      return leader === null ? answer(404, { error: { code: "no_leader" } }) : answer(200, leader);
    },
  };
}
