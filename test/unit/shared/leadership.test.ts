import { expect, test } from "vitest";
import { createPlainLeadership } from "../../../shared/leadership/leadership.ts";

const term = { group: "g", component: "x", election: "process", leaderSessionId: "l", epoch: 1 } as const;

test("[K7] check is false, and does not reject, where the group can't be asked", async () => {
  const { leadership } = createPlainLeadership(term, {
    remainingMs: () => 1_000,
    drainMs: () => 1_000,
    inquire: () => Promise.reject(new Error("the disk is full")),
  });
  expect(await leadership.check()).toBe(false);
});
