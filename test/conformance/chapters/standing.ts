/** A process that stands by itself. */
import { expect } from "vitest";
import type { Chapter } from "../behaviour.ts";

export const standing: Chapter = (test) => {
  test("[C14] a process that stands by itself leads without a component, and those that come and go share its term", {}, async (play) => {
    const first = play.member("first");
    const own = first.stand();
    await play.until("the process to lead", () => own.hasLeadership());
    const second = play.join("second");
    await play.waits(second.member);
    const x = play.contend(first, "x");
    const term = await play.leads(x);
    expect(term.leaderSessionId).toBe(own.leadership?.leaderSessionId);
    await play.settled(x.contender.close());
    const again = play.contend(first, "x");
    expect((await play.leads(again)).leaderSessionId).toBe(term.leaderSessionId);
    await play.settled(again.contender.close());
    const y = play.contend(first, "y");
    expect((await play.leads(y)).leaderSessionId).toBe(term.leaderSessionId);
    expect(second.heard).toEqual([]);
    expect(x.heard).toEqual(["grant", "closed"]);
  });

  test("[C14] closing the process hands over, and a resign makes it wait for its next turn", {}, async (play) => {
    const first = play.member("first");
    const own = first.stand();
    await play.until("the process to lead", () => own.hasLeadership());
    const second = play.join("second");
    await play.waits(second.member);
    await play.settled(first.resign());
    const { epoch } = await play.leads(second);
    await play.waits(first);
    await play.settled(second.contender.close());
    await play.until("the process to lead again", () => (own.leadership?.epoch ?? 0) > epoch);
    const third = play.join("third");
    await play.waits(third.member);
    await play.settled(first.close());
    await play.leads(third);
  });

  test("[C14] standing twice is standing once, by a name that no component has", {
    needs: ["client"],
  }, async (play) => {
    const { client } = play.member("first");
    const own = client.stand();
    expect(client.stand()).toBe(own);
    expect(() => client.contend("process")).toThrow(expect.objectContaining({ code: "duplicate_component" }));
    await play.until("the process to lead", () => own.hasLeadership());
    await play.settled(own.close());
    const other = client.stand("host");
    expect(other.component).toBe("host");
    await play.until("the process to lead", () => other.hasLeadership());
    await play.settled(client.close());
    expect(() => client.stand()).toThrow(expect.objectContaining({ code: "client_closed" }));
  });

  test("[C15] closing with cleanup leaves, and deletes what is stored where nobody else is left", {
    needs: ["client"],
  }, async (play) => {
    const [first, second] = [play.member("first"), play.member("second")];
    const own = first.stand();
    await play.until("the process to lead", () => own.hasLeadership());
    const x = play.contend(second, "x");
    await play.waits(second);
    expect(await play.settled(first.client.close({ cleanup: true }))).toEqual({
      cleaned: false,
      message: expect.stringContaining("processes are connected"),
    });
    await play.settled((await play.leads(x)).confirm("tcp://second"));
    expect(await play.settled(second.client.close({ cleanup: true }))).toEqual({ cleaned: true });
    expect(await play.stage.status()).toMatchObject({ epoch: 0, revision: 0, sessions: 0 });
  });
};
