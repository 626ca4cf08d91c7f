/** G: grant and revoke. What only the wire can show (G9, G10) is shown by the tests of the cores. */
import { expect } from "vitest";
import type { Leadership } from "../../../shared/leadership/leadership.ts";
import type { Chapter } from "../behaviour.ts";
import type { Part } from "../play.ts";

export const grantAndRevoke: Chapter = (test) => {
  test("[G1] [C2] one acquisition shows one leader session id and one epoch to every component", {}, async (play) => {
    const member = play.member("one");
    const parts = ["x", "y", "z"].map((component) => play.contend(member, component));
    for (const part of parts) await play.leads(part);
    expect(new Set(parts.map(({ term }) => term.leaderSessionId)).size).toBe(1);
    expect(new Set(parts.map(({ term }) => term.epoch)).size).toBe(1);
    for (const { heard } of parts) expect(heard).toEqual(["grant"]);
  });

  test("[G2] [C1] [C8] grants and revokes alternate over many terms, ids never repeat, epochs grow", {}, async (play) => {
    const [first, second] = [play.join("first"), play.join("second")];
    for (let round = 0; round < 3; round++) {
      for (const [part, other] of [
        [first, second],
        [second, first],
      ] as const) {
        await play.until("a leader", () => first.leads || second.leads);
        if (!part.leads) continue;
        await play.waits(other.member);
        const { epoch } = part.term;
        await play.settled(part.member.resign());
        await play.leads(other, epoch);
      }
    }
    for (const { told, grants } of [first, second]) {
      expect(told.length).toBeGreaterThan(2);
      for (const [index, { what }] of told.entries()) expect(what === "grant").toBe(index % 2 === 0);
      expect(new Set(grants.map(({ leaderSessionId }) => leaderSessionId)).size).toBe(grants.length);
      expect(grants.map(({ epoch }) => epoch)).toEqual(grants.map(({ epoch }) => epoch).sort((a, b) => a - b));
    }
  });

  test("[G3] [C5] a callback that hangs holds up neither renewals nor siblings", {
    waitsFor: "renewals",
  }, async (play) => {
    const member = play.member("one");
    const hung = play.contend(member, "x", { onGrant: () => new Promise(() => {}) });
    const sibling = play.contend(member, "y");
    await play.leads(sibling);
    await play.renewed(sibling.term);
    expect(hung.leads).toBe(true);
    expect(hung.heard).toEqual(["grant"]);
  });

  test("[G4] a contender that comes before the grant gets it once, one that has gone by then never", {
    waitsFor: "renewals",
  }, async (play) => {
    const member = play.member("one");
    const [stays, goes] = [play.contend(member, "x"), play.contend(member, "y")];
    await play.settled(goes.contender.close());
    await play.leads(stays);
    await play.renewed(stays.term, 1);
    expect(stays.heard).toEqual(["grant"]);
    expect(goes.heard).toEqual([]);
  });

  test("[G5] [C3] a contender that comes while its process leads is granted that leadership, and not at once", {}, async (play) => {
    const first = play.join("one");
    const { leaderSessionId, epoch } = await play.leads(first);
    const late = play.contend(first.member, "y");
    expect(late.heard).toEqual([]);
    expect(await play.leads(late)).toMatchObject({ leaderSessionId, epoch });
    expect(first.heard).toEqual(["grant"]);
  });

  test("[G6] a contender that comes while its process resigns is notified in order, without an error", {}, async (play) => {
    const first = play.join("one");
    const { epoch } = await play.leads(first);
    const resigned = first.member.resign();
    const late = play.contend(first.member, "y");
    await play.settled(resigned);
    await play.leads(first, epoch);
    await play.leads(late, epoch);
    expect(first.heard).toEqual(["grant", "resigned", "grant"]);
    expect(late.heard).toEqual(["grant"]);
    expect([...first.errors, ...late.errors]).toEqual([]);
  });

  test("[G7] [C5] callbacks that throw harm their own component only, and the next term works", {}, async (play) => {
    const member = play.member("one");
    const fail = (): never => {
      throw new Error("planted");
    };
    const bad = play.contend(member, "x", { onGrant: fail, onRevoke: async () => fail() });
    const good = play.contend(member, "y");
    const { epoch } = await play.leads(good);
    await play.settled(member.resign());
    await play.leads(good, epoch);
    await play.leads(bad, epoch);
    expect(bad.heard).toEqual(["grant", "resigned", "grant"]);
    expect(good.heard).toEqual(["grant", "resigned", "grant"]);
    expect(bad.errors.map(String)).toEqual(Array(3).fill("Error: planted"));
    expect(good.errors).toEqual([]);
  });

  test("[G8] [C11] contending, confirming, closing and resigning are safe inside a callback", {}, async (play) => {
    const member = play.member("one");
    const born: string[] = [];
    const parent = play.contend(member, "x", {
      onGrant: async (leadership, part) => {
        if (part.grants.length > 1) return;
        const onGrant = (_: Leadership, child: Part): void => {
          born.push("y");
          void child.contender.close();
        };
        play.contend(member, "y", { onGrant });
        await leadership.confirm("tcp://parent");
        void member.resign();
      },
    });
    await play.until("a second term", () => parent.grants.length === 2 && parent.leads);
    expect(parent.heard).toEqual(["grant", "resigned", "grant"]);
    expect(born).toEqual(["y"]);
    expect(parent.errors).toEqual([]);
  });

  test("[C6] [S10] a revoke from outside stops at once, and the next one begins after the drain", {}, async (play) => {
    let finish = (): void => {};
    const drained = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const [first, second] = await play.line(
      () => play.join("first", "x", { onRevoke: () => drained }),
      () => play.join("second"),
    );
    const { term } = first;
    play.stage.revoke();
    await play.until("the revoke", () => first.heard.length === 2);
    expect(first.heard).toEqual(["grant", "revoked"]);
    expect([first.leads, term.isLeader(), term.signal.aborted]).toEqual([false, false, true]);
    expect((await play.election())?.state).toBe("revoking");
    expect(second.heard).toEqual([]);
    finish();
    expect((await play.leads(second)).epoch).toBeGreaterThan(term.epoch);
  });
};
