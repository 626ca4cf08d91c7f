/** E: errors and input. What is wrong on the wire (E2) is shown field by field in the worker tier; here, that it never leaves. */
import { expect } from "vitest";
import type { Chapter } from "../behaviour.ts";

export const errorsAndInput: Chapter = (test) => {
  test("[E1] nothing connects before the first contender, and a refused connection leaves the client usable", {
    needs: ["client", "partition"],
  }, async (play) => {
    const member = play.member("one");
    await play.stage.turn();
    expect(member.client.state).toBe("idle");
    expect((await play.stage.status()).sessions).toBe(0);
    member.partition();
    const part = play.contend(member);
    await play.until("a refusal", () => {
      member.cut();
      return part.errors.length > 0;
    });
    expect(part.errors[0]).toMatchObject({ retryable: true });
    member.heal();
    await play.leads(part);
    expect(part.heard).toEqual(["grant"]);
  });

  test("[E2] wrong input is refused before it leaves, and harms nothing", {
    needs: ["client"],
    waitsFor: "renewals",
  }, async (play) => {
    const part = play.join("one");
    const term = await play.leads(part);
    const { client } = part.member;
    const invalid = expect.objectContaining({ code: "invalid_argument" });
    expect(() => client.contend("no spaces")).toThrow(invalid);
    expect(() => client.contend("y", {}, { priority: 1 })).toThrow(invalid);
    expect(() => client.setPriority(Number.NaN)).toThrow(invalid);
    await expect(term.confirm("a".repeat(2_049))).rejects.toThrow(invalid);
    await expect(term.confirm("tcp://a", { text: "b".repeat(2_049) })).rejects.toThrow(invalid);
    await expect(client.resign("process", { successor: "" })).rejects.toThrow(invalid);
    await play.renewed(term, 1);
    expect(part.heard).toEqual(["grant"]);
    expect(part.errors).toEqual([]);
  });

  test("[E3] a lost connection reaches every contender, typed and retryable, and mends by itself", {
    needs: ["connection"],
    waitsFor: "renewals",
  }, async (play) => {
    const member = play.member("one");
    const parts = ["x", "y"].map((component) => play.contend(member, component));
    for (const part of parts) await play.leads(part);
    member.cut();
    for (const part of parts) {
      await play.until("an error", () => part.errors.length > 0);
      expect(part.errors[0]).toMatchObject({ retryable: true });
      await play.renewed(part.term, 1);
      expect(part.heard).toEqual(["grant"]);
    }
  });
};
