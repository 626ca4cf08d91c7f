/** Your own application, with the elections under a path. */
import { createElectionApp, type ElectionEnv } from "edge-election/worker";
import { Hono } from "hono";

const elections = createElectionApp({
  policy: (group) => ({ leaseMs: group.startsWith("fast/") ? 2_000 : 10_000 }),
});

const app = new Hono<{ Bindings: ElectionEnv }>()
  .get("/", (context) => context.text("Nothing but a shop."))
  .route("/elections", elections);

export { ElectionGroup } from "edge-election/worker";
export default app;
