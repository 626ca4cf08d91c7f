/** Q: who is asked next. */
import { expect } from "vitest";
import type { Chapter } from "../behaviour.ts";

export const queue: Chapter = (test) => {
  test("[Q1] first come, first served; who has resigned goes to the back", {}, async (play) => {
    const [first, second, third] = await play.line(
      () => play.join("first"),
      () => play.join("second"),
      () => play.join("third"),
    );
    await play.settled(first.member.resign());
    await play.leads(second);
    await play.waits(first.member);
    await play.settled(second.member.close());
    await play.leads(third);
    await play.settled(third.member.close());
    await play.leads(first, third.term.epoch);
  });

  test("[Q1] a place in the queue survives a lost connection", { needs: ["connection"] }, async (play) => {
    const [first, second, third] = await play.line(
      () => play.join("first"),
      () => play.join("second"),
      () => play.join("third"),
    );
    second.member.cut();
    await play.until("the loss", () => second.errors.length > 0);
    await play.waits(second.member);
    await play.settled(first.member.close());
    await play.leads(second);
    expect(third.heard).toEqual([]);
  });

  test("[Q2] the higher priority is asked first, and a change counts at the next hand-over", {}, async (play) => {
    const [first, low, high] = await play.line(
      () => play.join("first"),
      () => play.join("low"),
      () => play.join("high", "x", {}, { priority: 5 }),
    );
    low.member.setPriority(1);
    await play.settled(first.member.close());
    await play.leads(high);
    const last = play.join("last");
    await play.waits(last.member);
    last.member.setPriority(3);
    await play.until("the new priority", async () =>
      (await play.election())?.candidates.some(({ process, priority }) => process === "last" && priority === 3),
    );
    await play.settled(high.member.close());
    await play.leads(last);
    expect(low.heard).toEqual([]);
  });

  test("[Q3] a named successor is asked first, by who resigns and by the operator", {
    needs: ["successor"],
  }, async (play) => {
    const [first, second, third] = await play.line(
      () => play.join("first"),
      () => play.join("second"),
      () => play.join("third"),
    );
    await play.settled(first.member.resign("process", third.member));
    const { epoch } = await play.leads(third);
    await play.waits(first.member);
    play.stage.revoke(first.member);
    await play.leads(first, epoch);
    expect(third.heard).toEqual(["grant", "transferred"]);
    expect(second.heard).toEqual([]);
  });

  test("[Q4] a process that has resigned is asked after all others, however high its priority", {}, async (play) => {
    const [first, second] = await play.line(
      () => play.join("first", "x", {}, { priority: 9 }),
      () => play.join("second"),
    );
    await play.settled(first.member.resign());
    await play.leads(second);
    expect(first.heard).toEqual(["grant", "resigned"]);
  });

  test("[Q7] [S11] who is not ready is passed over and keeps its place; a leader that becomes unready hands over", {}, async (play) => {
    const first = play.join("first");
    await play.leads(first);
    const second = play.join("second", "x", { ready: false });
    await play.until("its place", async () => ((await play.election())?.waiting ?? 0) > 0);
    const third = play.join("third");
    await play.waits(third.member);
    await play.settled(first.member.close());
    await play.leads(third);
    second.member.setReady(true);
    await play.waits(second.member);
    third.member.setReady(false);
    await play.leads(second);
    expect([second.heard, third.heard]).toEqual([["grant"], ["grant", "resigned"]]);
    third.member.setReady(true, "x");
    await play.settled(second.member.close());
    await play.leads(third, second.term.epoch);
  });

  test("[Q7] the process election is led only while each of its components is ready", {}, async (play) => {
    const member = play.member("one");
    const first = play.contend(member, "x");
    const other = play.contend(member, "y", { ready: false });
    const next = play.join("next");
    await play.leads(next);
    expect([first.heard, other.heard]).toEqual([[], []]);
    member.setReady(true, "y");
    await play.waits(member);
    await play.settled(next.member.close());
    await play.leads(first);
    await play.leads(other);
  });

  test("[Q7] who stays out for a while comes back by itself", {}, async (play) => {
    const [first, second] = await play.line(
      () => play.join("first"),
      () => play.join("second"),
    );
    const { epoch } = first.term;
    await play.settled(first.member.resign("process", undefined, 300));
    await play.leads(second);
    await play.settled(second.member.close());
    await play.leads(first, epoch);
    expect(first.heard).toEqual(["grant", "resigned", "grant"]);
  });

  test("[Q8] of one priority the newest version is next, as the deployment prefers", {
    choice: { prefer: { metadata: "version", order: "newest" } },
  }, async (play) => {
    const joining =
      (name: string, version: string, priority = 0) =>
      () =>
        play.join(name, "x", {}, { priority, metadata: { version } });
    const [first, old, young] = await play.line(
      joining("first", "3.0.0"),
      joining("old", "1.9.0"),
      joining("young", "1.10.0"),
    );
    await play.settled(first.member.close());
    await play.leads(young);
    const high = joining("high", "1.0.0", 1)();
    await play.waits(high.member);
    await play.settled(young.member.close());
    await play.leads(high);
    expect(old.heard).toEqual([]);
  });
};
