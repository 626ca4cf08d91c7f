import { expect, test } from "vitest";
import { LeadershipLostError } from "../../../shared/errors.ts";
import { createPlainLeadership } from "../../../shared/leadership/leadership.ts";

const term = { group: "g", component: "x", election: "process", leaderSessionId: "l", epoch: 1 } as const;

test("a copy of a leadership has its signal, and so has a proxy around it", () => {
  const { leadership, end } = createPlainLeadership(term, {
    remainingMs: () => 1_000,
    drainMs: () => 1_000,
    inquire: () => Promise.resolve(),
  });
  const signals = [{ ...leadership }.signal, new Proxy(leadership, {}).signal, Object.create(leadership).signal];
  end(() => new LeadershipLostError("lost"));
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true]);
});

test("[K7] check is false, and does not reject, where the group can't be asked", async () => {
  const { leadership } = createPlainLeadership(term, {
    remainingMs: () => 1_000,
    drainMs: () => 1_000,
    inquire: () => Promise.reject(new Error("the disk is full")),
  });
  expect(await leadership.check()).toBe(false);
});
