/**
 * The production Worker with two limits of its own: sessions may send as fast as they like, since rows that repeat
 * something quickly would otherwise measure the limit; and all sessions of a group may watch. The class and binding have
 * the names that the local backend expects. `POST /bench/replace/GROUP` replaces the group's object, as a deployment does;
 * `GET /bench/crowd/GROUP/COUNT` makes sessions.
 */
import { policyFromEnv } from "../../worker/http/env-policy.ts";
import { createElectionApp, ElectionGroup as ShippedGroup } from "../../worker/index.ts";
import { crowdOf } from "./crowd.ts";

export class ElectionGroup extends ShippedGroup {
  replace(): void {
    this.ctx.abort("replaced by the bench");
  }
}

interface Env extends Cloudflare.Env {
  readonly ELECTIONS: DurableObjectNamespace<ElectionGroup>;
}

/** Read off the address as it is: all other requests take no longer for it. */
const OWN_ROUTE = /^(https?:\/\/[^/]+)\/bench\/(replace|crowd)\/(\w+)(?:\/(\d+))?$/;

const app = createElectionApp({
  policy: (group, env) => ({
    ...policyFromEnv(group, env),
    limits: { messagesPerSecond: 1_000_000, observers: 10_000, sessions: 20_100 },
  }),
});

export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    const [, origin, route, group = "", count] = OWN_ROUTE.exec(request.url) ?? [];
    if (route === undefined) return await app.fetch(request, env, context);
    if (route === "crowd") {
      const address = `${origin}/v1/groups/${group}/session`;
      return crowdOf(Number(count), address, (upgrade) => app.fetch(upgrade, env, context));
    }
    await env.ELECTIONS.getByName(group)
      .replace()
      .catch(() => undefined); // its answer is lost with it
    return new Response(null, { status: 204 });
  },
};
