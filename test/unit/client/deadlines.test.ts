/** What a leadership tells of its deadlines: when its lease goes on, and how long its work may take to stop (C13). */
import { describe, expect, test } from "vitest";
import type { ElectionClient, Leadership } from "../../../client/index.ts";
import { FakeGroup, settle } from "./fake-group.ts";

const R = 8_000;
const E = 2_500;
const DRAIN = 10_000;

/** A contender that stops when the test says so. */
async function leading(group: FakeGroup, client: ElectionClient = group.client()) {
  const extended: number[] = [];
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  const { promise: granted, resolve: grant } = Promise.withResolvers<Leadership>();
  const contender = client.contend("x", {
    onGrant: grant,
    onExtend: (leadership) => extended.push(leadership.remainingMs()),
    onRevoke: () => stopped,
  });
  return { client, contender, leadership: await granted, extended, stop };
}

describe("onExtend", () => {
  test("[C13] is called with every answered renewal, when the deadline has moved, and not for the grant", async () => {
    const group = new FakeGroup();
    const { extended } = await leading(group);
    expect(extended).toEqual([]);
    for (let renewals = 0; renewals < 3; renewals++) await group.clock.advance(E);
    expect(extended).toEqual([R, R, R]);
  });

  test("[C13] is not called while no renewal is answered, nor for a term that has ended", async () => {
    const group = new FakeGroup();
    const { extended, leadership } = await leading(group);
    group.revoke();
    await group.clock.advance(2 * E);
    expect(leadership.isLeader()).toBe(false);
    expect(extended).toEqual([]);
  });

  test("[C13] [C5] what it throws reaches its own contender, which goes on leading", async () => {
    const group = new FakeGroup();
    const bang = new Error("bang");
    const errors: unknown[] = [];
    const contender = group.client().contend("x", {
      onExtend: () => {
        throw bang;
      },
      onError: (error) => errors.push(error),
    });
    await group.clock.advance(E);
    expect(errors).toEqual([bang]);
    expect(contender.hasLeadership()).toBe(true);
  });

  test("[E2] anything but a function is refused at once", () => {
    const client = new FakeGroup().client();
    const callbacks = JSON.parse('{"onExtend": 1}');
    expect(() => client.contend("x", callbacks)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });
});

describe("drainMs", () => {
  test("[C13] after a revoke it is what is left of the drain time, inside the lease, which is renewed meanwhile", async () => {
    const group = new FakeGroup();
    const { leadership, stop } = await leading(group);
    expect(leadership.drainMs()).toBe(R);
    group.revoke();
    await settle();
    expect(leadership.remainingMs()).toBe(0);
    expect(leadership.drainMs()).toBe(R);
    await group.clock.advance(E);
    expect(leadership.drainMs()).toBe(DRAIN - E);
    await group.clock.advance(DRAIN - E - 1);
    expect(leadership.drainMs()).toBe(1);
    await group.clock.advance(1);
    expect(leadership.drainMs()).toBe(0);
    stop();
  });

  test("[C13] a client's own drain time counts where it is the smaller one", async () => {
    const group = new FakeGroup();
    const { leadership } = await leading(group, group.client({ drainMs: 1_000 }));
    expect(leadership.drainMs()).toBe(1_000);
  });

  test("[C13] when the lease has run out there is no time left, and none when the work has stopped", async () => {
    const group = new FakeGroup();
    const { leadership } = await leading(group);
    group.reachable = false;
    await group.clock.advance(R);
    expect(leadership.drainMs()).toBe(0);

    const other = new FakeGroup();
    const closed = await leading(other);
    const left = closed.contender.close();
    expect(closed.leadership.drainMs()).toBe(R);
    closed.stop();
    await left;
    expect(closed.leadership.drainMs()).toBe(0);
  });
});
