/** T: tries. */
import { expect } from "vitest";
import type { Chapter } from "../behaviour.ts";

const dedicated = { election: "dedicated" } as const;

export const tries: Chapter = (test) => {
  test("[T1] a try runs if its election is free, and another is told at once who leads", {}, async (play) => {
    const [first, second] = [play.member("first"), play.member("second")];
    let finish = (_: string): void => {};
    let isRunning = false;
    const running = first.tryElect(
      "x",
      (leadership) => {
        expect(leadership.isLeader()).toBe(true);
        isRunning = true;
        return new Promise<string>((resolve) => {
          finish = resolve;
        });
      },
      dedicated,
    );
    await play.until("the first to run", () => isRunning);
    const leader = (await play.election("component:x"))?.leader;
    const refused = await play.settled(second.tryElect("x", () => "never", dedicated));
    expect(refused).toEqual({ ran: false, leader });
    expect(leader).toMatchObject({ process: "first" });
    expect((await play.election("component:x"))?.waiting).toBe(0);
    finish("done");
    expect(await play.settled(running)).toEqual({ ran: true, value: "done" });
    expect(await play.settled(second.tryElect("x", () => "now", dedicated))).toEqual({ ran: true, value: "now" });
    await play.until("nothing to be left", async () => (await play.election("component:x")) === undefined);
  });

  test("[T2] a try leaves no place: whoever waits is not kept from leading, and it takes nobody's turn", {}, async (play) => {
    const first = play.join("first", "x", dedicated);
    await play.leads(first);
    const next = play.join("next", "x", dedicated);
    await play.waits(next.member, "component:x");
    const trying = play.member("trying");
    for (let count = 0; count < 3; count++)
      expect(await play.settled(trying.tryElect("x", () => "never", dedicated))).toMatchObject({
        ran: false,
        leader: { process: "first" },
      });
    expect((await play.election("component:x"))?.candidates.map(({ process }) => process)).toEqual(["next"]);
    await play.settled(first.contender.close());
    await play.leads(next);
    expect(await play.settled(trying.tryElect("x", () => "never", dedicated))).toMatchObject({
      ran: false,
      leader: { process: "next" },
    });
  });

  test("[T3] a try that fails rejects with the error, and the election is free again", {}, async (play) => {
    const [first, second] = [play.member("first"), play.member("second")];
    const failing = first.tryElect("x", () => Promise.reject(new Error("it broke")), dedicated);
    await expect(play.settled(failing)).rejects.toThrow("it broke");
    expect(await play.settled(second.tryElect("x", () => 1, dedicated))).toEqual({ ran: true, value: 1 });
  });

  test("[T1] a component that tries joins the term that its process leads", { needs: ["client"] }, async (play) => {
    const one = play.join("one");
    const { leaderSessionId } = await play.leads(one);
    const joined = await play.settled(one.member.tryElect("y", (leadership) => leadership.leaderSessionId));
    expect(joined).toEqual({ ran: true, value: leaderSessionId });
    const other = play.member("other");
    expect(await play.settled(other.tryElect("y", () => 1))).toMatchObject({ ran: false, leader: { process: "one" } });
  });
};
