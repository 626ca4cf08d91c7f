import fc from "fast-check";
import { expect, test } from "vitest";
import {
  answerTimeoutFor,
  askTimeoutFor,
  leaseFault,
  leaseFor,
  MAX_LEASE_MS,
  MIN_LEASE_MS,
} from "../../../shared/lease.ts";

const good = leaseFor(10_000);

test("for every allowed D the settings that follow from it keep every relation", () => {
  fc.assert(
    fc.property(fc.integer({ min: MIN_LEASE_MS, max: MAX_LEASE_MS }), (durationMs) => {
      const lease = leaseFor(durationMs);
      expect(leaseFault(lease)).toBeNull();
      expect(lease.renewEveryMs).toBeLessThan(lease.renewDeadlineMs / 2);
      expect(lease.renewDeadlineMs).toBeLessThan(lease.durationMs);
      expect(answerTimeoutFor(lease)).toBeLessThanOrEqual((lease.renewDeadlineMs - lease.renewEveryMs) / 2);
      expect(askTimeoutFor(lease)).toBeLessThan(lease.durationMs);
      expect(askTimeoutFor(lease)).toBeLessThanOrEqual(10_100);
    }),
  );
});

test.each([
  [{ ...good, durationMs: 1_999 }, ["leaseMs", "LEASE_MS", "2000"]],
  [{ ...good, durationMs: Number.NaN }, ["leaseMs"]],
  [{ ...good, durationMs: MAX_LEASE_MS + 1 }, ["leaseMs"]],
  [{ ...good, renewDeadlineMs: 10_000 }, ["lease.renewDeadlineMs", "lease.durationMs"]],
  [{ ...good, renewEveryMs: 4_000 }, ["lease.renewEveryMs", "lease.renewDeadlineMs"]],
  [{ ...good, renewEveryMs: 0 }, ["lease.renewEveryMs"]],
])("a relation that does not hold is an error with the names of both settings: %j", (lease, named) => {
  const fault = leaseFault(lease);
  for (const word of named) expect(fault).toContain(word);
});

test("an answer time-out that leaves no room for one reconnect is an error", () => {
  expect(leaseFault(good, 2_750)).toBeNull();
  expect(leaseFault(good, 2_751)).toContain("answerTimeoutMs");
  expect(leaseFault(good, 0)).toContain("answerTimeoutMs");
});

test("[Q5] a time-out of questions that the slowest usable path could not keep is an error with both settings", () => {
  expect(leaseFault(good, 2_750, 2_751)).toBeNull();
  for (const word of ["askTimeoutMs (2750)", "answerTimeoutMs (2750)"]) {
    expect(leaseFault(good, 2_750, 2_750)).toContain(word);
  }
  expect(leaseFault(leaseFor(60_000), 16_500, 10_001)).toBeNull();
  expect(leaseFault(leaseFor(60_000), 16_500, 10_000)).toContain("askTimeoutMs");
});
