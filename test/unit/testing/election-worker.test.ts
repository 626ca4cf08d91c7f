/** Wrong orders for the shipped Worker in other tools are refused with a sentence. */
import { expect, test } from "vitest";
import { electionFaults, electionWorker, type VitestTool } from "../../../testing/index.ts";
import { wrong } from "../../support/wrong.ts";

test.each([
  [
    "another tool",
    () => electionWorker(wrong("jest")),
    "the tool must be one of miniflare, miniflare-4, vitest, wrangler",
  ],
  [
    "a short lease",
    () => electionWorker("miniflare", { leaseMs: 1 }),
    "leaseMs must be a whole number of milliseconds, 2000 or more",
  ],
  ["an unknown option", () => electionWorker("miniflare", wrong({ lease: 1 })), "lease"],
])("%s is refused with a sentence", async (_, act, message) => {
  await expect(act()).rejects.toThrow(message);
});

test("each tool gets the class with SQLite, in its own words", async () => {
  expect((await electionWorker("miniflare")).config.exports.ElectionGroup.storage).toBe("sqlite");
  expect((await electionWorker("miniflare-4")).compatibilityFlags).toContain("nodejs_compat");
  expect((await electionWorker("vitest", { leaseMs: 2_000 })).bindings).toEqual({
    OPEN_MODE: "loopback",
    LEASE_MS: "2000",
  });
  expect((await electionWorker("wrangler")).config.migrations[0]?.new_sqlite_classes).toEqual(["ElectionGroup"]);
});

test("faults by the module of vitest need the binding of the groups, and a version that can", async () => {
  const old: VitestTool = { abortAllDurableObjects: async () => {} };
  const namespace: { idFromName(): never; get(): unknown } = wrong({ idFromName: () => "id", get: () => "stub" });
  await expect(electionFaults(old).evict("a")).rejects.toThrow("this needs `namespace`");
  await expect(electionFaults(old, { namespace }).evict("a")).rejects.toThrow("it has no evictDurableObject");
  await electionFaults(old).replace();
});
