/** Your own application, with the elections and their dashboard under a path. */
import { createElectionApp, type ElectionEnv, type PagesEnv, pages } from "edge-election/worker";
import { Hono } from "hono";

const elections = createElectionApp({
  policy: (group) => ({ leaseMs: group.startsWith("fast/") ? 2_000 : 10_000 }),
});

const app = new Hono<{ Bindings: ElectionEnv & PagesEnv }>()
  .get("/", (context) => context.text("Nothing but a shop."))
  .route("/elections", elections)
  .route("/elections", pages); // the dashboard, with the files of [assets] in wrangler.toml

export { ElectionGroup, GroupIndex } from "edge-election/worker";
export default app;
