import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./tools/longest-first.ts";

const leaseMs = "2000";
const horizonAheadMs = "2040";
const authSecret = "a secret of the Worker tests, long enough for HS256";
const fenceSecret = "a secret of the tests, 32 characters or more";

/** Everything random in the tests follows from it, so that each run does the same. Set TEST_SEED for another one; `npm run soak` takes fresh ones. */
const seed = Number(process.env["TEST_SEED"] ?? 20_261_122);
if (!Number.isInteger(seed)) throw new RangeError(`TEST_SEED is ${process.env["TEST_SEED"]}: set it to a whole number`);

const SEEDED = "test/support/seeded.ts";

/** A bound for tests that hang. Twice what a single wait may take (tools/harness/patience.ts), which then says what it has waited for. */
const HANGS_MS = 180_000;

/** Files share their process, and what they have imported: to start anew for each costs more than these tests. */
const shared = { isolate: false };

/** Node itself loads the modules and strips their types: they begin sooner, and run as fast as they do outside of tests. */
const native = { experimental: { viteModuleRunner: false, nodeLoader: false } };

/** Tests that wait for leases most of the time: more of them run beside each other than there are processors. */
const waiting = { maxWorkers: 4 };

/** What clients send and read is recorded, and judged after each test. */
const recorded = { setupFiles: [SEEDED, "test/support/recorded.ts"] };

const tier = (name: string, groupOrder: number) => ({
  name,
  sequence: { groupOrder },
  provide: { seed, clocks: "running" as const },
  setupFiles: [SEEDED],
  expect: { poll: { timeout: HANGS_MS / 2 } },
  testTimeout: HANGS_MS,
  hookTimeout: HANGS_MS,
});

const workerd = () =>
  cloudflareTest({
    wrangler: { configPath: "./wrangler.toml" },
    // The production Worker, and beside it an object as a user would write it.
    main: "./test/worker/main.ts",
    miniflare: {
      // W is a little more than D: what waits for a horizon takes no longer than it has to.
      bindings: {
        AUTH_SECRET: authSecret,
        LEASE_MS: leaseMs,
        HORIZON_AHEAD_MS: horizonAheadMs,
        FENCE_SECRET: fenceSecret,
      },
      durableObjects: {
        CONTENDERS: { className: "Contending", useSQLite: true },
        // Not by its own name: only the tests that are about it have it.
        INDEX: { className: "GroupIndex", useSQLite: true },
      },
      // Resources for the fence guards.
      d1Databases: ["DATABASE"],
      r2Buckets: ["BUCKET"],
    },
  });

export default defineConfig({
  test: {
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // The Worker logs who leads: of interest where a test fails.
    silent: "passed-only",
    projects: [
      // One after the other, by `groupOrder`: what needs both processors is over before anything runs that has to keep a lease.
      {
        test: {
          ...tier("unit", 0),
          ...shared,
          include: ["test/unit/**/*.test.ts", "test/local/virtual/*.test.ts", "examples/**/*.test.ts"],
          // Workers on virtual time.
          alias: { "cloudflare:workers": new URL("testing/node/cloudflare-workers.ts", import.meta.url).pathname },
        },
      },
      {
        test: {
          ...tier("clocks", 0),
          ...shared,
          provide: { seed, clocks: "standing" },
          include: [
            "test/unit/client/{api,check,deadlines,driver,health,input,inside,joining,observe,page,react,refused,scopes,together}.test.ts",
          ],
        },
      },
      { test: { ...tier("sim", 0), ...native, include: ["test/sim/**/*.test.ts"] } },
      {
        plugins: [workerd()],
        test: {
          ...tier("worker", 1),
          ...shared,
          ...waiting,
          include: ["test/worker/**/*.test.ts"],
        },
      },
      {
        plugins: [workerd()],
        test: {
          ...tier("clocks-worker", 1),
          ...shared,
          ...waiting,
          provide: { seed, clocks: "standing" as const },
          setupFiles: [SEEDED, "test/worker/standing-clocks.ts"],
          include: ["test/worker/callers/{contender,run-if-leader}.test.ts", "test/worker/client/fetcher.test.ts"],
        },
      },
      {
        // As many experiments run beside each other as one file has (test/e2e/fencing.test.ts).
        test: {
          ...tier("e2e", 2),
          ...recorded,
          ...native,
          ...shared,
          ...waiting,
          maxConcurrency: 6,
          include: ["test/e2e/**/*.test.ts", "test/local/miniflare/*.test.ts"],
        },
      },
      {
        test: {
          ...tier("browser", 3),
          ...recorded,
          ...native,
          ...shared,
          ...waiting,
          include: ["test/browser/**/*.test.ts"],
          globalSetup: ["test/browser/setup.ts"],
        },
      },
    ],
  },
});
