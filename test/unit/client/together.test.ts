/** What begins or ends together is one step, however many components it is: counted in effects, frames and timers. */
import { describe, expect, test } from "vitest";
import { LeadershipLostError } from "../../../client/index.ts";
import { FakeGroup, leadershipOf, settle } from "./fake-group.ts";
import { Play, renew, resign } from "./play.ts";

const first = { election: "process", leaderSessionId: "L1", epoch: 1 };
const named = (count: number): string[] => Array.from({ length: count }, (_, index) => `c${index}`);

/** A client that leads with so many components. `timers` counts steps: after each of them the timer is set anew. */
async function leading(count: number, onRevoke: (component: string) => unknown = () => {}) {
  const group = new FakeGroup();
  const client = group.client();
  const granted: string[] = [];
  const revoked: string[] = [];
  const contenders = named(count).map((component) =>
    client.contend(component, {
      onGrant: () => void granted.push(component),
      onRevoke(leadership) {
        revoked.push(leadership.component);
        return onRevoke(component);
      },
    }),
  );
  await settle();
  const seen = { frames: group.heard.length, timers: group.clock.timersSet };
  return {
    group,
    client,
    granted,
    revoked,
    leaderships: contenders.map(leadershipOf),
    /** Since the last look. */
    counted() {
      const now = { frames: group.types().slice(seen.frames), steps: group.clock.timersSet - seen.timers };
      Object.assign(seen, { frames: group.heard.length, timers: group.clock.timersSet });
      return now;
    },
  };
}

describe.each([1, 8, 40])("%i components of one election", (count) => {
  test("[C2] [N3] end by one step and one frame, and begin by two steps and one frame", async () => {
    const { group, client, granted, revoked, counted } = await leading(count);
    expect(granted).toEqual(named(count));
    group.electing = false;
    await client.resign();
    await settle();
    expect(revoked).toEqual(named(count));
    expect(counted()).toEqual({ frames: ["resign"], steps: 1 });

    group.electing = true;
    group.elect();
    await settle();
    expect(granted).toEqual([...named(count), ...named(count)]);
    expect(counted()).toEqual({ frames: ["renew"], steps: 2 });
  });

  test("[C6] a revoke ends them by as many, as long as their callbacks wait for the same", async () => {
    const stopped = Promise.withResolvers<void>();
    const { group, revoked, counted } = await leading(count, () => stopped.promise);
    group.electing = false;
    group.revoke();
    await settle();
    expect([revoked, counted()]).toEqual([named(count), { frames: [], steps: 1 }]);
    stopped.resolve();
    await settle();
    expect(counted()).toEqual({ frames: ["release"], steps: 1 });
  });

  test("[C10] close ends them by one effect, and bye is all that is sent", () => {
    const [play, ...contenders] = Play.leading(named(count));
    const effects = play.happens({ type: "bye" });
    expect(effects).toEqual([{ type: "revoke", contenders, reason: "closed", ...first }]);
    play.settles(...contenders);
    expect(play.says()).toEqual([{ type: "bye" }]);
  });
});

describe("components that stop one after the other", () => {
  test("[S2] [S10] the end is reported to the group when the last of them has stopped", () => {
    const [play, ...contenders] = Play.leading(named(8));
    const last = contenders.slice(3, 4);
    expect(play.happens({ type: "resign", leaderSessionId: "L1" })).toEqual([
      { type: "revoke", contenders, reason: "resigned", ...first },
    ]);
    play.settles(...contenders.slice(0, 3));
    play.settles(...contenders.slice(4));
    expect(play.says()).toEqual([]);
    play.settles(...last);
    expect(play.says()).toEqual([resign("L1")]);
  });

  test("[C1] [S11] those that have stopped are granted the next term, and the others follow it when they have", () => {
    const [play, ...contenders] = Play.leading(named(4));
    play.hears({ type: "revoke", leaderSessionId: "L1", reason: "revoked", drainMs: 1_000 });
    play.settles(...contenders.slice(0, 2));
    play.wait(1_000);
    play.says();
    play.called();
    play.grants("L2", 2, ...named(4));
    expect(play.says()).toEqual([renew(play.last("renew").sentAt, "L2")]);
    play.renewed();
    expect(play.called()).toEqual(["+c0 L2", "+c1 L2"]);
    play.settles(...contenders.slice(2));
    expect(play.called()).toEqual(["+c2 L2", "+c3 L2"]);
  });

  test("[C5] one that hangs keeps no other from being reported", async () => {
    const { group, client, counted } = await leading(8, (component) =>
      component === "c3" ? new Promise(() => {}) : undefined,
    );
    group.electing = false;
    void client.resign();
    await settle();
    expect(counted()).toEqual({ frames: [], steps: 1 });
    await group.clock.advance(10_000);
    expect(counted().frames.at(-1)).toBe("resign");
  });
});

describe("the signals of components that end together", () => {
  const hasEnded = async () => {
    const { group, client, leaderships } = await leading(3);
    const [first, second] = leaderships.map(({ signal }) => signal);
    const heard: unknown[] = [];
    first?.addEventListener("abort", () => heard.push(first.reason));
    group.electing = false;
    await client.resign();
    return { first, second, heard, leaderships };
  };

  test("[C6] have each its own signal, and one reason", async () => {
    const { first, second, heard, leaderships } = await hasEnded();
    expect(first).not.toBe(second);
    expect(heard).toEqual([expect.any(LeadershipLostError)]);
    for (const { signal } of leaderships) {
      expect(signal.aborted).toBe(true);
      expect(signal.reason).toBe(heard[0]);
    }
  });

  test("[K4] one that nobody has looked at before is aborted by then, and stays the same", async () => {
    const { leaderships } = await hasEnded();
    const last = leaderships[2];
    expect(() => last?.assertLeader()).toThrow(LeadershipLostError);
    expect(last?.signal).toBe(last?.signal);
    expect(last?.signal.reason).toMatchObject({ code: "leadership_lost", reason: "resigned" });
    expect(() => last?.signal.throwIfAborted()).toThrow(last?.signal.reason);
  });
});
