import fc from "fast-check";
import { expect, test } from "vitest";
import { graceAfterLoss, killMarginMs, leastDrainMs, planForLease } from "../../../cli/run/stop-plan.ts";
import { leaseFor, MAX_LEASE_MS, MIN_LEASE_MS } from "../../../shared/lease.ts";

const leases = fc.integer({ min: MIN_LEASE_MS, max: MAX_LEASE_MS }).map(leaseFor);
const grace = fc.integer({ min: 0, max: MAX_LEASE_MS });

test("[S6] SIGKILL falls before the end of the lease by the kill margin, and SIGTERM before it by at most the grace", () => {
  fc.assert(
    fc.property(leases, grace, fc.double({ min: 0, max: 1, noNaN: true }), ({ renewDeadlineMs }, graceMs, share) => {
      const remainingMs = share * renewDeadlineMs;
      const { terminateInMs, killInMs } = planForLease(remainingMs, renewDeadlineMs, graceMs);
      expect(killInMs).toBe(Math.max(0, remainingMs - killMarginMs(renewDeadlineMs)));
      expect(terminateInMs).toBeLessThanOrEqual(killInMs);
      expect(killInMs - terminateInMs).toBeLessThanOrEqual(graceMs);
    }),
  );
});

test("no command is stopped while renewals are answered within 0.3 R, for any grace period", () => {
  fc.assert(
    fc.property(leases, grace, ({ renewDeadlineMs, renewEveryMs }, graceMs) => {
      const slowAnswerMs = 0.3 * renewDeadlineMs;
      const { terminateInMs } = planForLease(renewDeadlineMs, renewDeadlineMs, graceMs);
      expect(terminateInMs).toBeGreaterThan(renewEveryMs + slowAnswerMs);
    }),
  );
});

test("[S10] after a loss SIGKILL falls before the end of the drain", () => {
  fc.assert(
    fc.property(leases, grace, grace, ({ renewDeadlineMs }, drainMs, graceMs) => {
      const ms = graceAfterLoss(drainMs, renewDeadlineMs, graceMs);
      expect(ms).toBeLessThanOrEqual(graceMs);
      expect(ms).toBeLessThanOrEqual(Math.max(0, drainMs - killMarginMs(renewDeadlineMs)));
      if (drainMs >= leastDrainMs(renewDeadlineMs))
        expect(drainMs - ms).toBeGreaterThanOrEqual(killMarginMs(renewDeadlineMs));
    }),
  );
});
