/** `leadership.check()`: the answer of the group first, then that of a clock which has moved by it. */
import { describe, expect, test } from "vitest";
import type { Leadership } from "../../../client/index.ts";
import { clocksStandStill } from "../../support/seeded.ts";
import { FakeGroup, leadershipOf, settle } from "./fake-group.ts";

const R = 8_000;
const E = 2_500;

/** Its answers wait until the test lets them arrive. */
class SlowGroup extends FakeGroup {
  isSlow = false;
  readonly #waiting: string[] = [];

  protected override deliver(frame: string): void {
    if (this.isSlow) this.#waiting.push(frame);
    else super.deliver(frame);
  }

  /** The oldest answer arrives. */
  arrive(): void {
    const frame = this.#waiting.shift();
    if (frame === undefined) throw new Error("no answer waits");
    super.deliver(frame);
  }

  get renewals(): number {
    return this.types().filter((type) => type === "renew").length;
  }
}

async function leading(group: FakeGroup): Promise<Leadership> {
  const contender = group.client().contend("x");
  await settle();
  return leadershipOf(contender);
}

/** What it has resolved with, as soon as it has. */
function watch(check: Promise<boolean>): { readonly answers: boolean[] } {
  const answers: boolean[] = [];
  void check.then((answer) => answers.push(answer));
  return { answers };
}

describe("check", () => {
  test("[K7] [S6] after 12 s of computing isLeader is as old as the clock, and check tells the truth", async () => {
    const group = new SlowGroup();
    const leadership = await leading(group);
    group.clock.block(12_000);
    expect(leadership.isLeader()).toBe(clocksStandStill);
    expect(await leadership.check()).toBe(false);
    expect(leadership.isLeader()).toBe(false);
  });

  test("[K7] it asks the group after the call, and is true when the answer is here", async () => {
    const group = new SlowGroup();
    const leadership = await leading(group);
    const before = group.renewals;
    group.isSlow = true;
    const { answers } = watch(leadership.check());
    await settle();
    expect([group.renewals, answers]).toEqual([before + 1, []]);
    group.arrive();
    await settle();
    expect(answers).toEqual([true]);
  });

  test("[K7] an answer that comes after the end of the lease is none", async () => {
    const group = new SlowGroup();
    const leadership = await leading(group);
    group.isSlow = true;
    const { answers } = watch(leadership.check());
    await settle();
    group.clock.block(R);
    group.arrive();
    await settle();
    expect(answers).toEqual([false]);
  });

  test("[K7] the answer to what was asked before the call does not count", async () => {
    const group = new SlowGroup();
    const leadership = await leading(group);
    group.isSlow = true;
    await group.clock.advance(E);
    const asked = group.renewals;
    const { answers } = watch(leadership.check());
    await settle();
    expect(group.renewals).toBe(asked);
    group.arrive();
    await settle();
    expect([group.renewals, answers]).toEqual([asked + 1, []]);
    group.arrive();
    await settle();
    expect(answers).toEqual([true]);
  });

  test("[K7] the group no longer counts the term: false", async () => {
    const group = new SlowGroup();
    const leadership = await leading(group);
    group.say = () => {};
    const { answers } = watch(leadership.check());
    await settle();
    const { sentAt } = group.heard.findLast((message) => message.type === "renew") ?? {};
    FakeGroup.prototype.say.call(group, { type: "renewed", sentAt: sentAt ?? 0, held: [] });
    await settle();
    expect(answers).toEqual([false]);
  });

  test("[K7] calls that wait share the next renewal", async () => {
    const group = new SlowGroup();
    const leadership = await leading(group);
    const before = group.renewals;
    group.isSlow = true;
    const first = Array.from({ length: 100 }, () => watch(leadership.check()));
    await settle();
    const second = Array.from({ length: 100 }, () => watch(leadership.check()));
    await settle();
    group.arrive();
    await settle();
    expect(first.every(({ answers }) => answers[0] === true)).toBe(true);
    expect(second.some(({ answers }) => answers.length > 0)).toBe(false);
    group.arrive();
    await settle();
    expect(second.every(({ answers }) => answers[0] === true)).toBe(true);
    expect(group.renewals).toBe(before + 2);
  });

  test("[K7] [N9] a lost connection is not the end: the answer to the next hello will do", async () => {
    const group = new SlowGroup();
    const leadership = await leading(group);
    group.reachable = false;
    const { answers } = watch(leadership.check());
    group.cut();
    await settle();
    expect(answers).toEqual([]);
    group.reachable = true;
    await group.clock.advance(R / 8 + 1);
    expect(answers).toEqual([true]);
  });

  test("[K7] without any answer it is false when the lease is over, and no later", async () => {
    const group = new SlowGroup();
    const leadership = await leading(group);
    group.reachable = false;
    const { answers } = watch(leadership.check());
    await group.clock.advance(R - 1);
    expect(answers).toEqual([]);
    await group.clock.advance(1);
    expect(answers).toEqual([false]);
  });

  test.each<[string, (group: SlowGroup, leadership: Leadership) => unknown]>([
    ["a revoke", (group) => group.revoke()],
    ["a resign", (_, leadership) => leadership.resign()],
  ])("[K7] [C6] %s makes it false at once, and from then on without a question", async (_, end) => {
    const group = new SlowGroup();
    const leadership = await leading(group);
    group.electing = false;
    group.reachable = false;
    const { answers } = watch(leadership.check());
    void end(group, leadership);
    await settle();
    expect(answers).toEqual([false]);
    const frames = group.heard.length;
    expect(await leadership.check()).toBe(false);
    expect(group.heard.length).toBe(frames);
  });

  test("[K7] [C11] it is false inside onRevoke, and a closed client leaves no check behind", async () => {
    const group = new SlowGroup();
    const seen: unknown[] = [];
    const client = group.client();
    const contender = client.contend("x", { onRevoke: async (leadership) => seen.push(await leadership.check()) });
    await settle();
    group.isSlow = true;
    const { answers } = watch(leadershipOf(contender).check());
    await client.close();
    expect([seen, answers]).toEqual([[false], [false]]);
  });

  test("[K7] [N8] checked without a pause, the frames of others leave all the same, and the server's rate is kept", async () => {
    const group = new SlowGroup();
    const leadership = await leading(group);
    let isOver = false;
    let checks = 0;
    const checking = (async () => {
      while (!isOver && (await leadership.check())) checks += 1;
    })();
    for (let steps = 0; steps < 500; steps++) await group.clock.advance(10);
    const frames = group.heard.length;
    const { answers } = watch(leadership.confirm("tcp://x").then(() => true));
    await settle();
    expect(answers).toEqual([true]);
    // A burst, and then no more than the server takes: 100 a second.
    expect(checks).toBeGreaterThan(200);
    expect(frames).toBeLessThan(80 + 5 * 100);
    expect(leadership.isLeader()).toBe(true);
    isOver = true;
    await group.clock.advance(1_000);
    await checking;
  });
});
