/** N: connection. Resume secrets (N6) can't be seen from outside: the tests of the cores and of the wire show them. */
import { expect } from "vitest";
import type { Chapter } from "../behaviour.ts";
import type { Part } from "../play.ts";

export const connection: Chapter = (test) => {
  test("[N1] [S9] a short loss keeps the term without a callback", {
    needs: ["connection"],
    waitsFor: "renewals",
  }, async (play) => {
    const part = play.join("one");
    const term = await play.leads(part);
    part.member.cut();
    await play.until("the loss", () => part.errors.length > 0);
    await play.renewed(term, 2);
    expect(part.heard).toEqual(["grant"]);
    expect(part.leads).toBe(true);
  });

  test("[N1] where the policy is to revoke, a lost connection revokes at once", {
    needs: ["onDisconnect"],
  }, async (play) => {
    const part = play.join("one", "x", {}, { onDisconnect: "revoke" });
    const { epoch } = await play.leads(part);
    part.member.cut();
    await play.until("the revoke", () => part.heard.length > 1);
    expect((await play.leads(part, epoch)).epoch).toBeGreaterThan(epoch);
    expect(part.heard).toEqual(["grant", "disconnected", "grant"]);
  });

  test("[N2] [C8] after an expired lease the process contends again and wins again, twice in a row", {
    needs: ["partition"],
    waitsFor: "its end",
  }, async (play) => {
    const part = play.join("one");
    for (let round = 0; round < 2; round++) {
      const { epoch } = await play.leads(part);
      part.member.partition();
      await play.until("the end of the lease", () => part.heard.at(-1) === "expired");
      part.member.heal();
      await play.leads(part, epoch);
    }
    expect(part.heard).toEqual(["grant", "expired", "grant", "expired", "grant"]);
  });

  test("[N3] [S8] a clean stop hands over and delivers the last revoke", {}, async (play) => {
    const [first, second] = await play.line(
      () => play.join("first"),
      () => play.join("second"),
    );
    const closed = first.member.close();
    await play.leads(second);
    await play.settled(closed);
    expect(first.heard).toEqual(["grant", "closed"]);
  });

  test("[N4] [S2] leaders that leave one after the other: each takes over in turn, and one leads at any time", {}, async (play) => {
    const names = ["a", "b", "c"];
    let leading = 0;
    const peaks: number[] = [];
    const script = {
      onGrant: () => void peaks.push(++leading),
      onRevoke: () => void leading--,
    };
    const parts = await play.line(...names.map((name) => () => play.join(name, "x", script)));
    for (const name of ["d", "e"]) {
      const late = play.join(name, "x", script);
      await play.waits(late.member);
      parts.push(late);
    }
    for (const part of parts) {
      await play.leads(part);
      await play.settled(part.member.close());
    }
    expect(peaks).toEqual([1, 1, 1, 1, 1]);
    for (const { heard } of parts) expect(heard).toEqual(["grant", "closed"]);
  });

  test("[N5] the group's object is gone and back within the lease: the same term, no callback", {
    needs: ["restart"],
  }, async (play) => {
    const [leader, waiting] = await play.line(
      () => play.join("leader"),
      () => play.join("waiting"),
    );
    const { term } = leader;
    const renewed = play.renewed(term, 1);
    await play.stage.restart();
    await renewed;
    await play.waits(waiting.member);
    expect(leader.heard).toEqual(["grant"]);
    expect(waiting.heard).toEqual([]);
    await play.settled(leader.member.close());
    expect((await play.leads(waiting)).epoch).toBeGreaterThan(term.epoch);
  });

  test("[N10] a process that stops while its connection is lost reports it when it is back: nobody waits for the lease", {
    needs: ["client", "connection"],
  }, async (play) => {
    const [one, two, three] = await play.line(
      () => play.join("one"),
      () => play.join("two"),
      () => play.join("three"),
    );
    // Once the loss is reported the connection is gone for sure.
    const away = (part: Part, stop: () => Promise<void>): Promise<void> =>
      new Promise((resolve, reject) => {
        part.member.client.onError(() => void stop().then(resolve, reject));
        part.member.cut();
      });
    await play.settled(away(one, () => one.contender.close()));
    await play.leads(two);
    await play.settled(away(two, () => two.member.client.close()));
    await play.leads(three);
    expect([one.heard, two.heard]).toEqual([
      ["grant", "closed"],
      ["grant", "closed"],
    ]);
  });

  test("[N7] [S11] a candidate whose path is dead is asked in vain, then the next one is", {
    needs: ["partition"],
    waitsFor: "its end",
  }, async (play) => {
    const [first, dead, third] = await play.line(
      () => play.join("first"),
      () => play.join("dead"),
      () => play.join("third"),
    );
    dead.member.partition();
    await play.settled(first.member.close());
    await play.leads(third);
    expect(dead.heard).toEqual([]);
  });
};
