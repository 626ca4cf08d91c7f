import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { electionWorker } from "edge-election/testing";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [
    cloudflareTest(async () => ({
      main: "../miniflare/worker.ts",
      miniflare: {
        compatibilityDate: "2026-11-02",
        durableObjects: {
          INDEXERS: { className: "Indexer", useSQLite: true },
          GROUPS: { className: "ElectionGroup", scriptName: "edge-election", useSQLite: true },
        },
        serviceBindings: { ELECTIONS: { name: "edge-election", entrypoint: "ElectionsEntrypoint" } },
        workers: [await electionWorker("vitest", { leaseMs: 2_000 })],
      },
    })),
  ],
  test: { include: ["*.spec.ts"] },
});
