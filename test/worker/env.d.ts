/** What `cloudflare:workers` gives the tests: the bindings of `wrangler.toml` and `vitest.config.ts`, and the Worker itself. */
declare namespace Cloudflare {
  interface Env extends ElectionBindings {
    /** Resources for the fence guards. */
    readonly DATABASE: D1Database;
    readonly BUCKET: R2Bucket;
  }
  interface GlobalProps {
    mainModule: typeof import("../../worker/index.ts");
    durableNamespaces: "ElectionGroup";
  }
}

type ElectionBindings = import("../../worker/index.ts").ElectionEnv;
