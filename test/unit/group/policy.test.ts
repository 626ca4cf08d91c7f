import { expect, test } from "vitest";
import { InvalidField } from "../../../shared/protocol/fields.ts";
import { assertPolicy, createPolicy, DEFAULT_GROUP_LIMITS, type PolicyOptions } from "../../../worker/group/policy.ts";
import { policyRow } from "../../../worker/group/row-checks.ts";
import { policyFromEnv } from "../../../worker/http/env-policy.ts";

test("the defaults are those of the design", () => {
  expect(createPolicy()).toEqual({
    lease: { durationMs: 10_000, renewDeadlineMs: 8_000, renewEveryMs: 2_500 },
    horizonAheadMs: 30_000,
    idleTtlMs: null,
    askTimeoutMs: 2_850,
    answerTimeoutMs: 2_750,
    drainMs: 10_000,
    helloTimeoutMs: 10_000,
    pingEveryMs: 25_000,
    returnsPerSecond: 300,
    checkEveryMs: 300_000,
    preempt: false,
    prefer: null,
    spread: false,
    logLevel: "info",
    limits: DEFAULT_GROUP_LIMITS,
  });
});

test("everything that follows from D follows from it", () => {
  expect(createPolicy({ leaseMs: 2_000 })).toMatchObject({
    lease: { durationMs: 2_000, renewDeadlineMs: 1_600, renewEveryMs: 500 },
    askTimeoutMs: 590,
    answerTimeoutMs: 550,
  });
  expect(createPolicy({ leaseMs: 60_000 }).askTimeoutMs).toBe(10_100);
});

test("the horizon does not follow from D: how many rows are written is a matter of price", () => {
  expect(createPolicy({ leaseMs: 2_000 }).horizonAheadMs).toBe(30_000);
  expect(createPolicy({ leaseMs: 60_000, horizonAheadMs: 0 }).horizonAheadMs).toBe(0);
});

test("an option that is unknown is refused where it is set, and no known one is", () => {
  const known: Required<PolicyOptions> = {
    leaseMs: 4_000,
    drainMs: 0,
    horizonAheadMs: 0,
    idleTtlMs: 64_000,
    preempt: { cooldownMs: 0 },
    prefer: { metadata: "version", order: "oldest" },
    spread: true,
    limits: {},
    logLevel: "debug",
  };
  expect(() => assertPolicy(known)).not.toThrow();
  const misspelt = { ...known, lease: 1 };
  expect(() => assertPolicy(misspelt)).toThrow(TypeError);
});

test("a limit that is unknown is refused where it is set", () => {
  const misspelt = { limits: { session: 5 } as object };
  expect(() => assertPolicy(misspelt)).toThrow("limits.session is unknown: the limits are messageBytes, ");
});

test("[V1] what another version has added is ignored: options and limits that this one does not know", () => {
  const newer = { leaseMs: 4_000, colour: "red", limits: { contenders: 3, colours: 7 } };
  expect(createPolicy(newer)).toEqual(createPolicy({ leaseMs: 4_000, limits: { contenders: 3 } }));
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
  ["a negative horizon", { horizonAheadMs: -1 }, "HORIZON_AHEAD_MS"],
  ["a horizon of more than a day", { horizonAheadMs: 86_400_001 }, "HORIZON_AHEAD_MS"],
  ["a time to live of less than D and a minute", { idleTtlMs: 69_999 }, "IDLE_TTL_MS"],
  ["a negative cool-down", { preempt: { cooldownMs: -1 } }, "preempt.cooldownMs"],
  ["a preference for nothing", { prefer: { metadata: "", order: "newest" } }, "prefer.metadata (PREFER)"],
  ["an order that is unknown", { prefer: { metadata: "v", order: "latest" as "newest" } }, "prefer.order (PREFER)"],
  ["a spread that is no boolean", { spread: "yes" as unknown as boolean }, "spread (SPREAD)"],
  ["a limit of nothing", { limits: { sessions: 0 } }, "limits.sessions"],
  ["a limit that is no number", { limits: { historyRows: Number.NaN } }, "limits.historyRows"],
];
test.each(faults)("%s is refused with the name of the setting and what it takes", (_what, options, named) => {
  expect(() => createPolicy(options)).toThrow(RangeError);
  expect(() => createPolicy(options)).toThrow(named);
  expect(() => createPolicy(options)).toThrow("set it");
});

test("[Q8] [D4] the variables of a deployment say what is preferred and spread; others get a sentence", () => {
  expect(policyFromEnv("", { PREFER: "newest version", SPREAD: "true" })).toEqual({
    prefer: { metadata: "version", order: "newest" },
    spread: true,
  });
  expect(policyFromEnv("", { PREFER: "oldest build.id", SPREAD: "false" })).toMatchObject({ spread: false });
  for (const PREFER of ["version", "latest version", "newest", "newest a b"])
    expect(() => policyFromEnv("", { PREFER })).toThrow('set it to "newest NAME" or "oldest NAME"');
  expect(() => policyFromEnv("", { SPREAD: "yes" })).toThrow("SPREAD is yes: set it to true or false");
});

test("[S17] [V1] settings that are stored are what they should be, and what another version has added is left alone", () => {
  const stored = { prefer: { metadata: "version", order: "oldest" }, spread: true, colour: "red" };
  expect(policyRow(stored, "")).toEqual(stored);
  for (const wrong of [{ spread: "yes" }, { prefer: true }, { prefer: { metadata: 1, order: "newest" } }])
    expect(() => policyRow(wrong, "")).toThrow(InvalidField);
});
