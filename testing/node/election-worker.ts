/** The shipped Worker as the tools that run Workers locally take it: its module, class, flags, date and bindings. */
import { readFile } from "node:fs/promises";
import { runtimeSettings, workerAssets, workerBundle } from "../../cli/backend/worker-bundle.ts";
import { bindingsOf, type LocalBackendOptions } from "./settings.ts";

/**
 * The tool that runs the Worker. `vitest`: the plugin for Workers, which takes the same as Miniflare 4. `wrangler`:
 * `createTestHarness`.
 */
export type WorkerTool = "miniflare" | "miniflare-4" | "vitest" | "wrangler";

/** How the shipped Worker runs beside yours. */
export interface ElectionWorkerOptions extends LocalBackendOptions {
  /** The name by which the bindings of other Workers find it. Default `edge-election`. */
  readonly name?: string;
}

/** One of the `workers` of Miniflare 5. */
export interface MiniflareWorker {
  readonly config: {
    readonly name: string;
    readonly compatibilityDate: string;
    readonly compatibilityFlags: string[];
    readonly manifest: {
      readonly mainModule: string;
      readonly modulesRoot: string;
      readonly modules: Record<string, { readonly type: "esm"; readonly contents: string }>;
    };
    readonly env: {
      readonly [name: string]:
        | { readonly type: "text"; readonly value: string }
        | { readonly type: "durable-object"; readonly worker: string; readonly exportName: string }
        | { readonly type: "assets" };
    };
    readonly exports: { readonly ElectionGroup: { readonly type: "durable-object"; readonly storage: "sqlite" } };
    readonly assets: { readonly directory: string; readonly hasUserWorker: true; readonly runWorkerFirst: true };
  };
}

/** One of the `workers` of Miniflare 4, and of the plugin for vitest. */
export type Miniflare4Worker = {
  readonly name: string;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: string[];
  readonly modules: { readonly type: "ESModule"; readonly path: string; readonly contents: string }[];
  readonly durableObjects: { readonly ELECTIONS: { readonly className: "ElectionGroup"; readonly useSQLite: true } };
  readonly bindings: Record<string, string>;
};

/** One of the `workers` of wrangler's `createTestHarness`. */
export interface WranglerWorker {
  readonly config: {
    readonly name: string;
    readonly main: string;
    readonly no_bundle: true;
    readonly find_additional_modules: false;
    readonly compatibility_date: string;
    readonly compatibility_flags: string[];
    readonly vars: Record<string, string>;
    readonly durable_objects: {
      readonly bindings: { readonly name: "ELECTIONS"; readonly class_name: "ElectionGroup" }[];
    };
    readonly migrations: { readonly tag: string; readonly new_sqlite_classes: string[] }[];
    readonly assets: {
      readonly directory: string;
      readonly binding: "ASSETS";
      readonly run_worker_first: true;
      readonly html_handling: "none";
    };
  };
}

/** What each tool takes. */
export interface WorkerFor {
  readonly miniflare: MiniflareWorker;
  readonly "miniflare-4": Miniflare4Worker;
  readonly vitest: Miniflare4Worker;
  readonly wrangler: WranglerWorker;
}

interface Parts {
  readonly name: string;
  readonly bundle: string;
  readonly assets: string;
  readonly date: string;
  readonly flags: string[];
  readonly variables: Record<string, string>;
}

export async function describeWorker<Tool extends WorkerTool>(
  tool: Tool,
  { name = "edge-election", ...settings }: ElectionWorkerOptions,
): Promise<WorkerFor[Tool]> {
  const { compatibilityDate: date, compatibilityFlags } = await runtimeSettings();
  const [bundle, assets] = await Promise.all([workerBundle(), workerAssets()]);
  const parts = { name, bundle, assets, date, flags: [...compatibilityFlags], variables: { ...bindingsOf(settings) } };
  return shapes[tool](parts);
}

const shapes: { readonly [Tool in WorkerTool]: (parts: Parts) => Promise<WorkerFor[Tool]> } = {
  miniflare,
  "miniflare-4": (parts) => miniflare4({ ...parts, ...EARLIER, flags: [...parts.flags, "nodejs_compat"] }),
  vitest: miniflare4,
  wrangler,
};

const FILE = "edge-election.js";

/** The runtime of Miniflare 4 knows no later date; before 2026-08-04 the flag is needed. */
const EARLIER = { date: "2026-07-30" };

async function miniflare({ name, bundle, assets, date, flags, variables }: Parts): Promise<MiniflareWorker> {
  const texts = Object.entries(variables).map(([key, value]) => [key, { type: "text", value }] as const);
  return {
    config: {
      name,
      compatibilityDate: date,
      compatibilityFlags: flags,
      manifest: {
        mainModule: FILE,
        modulesRoot: "/",
        modules: { [FILE]: { type: "esm", contents: await readFile(bundle, "utf8") } },
      },
      env: {
        ...Object.fromEntries(texts),
        ELECTIONS: { type: "durable-object", worker: name, exportName: "ElectionGroup" },
        ASSETS: { type: "assets" },
      },
      exports: { ElectionGroup: { type: "durable-object", storage: "sqlite" } },
      assets: { directory: assets, hasUserWorker: true, runWorkerFirst: true },
    },
  };
}

/** Without the pages: beside other Workers this version serves static files of one of them only. */
async function miniflare4({ name, bundle, date, flags, variables }: Parts): Promise<Miniflare4Worker> {
  return {
    name,
    compatibilityDate: date,
    compatibilityFlags: flags,
    modules: [{ type: "ESModule", path: FILE, contents: await readFile(bundle, "utf8") }],
    durableObjects: { ELECTIONS: { className: "ElectionGroup", useSQLite: true } },
    bindings: variables,
  };
}

async function wrangler({ name, bundle, assets, date, flags, variables }: Parts): Promise<WranglerWorker> {
  return {
    config: {
      name,
      main: bundle,
      no_bundle: true,
      find_additional_modules: false,
      compatibility_date: date,
      compatibility_flags: flags,
      vars: variables,
      durable_objects: { bindings: [{ name: "ELECTIONS", class_name: "ElectionGroup" }] },
      migrations: [{ tag: "v1", new_sqlite_classes: ["ElectionGroup"] }],
      assets: { directory: assets, binding: "ASSETS", run_worker_first: true, html_handling: "none" },
    },
  };
}
