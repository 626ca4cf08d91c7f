/** What `cloudflare:workers` gives the tests: the bindings of `wrangler.toml` and `vitest.config.ts`, and the Worker itself. */
declare namespace Cloudflare {
  interface Env extends ElectionBindings {
    /** Resources for the fence guards. */
    readonly DATABASE: D1Database;
    readonly BUCKET: R2Bucket;
    readonly CONTENDERS: DurableObjectNamespace<import("./callers/contending.ts").Contending>;
    /** The index of groups, for the tests that are about it. */
    readonly INDEX: DurableObjectNamespace<import("../../worker/index.ts").GroupIndex>;
  }
  interface GlobalProps {
    mainModule: typeof import("./main.ts");
    durableNamespaces: "ElectionGroup" | "Contending" | "GroupIndex";
  }
}

type ElectionBindings = import("../../worker/index.ts").ElectionEnv;

/** Vite: the text of a file. */
declare module "*.md?raw" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: as Vite has it
  export default text;
}

declare module "*.html?raw" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: as Vite has it
  export default text;
}

declare module "*.json?raw" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: as Vite has it
  export default text;
}
