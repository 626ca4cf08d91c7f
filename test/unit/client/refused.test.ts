/** A contender that the group refuses gets the reason, harms nobody, and asks again (E6). */
import { describe, expect, test } from "vitest";
import { FakeGroup, settle } from "./fake-group.ts";

const mismatch = { code: "election_mismatch", name: "ElectionError", retryable: true };

describe.each(["named in the hello", "registered later"])("a contender %s", (when) => {
  async function refusing() {
    const group = new FakeGroup();
    group.refused.add("x");
    const client = group.client();
    client.contend("y");
    if (when === "registered later") await settle();
    return { group, client };
  }

  test("[E6] acquire, elect and terms reject with the refusal, and the component is free again", async () => {
    const { client } = await refusing();
    await expect(client.acquire("x")).rejects.toMatchObject(mismatch);
    await expect(client.elect("x", () => {})).rejects.toMatchObject(mismatch);
    await expect(client.terms("x").next()).rejects.toMatchObject(mismatch);
    expect(client.health()).toMatchObject({ status: "ok", waits: [], leads: [{ component: "y" }] });
  });

  test("[E6] [C4] health names it while it asks again, at growing intervals; it leads when its cause has gone", async () => {
    const { group, client } = await refusing();
    const errors: unknown[] = [];
    const x = client.contend("x", { onError: (error) => errors.push(error) });
    await settle();
    expect(client.health()).toMatchObject({
      status: "failing",
      leads: [{ component: "y" }],
      refused: [{ component: "x", code: "election_mismatch" }],
      lastError: { code: "election_mismatch" },
    });
    expect(errors).toMatchObject([mismatch]);
    await group.clock.advance(13_000);
    expect(errors).toHaveLength(2);
    await group.clock.advance(13_000);
    expect(errors).toHaveLength(2);
    group.refused.clear();
    await group.clock.advance(13_000);
    expect(x.hasLeadership()).toBe(true);
    expect(client.health()).toMatchObject({ status: "ok" });
    expect(client.health()).not.toHaveProperty("refused");
  });

  test("[E6] [X1] a closed contender no longer asks, and leaves no timer", async () => {
    const { group, client } = await refusing();
    const x = client.contend("x", { onError: () => {} });
    await settle();
    await x.close();
    const asked = group.types().filter((type) => type === "register").length;
    await group.clock.advance(600_000);
    expect(group.types().filter((type) => type === "register")).toHaveLength(asked);
    await client.close();
    expect(group.clock.timers).toBe(0);
  });
});

test("[E2] the priority of a component that has no dedicated contender here is refused at once", async () => {
  const client = new FakeGroup().client();
  client.contend("x");
  for (const component of ["x", "y"]) {
    expect(() => client.setPriority(1, component)).toThrow(
      expect.objectContaining({ code: "invalid_argument", message: expect.stringContaining(component) }),
    );
  }
});
