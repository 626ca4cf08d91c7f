/** K: confirm and isLeader. */
import { expect } from "vitest";
import type { Chapter } from "../behaviour.ts";

export const confirmAndIsLeader: Chapter = (test) => {
  test("[K1] [C7] an address is visible after its confirm, and not before", { waitsFor: "renewals" }, async (play) => {
    const watch = play.watch(play.member("watcher"));
    await play.until("the first state", () => watch.seen.length === 1);
    const part = play.join("one", "x", {}, { address: "tcp://one" });
    const term = await play.leads(part);
    await play.renewed(term, 1);
    expect(watch.seen).toEqual([null]);
    await play.settled(term.confirm());
    await play.until("the leader", () => watch.seen.length === 2);
    expect(watch.seen[1]).toMatchObject({ address: "tcp://one", process: "one", epoch: term.epoch });
  });

  test("[K2] [K5] a confirm of a term that is over is refused, and changes nothing", {}, async (play) => {
    const [first, second] = await play.line(
      () => play.join("first"),
      () => play.join("second"),
    );
    const old = first.term;
    await play.settled(first.member.resign());
    const term = await play.leads(second);
    await play.settled(term.confirm("tcp://second"));
    await expect(play.settled(old.confirm("tcp://first"))).rejects.toMatchObject({ code: "leadership_lost" });
    expect(await play.lookUp(second.member)).toMatchObject({ address: "tcp://second", epoch: term.epoch });
  });

  test("[K3] the same confirm again is no news, another address replaces the first", {}, async (play) => {
    const watch = play.watch(play.member("watcher"));
    const part = play.join("one");
    const term = await play.leads(part);
    await play.until("the first state", () => watch.seen.length === 1);
    // An observer may skip a record that is replaced before it looks, so each one is waited for.
    for (const address of ["tcp://a", "tcp://a", "tcp://b"]) {
      await play.settled(term.confirm(address));
      await play.until(address, () => watch.seen.at(-1)?.address === address);
    }
    expect(watch.seen.map((leader) => leader?.address)).toEqual([undefined, "tcp://a", "tcp://b"]);
  });

  test("[K4] nobody leads before the grant, by another id, after a close, or once a revoke has come", {}, async (play) => {
    const seen: boolean[] = [];
    const [first] = await play.line(
      () =>
        play.join("first", "x", {
          onRevoke: (leadership, { contender }) => void seen.push(contender.hasLeadership(), leadership.isLeader()),
        }),
      () => play.join("second"),
    );
    const { contender, term } = first;
    expect([contender.hasLeadership(), contender.hasLeadership(term.leaderSessionId)]).toEqual([true, true]);
    expect(contender.hasLeadership("another")).toBe(false);
    play.stage.revoke();
    await play.until("the revoke", () => seen.length > 0);
    expect(seen).toEqual([false, false]);
    const third = play.join("third", "alone", { election: "dedicated" });
    expect(third.leads).toBe(false);
    await play.leads(third);
    const closed = third.contender.close();
    expect(third.leads).toBe(false);
    await play.settled(closed);
  });

  test("[K4] [S6] a leader that is cut off stops by its own clock", {
    needs: ["partition"],
    waitsFor: "its end",
  }, async (play) => {
    const part = play.join("one");
    const term = await play.leads(part);
    part.member.partition();
    await play.until("the end of the lease", () => !part.leads);
    expect([term.isLeader(), term.remainingMs()]).toEqual([false, 0]);
    expect(() => term.assertLeader()).toThrow();
    await play.until("the revoke", () => part.heard.length === 2);
    expect(part.heard).toEqual(["grant", "expired"]);
  });

  test("[K7] check is true while the group counts the term, and false from a revoke or a close on", {}, async (play) => {
    const seen: Promise<boolean>[] = [];
    const [first] = await play.line(
      () => play.join("first", "x", { onRevoke: (leadership) => void seen.push(leadership.check()) }),
      () => play.join("second"),
    );
    const { term } = first;
    expect(await play.settled(Promise.all([term.check(), term.check()]))).toEqual([true, true]);
    play.stage.revoke();
    await play.until("the revoke", () => seen.length > 0);
    expect(await play.settled(Promise.all([...seen, term.check()]))).toEqual([false, false]);
  });

  test("[K7] [S6] check of a leader that is cut off waits for an answer, and is false when its lease is over", {
    needs: ["partition"],
    waitsFor: "its end",
  }, async (play) => {
    const part = play.join("one");
    const term = await play.leads(part);
    part.member.partition();
    expect(await play.settled(term.check())).toBe(false);
    expect(part.leads).toBe(false);
  });

  test("[K6] one component's confirm leaves its siblings' records alone", {}, async (play) => {
    const member = play.member("one");
    const [x, y, silent] = ["x", "y", "silent"].map((component) => play.contend(member, component));
    for (const part of [x, y, silent]) if (part !== undefined) await play.leads(part);
    await play.settled(Promise.all([x?.term.confirm("tcp://x"), y?.term.confirm("tcp://y")]));
    await play.settled(Promise.all([x?.term.confirm("tcp://x2")]));
    expect(await play.lookUp(member, "x")).toMatchObject({ address: "tcp://x2" });
    expect(await play.lookUp(member, "y")).toMatchObject({ address: "tcp://y" });
    expect(await play.lookUp(member, "silent")).toBe(null);
    expect(silent?.leads).toBe(true);
  });
};
