/** X: close. */
import { expect } from "vitest";
import type { Chapter } from "../behaviour.ts";

export const close: Chapter = (test) => {
  test("[X1] [C4] closing one leading contender revokes it once and leaves its siblings alone", {
    waitsFor: "renewals",
  }, async (play) => {
    const member = play.member("one");
    const [x, y] = [play.contend(member, "x"), play.contend(member, "y")];
    await play.leads(x);
    const { leaderSessionId } = await play.leads(y);
    await play.settled(x.contender.close());
    await play.renewed(y.term, 1);
    expect(x.heard).toEqual(["grant", "closed"]);
    expect(y.heard).toEqual(["grant"]);
    expect((await play.election())?.leader?.leaderSessionId).toBe(leaderSessionId);
  });

  test("[X1] the record of a closed contender is gone, those of its siblings stay", {}, async (play) => {
    const member = play.member("one");
    const [x, y] = [play.contend(member, "x"), play.contend(member, "y")];
    for (const part of [x, y]) await play.settled((await play.leads(part)).confirm(`tcp://${part.component}`));
    await play.settled(x.contender.close());
    await play.until("the record to go", async () => (await play.lookUp(member, "x")) === null);
    expect(await play.lookUp(member, "y")).toMatchObject({ address: "tcp://y" });
  });

  test("[X2] a close while a revoke is pending, a second close, and one before anything happened: one revoke in total", {}, async (play) => {
    let finish = (): void => {};
    const part = play.join("one", "x", {
      onRevoke: () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    });
    await play.leads(part);
    play.stage.revoke();
    await play.until("the revoke", () => part.heard.length === 2);
    const closed = [part.contender.close(), part.contender.close()];
    finish();
    await play.settled(Promise.all(closed));
    expect(part.heard).toEqual(["grant", "revoked"]);
    const never = play.join("two", "y");
    await play.settled(never.contender.close());
    expect(never.heard).toEqual([]);
  });

  test("[X3] [C4] the last close of an election hands over, and a new contender makes a new acquisition", {}, async (play) => {
    const [first, second] = await play.line(
      () => play.join("first"),
      () => play.join("second"),
    );
    const { epoch } = first.term;
    await play.settled(first.contender.close());
    const next = await play.leads(second);
    expect(next.epoch).toBeGreaterThan(epoch);
    const again = play.contend(first.member);
    await play.waits(first.member);
    await play.settled(second.contender.close());
    expect((await play.leads(again)).epoch).toBeGreaterThan(next.epoch);
    expect(first.heard).toEqual(["grant", "closed"]);
  });

  test("[X4] [C8] a closed contender stays closed, and its component gets the running leadership anew", {}, async (play) => {
    const member = play.member("one");
    const [x, y] = [play.contend(member, "x"), play.contend(member, "y")];
    await play.leads(x);
    const { leaderSessionId } = await play.leads(y);
    const closed = x.contender.close();
    const again = play.contend(member, "x");
    await play.settled(closed);
    expect((await play.leads(again)).leaderSessionId).toBe(leaderSessionId);
    expect(x.heard).toEqual(["grant", "closed"]);
    expect(x.leads).toBe(false);
  });

  test("[X5] [C9] a second contender for a component is refused, and the first goes on", {
    waitsFor: "renewals",
  }, async (play) => {
    const part = play.join("one");
    expect(() => play.contend(part.member)).toThrow(expect.objectContaining({ code: "duplicate_component" }));
    await play.leads(part);
    expect(() => play.contend(part.member)).toThrow(expect.objectContaining({ code: "duplicate_component" }));
    await play.renewed(part.term, 1);
    expect(part.heard).toEqual(["grant"]);
  });

  test("[X6] [C10] closing a process revokes, drains and leaves", {}, async (play) => {
    let isDrained = false;
    const member = play.member("first");
    const parts = ["x", "y"].map((component) =>
      play.contend(member, component, {
        onRevoke: async () => {
          await play.stage.status();
          isDrained = true;
        },
      }),
    );
    for (const part of parts) await play.leads(part);
    const second = play.join("second");
    await play.waits(second.member);
    await play.settled(member.close());
    expect(isDrained).toBe(true);
    for (const { heard } of parts) expect(heard).toEqual(["grant", "closed"]);
    await play.leads(second);
  });

  test("[X6] [C10] later calls of a closed client are refused", { needs: ["client"] }, async (play) => {
    const { member } = play.join("first");
    await play.settled(member.close());
    const refused = expect.objectContaining({ code: "client_closed" });
    expect(() => play.contend(member, "z")).toThrow(refused);
    await expect(member.client.acquire("z")).rejects.toThrow(refused);
    expect(member.client.state).toBe("closed");
  });
};
