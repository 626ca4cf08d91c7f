/** Look-ups by HTTP, answered by the group in memory. */
import type { Fetcher, FetchResponse } from "../client/socket.ts";
import { groupStatus, leaderOf } from "../worker/group/views.ts";
import type { Backend } from "./group/backend.ts";
import { DEPLOYMENT } from "./group/incarnation.ts";

const answer = (status: number, body: unknown): FetchResponse => ({
  status,
  json: () => Promise.resolve(JSON.parse(JSON.stringify(body))),
});

/** `isReachable`: otherwise every request fails, as `fetch` does without a network. */
export function lookUpsOf(group: string, backend: Backend, isReachable: () => boolean): Fetcher {
  return {
    async fetch(url) {
      if (!isReachable()) throw new TypeError("the group can't be reached: the client is cut off from it");
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
