import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const leaseMs = "2000";
const fenceSecret = "a secret of the tests, 32 characters or more";

export default defineConfig({
  test: {
    maxWorkers: 2,
    // The Worker logs who leads: of interest where a test fails.
    silent: "passed-only",
    projects: [
      // A bound for tests that hang: properties take long on a machine that is busy with other work.
      {
        test: { name: "unit", include: ["test/unit/**/*.test.ts", "examples/**/*.test.ts"], testTimeout: 60_000 },
      },
      { test: { name: "sim", include: ["test/sim/**/*.test.ts"], testTimeout: 120_000 } },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            // The production Worker, and beside it an object as a user would write it.
            main: "./test/worker/main.ts",
            miniflare: {
              bindings: { OPEN_MODE: "loopback", LEASE_MS: leaseMs, FENCE_SECRET: fenceSecret },
              durableObjects: { CONTENDERS: { className: "Contending", useSQLite: true } },
              // Resources for the fence guards.
              d1Databases: ["DATABASE"],
              r2Buckets: ["BUCKET"],
            },
          }),
        ],
        test: { name: "worker", include: ["test/worker/**/*.test.ts"], testTimeout: 30_000 },
      },
      { test: { name: "e2e", include: ["test/e2e/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000 } },
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          globalSetup: ["test/browser/setup.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
