/**
 * Serves a client that has a stub of the group's object as its `fetcher`, without the app. A caller with the binding is
 * trusted, as with RPC, and may contend. Never forward a stranger's request to a stub: mount the app instead.
 */
import { Hono } from "hono";
import { mustBe, shown } from "../../shared/protocol/fields.ts";
import type { LeaderInformation } from "../../shared/protocol/messages.ts";
import { ELECTION_RULE, type ElectionName, isElectionName, isName, NAME_RULE } from "../../shared/protocol/names.ts";
import type { GroupStatus } from "../../shared/protocol/status.ts";
import type { Access } from "../group/state.ts";
import { refuseWith } from "./problem.ts";
import { chooseProtocol, innerUpgrade, isUpgrade } from "./upgrade.ts";

/** What the object provides. Its settings stay as the app last set them. */
export interface DirectGroup {
  /** `undefined` if the platform does not provide it. */
  readonly name: string | undefined;
  readonly upgrade: (request: Request, access: Access) => Response;
  readonly status: (after: ElectionName | null) => GroupStatus;
  readonly getLeader: (component: string) => LeaderInformation | null;
}

/** The routes that a client needs: its socket, the status, leaders. */
export function createDirectApp({ name, upgrade, status, getLeader }: DirectGroup): Hono {
  const routes = new Hono()
    .use(async (context, next) => {
      const group = context.req.param("group");
      if (!isName(group)) return refuseWith(400, "invalid_argument", mustBe("group", NAME_RULE, shown(group)));
      if (name === undefined || group === name) return next();
      return refuseWith(
        400,
        "invalid_argument",
        `this is the object of the group ${name}: get the stub by the client's group`,
      );
    })
    .get("/session", ({ req: { raw } }) => {
      const protocol = chooseProtocol(raw);
      if (!isUpgrade(raw) || protocol === "unsupported")
        return refuseWith(426, "upgrade_required", "this is a WebSocket endpoint of edge-election.v1");
      return upgrade(innerUpgrade(raw, protocol, {}), { role: "contend" });
    })
    .get("/", (context) => {
      const after = context.req.query("after") ?? null;
      if (after !== null && !isElectionName(after))
        return refuseWith(400, "invalid_argument", mustBe("after", ELECTION_RULE, shown(after)));
      return context.json(status(after));
    })
    .delete("/", () =>
      refuseWith(
        403,
        "forbidden",
        "a client with a stub may contend, not delete: ask the app, with a token of an admin",
      ),
    )
    .get("/leaders/:component", (context) => {
      const component = context.req.param("component");
      const leader = isName(component) ? getLeader(component) : null;
      if (leader !== null) return context.json(leader);
      return refuseWith(404, "no_leader", "nobody has confirmed the leadership of this component");
    });
  return new Hono().route("/v1/groups/:group", routes);
}
