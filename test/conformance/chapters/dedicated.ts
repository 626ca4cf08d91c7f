/** D: dedicated elections. */
import { expect } from "vitest";
import type { Chapter } from "../behaviour.ts";

const dedicated = { election: "dedicated" } as const;

export const dedicatedElections: Chapter = (test) => {
  test("[D1] dedicated elections of one process can be led elsewhere; those in the process election move together", {}, async (play) => {
    const [one, two] = [play.member("one"), play.member("two")];
    const own = play.contend(two, "own", dedicated);
    await play.leads(own);
    const mine = ["x", "y"].map((component) => play.contend(one, component));
    const rival = play.contend(one, "own", dedicated);
    for (const part of mine) await play.leads(part);
    await play.waits(one, "component:own");
    const theirs = ["x", "y"].map((component) => play.contend(two, component));
    await play.waits(two);
    expect([own.leads, rival.leads]).toEqual([true, false]);
    await play.settled(one.resign());
    for (const part of theirs) await play.leads(part);
    expect(new Set(theirs.map(({ term }) => term.leaderSessionId)).size).toBe(1);
    expect(own.heard).toEqual(["grant"]);
  });

  test("[D2] the other kind of election for a component is refused, and the first kind stands", {}, async (play) => {
    const first = play.join("first");
    await play.leads(first);
    const other = play.join("other", "x", dedicated);
    await play.until("the refusal", () => other.errors.length > 0);
    expect(other.errors[0]).toMatchObject({ code: "election_mismatch" });
    expect(other.heard).toEqual([]);
    expect(first.leads).toBe(true);
  });

  test("[D3] one process holds several elections, and losing one touches no other", {}, async (play) => {
    const member = play.member("one");
    const [shared, own] = [play.contend(member, "x"), play.contend(member, "own", dedicated)];
    await play.leads(shared);
    await play.leads(own);
    expect(own.term.leaderSessionId).not.toBe(shared.term.leaderSessionId);
    const { epoch } = own.term;
    await play.settled(member.resign("component:own"));
    await play.leads(own, epoch);
    expect(own.heard).toEqual(["grant", "resigned", "grant"]);
    expect(shared.heard).toEqual(["grant"]);
    expect((await play.stage.status()).sessions).toBe(1);
  });

  test("[D4] where elections are spread, whoever comes is given its share, one by one, and whoever goes leaves it to the others", {
    waitsFor: "its end",
    choice: { spread: true },
  }, async (play) => {
    const components = ["a", "b", "c", "d"];
    const [one, two] = [play.member("one"), play.member("two")];
    const first = components.map((component) => play.contend(one, component, dedicated));
    for (const part of first) await play.leads(part);
    const second = components.map((component) => play.contend(two, component, dedicated));
    const loads = (): number[] => [first, second].map((parts) => parts.filter(({ leads }) => leads).length);
    await play.until("both to lead two", () => loads().every((load) => load === 2));
    await play.settled(two.close());
    await play.until("the first to lead all of them", () => loads()[0] === 4);
  });
};
