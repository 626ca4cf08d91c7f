import { expect, test } from "vitest";
import { createPolicy, DEFAULT_GROUP_LIMITS, type PolicyOptions } from "../../../worker/group/policy.ts";

test("the defaults are those of the design", () => {
  expect(createPolicy()).toEqual({
    lease: { durationMs: 10_000, renewDeadlineMs: 8_000, renewEveryMs: 2_500 },
    horizonAheadMs: 10_100,
    offerTimeoutMs: 2_850,
    answerTimeoutMs: 2_750,
    drainMs: 10_000,
    helloTimeoutMs: 10_000,
    pingEveryMs: 25_000,
    checkEveryMs: 300_000,
    preempt: false,
    logLevel: "info",
    limits: DEFAULT_GROUP_LIMITS,
  });
});

test("everything that follows from D follows from it", () => {
  expect(createPolicy({ leaseMs: 2_000 })).toMatchObject({
    lease: { durationMs: 2_000, renewDeadlineMs: 1_600, renewEveryMs: 500 },
    horizonAheadMs: 2_040,
    offerTimeoutMs: 590,
    answerTimeoutMs: 550,
  });
  expect(createPolicy({ leaseMs: 60_000 }).offerTimeoutMs).toBe(10_100);
});

test("limits are completed one by one", () => {
  const { limits } = createPolicy({ limits: { contenders: 3 } });
  expect(limits).toEqual({ ...DEFAULT_GROUP_LIMITS, contenders: 3 });
});

const faults: readonly (readonly [string, PolicyOptions, string])[] = [
  ["a lease below the least", { leaseMs: 1_999 }, "LEASE_MS"],
  ["a lease above the largest", { leaseMs: 86_400_001 }, "LEASE_MS"],
  ["a lease that is no number", { leaseMs: Number.NaN }, "LEASE_MS"],
  ["a negative drain time", { drainMs: -1 }, "DRAIN_MS"],
  ["a drain time that is no number", { drainMs: Number.NaN }, "DRAIN_MS"],
  ["an endless drain time", { drainMs: Infinity }, "DRAIN_MS"],
  ["a negative cool-down", { preempt: { cooldownMs: -1 } }, "preempt.cooldownMs"],
  ["a limit of nothing", { limits: { sessions: 0 } }, "limits.sessions"],
  ["a limit that is no number", { limits: { historyRows: Number.NaN } }, "limits.historyRows"],
];
test.each(faults)("%s is refused with the name of the setting and what it takes", (_what, options, named) => {
  expect(() => createPolicy(options)).toThrow(RangeError);
  expect(() => createPolicy(options)).toThrow(named);
  expect(() => createPolicy(options)).toThrow("set it");
});
