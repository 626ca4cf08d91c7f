/** Renewals that come a little off their beat: what they cost, and what the group does at the end of a lease. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { renewalSlackFor } from "../../../shared/lease.ts";
import type { PeerProcess } from "./peer.ts";
import { GroupWorld } from "./world.ts";

const D = 10_000;
const E = 2_500;
const SLACK = 100;
const RENEWALS_A_LEASE = D / E;

/** The one alarm of a group as the shell keeps it: moved to an earlier time only, and set anew when it has come. */
class Alarm {
  readonly #group: GroupWorld;
  at: number | null = null;
  /** How often it has come, and how often it was set. */
  came = 0;
  set = 0;

  constructor(group: GroupWorld) {
    this.#group = group;
  }

  /** As after every turn. */
  move(): void {
    const due = this.#group.alarm();
    if (due === null || (this.at !== null && this.at <= due)) return;
    this.at = due;
    this.set += 1;
  }

  pass(until: number): void {
    for (; this.at !== null && this.at <= until; this.move()) {
      this.#group.now = this.at;
      this.at = null;
      this.came += 1;
      this.#group.tick();
    }
    this.#group.now = until;
  }
}

function contended(leaseMs = D): {
  readonly group: GroupWorld;
  readonly alarm: Alarm;
  readonly a: PeerProcess;
  readonly b: PeerProcess;
} {
  const group = new GroupWorld({ leaseMs });
  const alarm = new Alarm(group);
  const [a, b] = [group.join("a", { contenders: ["x"] }), group.join("b", { contenders: ["x"] })];
  a.accept();
  alarm.move();
  return { group, alarm, a, b };
}

/** The timers of `b` stand still, and the group has noticed it: it looks after each lease by its alarm. */
function heldUp(leaseMs = D): ReturnType<typeof contended> {
  const all = contended(leaseMs);
  const { group, alarm, a, b } = all;
  b.isHeldUp = true;
  for (let renewals = 0; renewals < 2; renewals += 1) {
    group.advance(leaseMs / RENEWALS_A_LEASE);
    a.renewHeld();
    alarm.move();
  }
  alarm.set -= 1; // the one from before that was noticed
  return all;
}

const rowsOf = (group: GroupWorld, act: () => void) => group.during(act).flatMap(({ rows }) => rows);

/** How late renewals are, none by more than the slack beside that of a lease before it. */
const lateness = fc.array(fc.nat({ max: SLACK / RENEWALS_A_LEASE }), { minLength: 40, maxLength: 120 });

test("[S3] where the next one's timer can't be relied on, renewals that are late by at most the slack in a lease cost one alarm in a lease, one row for five of them", () => {
  fc.assert(
    fc.property(lateness, (lateMs) => {
      const { group, alarm, a } = heldUp();
      const started = group.now;
      let rows = 0;
      for (const late of lateMs) {
        alarm.pass(group.now + E + late);
        rows += rowsOf(group, () => a.renewHeld()).length;
        alarm.move();
      }
      expect(group.holder()).toBe("a");
      expect(alarm.came).toBeLessThanOrEqual((group.now - started) / D);
      expect(alarm.set).toBe(alarm.came + 1);
      expect(rows).toBeLessThanOrEqual(Math.ceil(lateMs.length / 5));
    }),
    { numRuns: 30 },
  );
});

test("[S2] renewals later than the slack cost alarms, and nobody the lead", () => {
  const { group, alarm, a } = heldUp();
  const started = group.now;
  for (let renewals = 0; renewals < 40; renewals += 1) {
    alarm.pass(group.now + E + SLACK);
    a.renewHeld();
    alarm.move();
  }
  expect(group.holder()).toBe("a");
  expect(alarm.came).toBeGreaterThan((group.now - started) / D);
});

test.each([
  [2_000, 40],
  [5_000, 100],
  [D, SLACK],
  [60_000, 100],
  [86_400_000, 100],
])(
  "[S2] at D = %i ms a leader that falls silent on an open socket is followed after D, by %i ms later, whether the next one keeps time or not",
  (leaseMs, slackMs) => {
    expect(renewalSlackFor(leaseMs)).toBe(slackMs);
    for (const { group, a } of [contended(leaseMs), heldUp(leaseMs)]) {
      a.renewHeld();
      group.advance(leaseMs + slackMs - 1);
      expect(group.holder()).toBe("a");
      group.advance(1);
      expect(group.holder()).toBe("b");
    }
  },
);

test.each([
  ["a leader whose socket has closed", (_group: GroupWorld, a: PeerProcess) => a.drop(), D],
  [
    "a leader that an object which died has led",
    (group: GroupWorld, _a: PeerProcess) => group.crash(),
    2 * D + SLACK + 1_000,
  ],
])("[S2] nothing is waited for beyond the lease of %s", (_who, lose, afterMs) => {
  const { group, a, b } = contended();
  lose(group, a);
  if (!b.wire?.open) b.resume();
  group.advance(afterMs - 1);
  expect(group.holder()).toBe("a");
  group.advance(1);
  expect(group.holder()).toBe("b");
});

test("[S2] a lease that is over is over, looked at or not: any later event finds it ended, a renewal too", () => {
  const late = contended();
  late.group.advance(D);
  expect(late.group.holder()).toBe("a");
  const { leaderSessionId } = late.a.grant();
  expect(late.a.renew(leaderSessionId)).toEqual([]);
  expect(late.group.holder()).toBe("b");

  const looked = contended();
  looked.group.advance(D);
  looked.b.renew();
  expect(looked.group.holder()).toBe("b");
});

test.each([
  ["nobody asks meanwhile", 0, SLACK],
  ["its missed poll deadline is noticed on the way", 8_000, 0],
])(
  "[S2] [S12] a leader that polls and stops calling is followed after D: where %s",
  (_what, noticedAfterMs, slackMs) => {
    const group = new GroupWorld();
    const p = group.poller("p");
    p.poll();
    const b = group.join("b", { contenders: ["x"] });
    group.advance(noticedAfterMs);
    if (noticedAfterMs > 0) b.renew();
    group.advance(D + slackMs - noticedAfterMs - 1);
    expect(group.holder()).toBe("p");
    group.advance(1);
    expect(group.holder()).toBe("b");
  },
);

test("[S2] a leader that comes back in time has the slack again, one that is replaced leaves none behind", () => {
  const { group, a, b } = contended();
  a.drop();
  expect(group.alarm()).toBe(group.now + D);
  a.resume();
  expect(group.alarm()).toBe(group.now + 2 * D + SLACK); // D + W: b speaks before
  group.advance(D / 2);
  a.resign();
  b.accept();
  b.drop();
  expect(group.alarm()).toBe(group.now + D);
});

test("[S2] an observer of everything makes the group look with the same slack, even where nobody waits", () => {
  const group = new GroupWorld();
  group.join("a", { contenders: ["x"] }).accept();
  group.join("observer", { observe: true });
  group.advance(D + SLACK - 1);
  expect(group.election()).toMatchObject({ type: "leading" });
  group.advance(1);
  expect(group.history()).toMatchObject([{ reason: "expired" }]);
});

test("[N7] a question has no slack: the end of its time-out is looked at when it comes", () => {
  const { group, a, b } = contended();
  b.silent = true;
  group.advance(E);
  a.resign();
  expect(group.alarm()).toBe(group.now + group.policy.askTimeoutMs);
  group.advance(group.policy.askTimeoutMs);
  expect(group.holder()).toBe("a");
  expect(b.questions()).toHaveLength(1);
});
