/** `client.health()`: what a health endpoint answers, through the life of a client. */
import { describe, expect, test } from "vitest";
import { clocksStandStill } from "../../support/seeded.ts";
import { FakeGroup, settle } from "./fake-group.ts";

/** What a probe gets to see. */
const probe = (client: { health(): object }): unknown => JSON.parse(JSON.stringify(client.health()));

describe("health", () => {
  test("idle is fine: nothing asks for a connection, and the question opens none", async () => {
    const group = new FakeGroup();
    const client = group.client();
    expect(client.health()).toEqual({ status: "ok", state: "idle", leads: [], waits: [] });
    await settle();
    expect(group.sockets).toEqual([]);
  });

  test("connected: the leading components, for how long, and how old the renewal is that it counts from", async () => {
    const group = new FakeGroup();
    const client = group.client();
    client.contend("a");
    await settle();
    group.electing = false;
    client.contend("b", {}, { election: "dedicated" });
    await group.clock.advance(100);
    expect(probe(client)).toEqual({
      status: "ok",
      state: "connected",
      sessionId: client.sessionId,
      leads: [{ component: "a", election: "process", epoch: group.epoch, remainingMs: 7_900 }],
      waits: ["b"],
      remainingMs: 7_900,
      lastRenewedAgoMs: 100,
    });
  });

  test("a lost connection is degraded, with what still leads; longer than a lease it is failing; and back it is fine again", async () => {
    const group = new FakeGroup();
    const client = group.client();
    client.contend("a");
    await settle();
    group.reachable = false;
    group.cut();
    await group.clock.advance(1_000);
    expect(client.health()).toMatchObject({
      status: "degraded",
      state: "suspended",
      leads: [{ component: "a", remainingMs: 7_000 }],
      disconnectedMs: 1_000,
      lastError: {
        code: "connection_lost",
        message: expect.stringContaining("/v1/groups/g/session was closed (1006): the network was lost"),
      },
    });
    await group.clock.advance(9_000);
    expect(client.health()).toMatchObject({ status: "degraded", state: "connecting", leads: [], waits: ["a"] });
    await group.clock.advance(1);
    expect(client.health()).toMatchObject({ status: "failing", disconnectedMs: 10_001 });
    group.reachable = true;
    await group.clock.advance(20_000);
    const back = client.health();
    expect(back).toMatchObject({ status: "ok", state: "connected", leads: [{ component: "a" }] });
    expect(back).not.toHaveProperty("disconnectedMs");
  });

  test("the lease is counted at the call: a blocked event loop does not keep a leader in the answer", async () => {
    const group = new FakeGroup();
    const client = group.client();
    client.contend("a");
    await settle();
    group.clock.block(8_000);
    // Where clocks stand still meanwhile, it is as old as they are.
    const stale = { leads: [{ component: "a" }], waits: [] };
    expect(client.health()).toMatchObject(clocksStandStill ? stale : { leads: [], waits: ["a"] });
  });

  test("a refused token is failing with the first refusal", async () => {
    const group = new FakeGroup();
    const client = group.client();
    client.contend("a");
    await settle();
    group.reachable = false;
    group.cut(4401);
    await settle();
    expect(client.health()).toMatchObject({ status: "failing", lastError: { code: "unauthorized" } });
  });

  test("closed is failing, by wish or for good, with the reason where there is one", async () => {
    const wished = new FakeGroup().client();
    wished.contend("a");
    await settle();
    await wished.close();
    expect(wished.health()).toMatchObject({ status: "failing", state: "closed", leads: [], waits: [] });
    expect(wished.health()).not.toHaveProperty("lastError");
    const unused = new FakeGroup().client();
    await unused.close();
    expect(unused.health()).toMatchObject({ status: "failing", state: "closed" });

    const group = new FakeGroup();
    const fatal = group.client();
    fatal.contend("a");
    await settle();
    group.cut(4403);
    await settle();
    expect(fatal.health()).toMatchObject({ status: "failing", state: "closed", lastError: { code: "unauthorized" } });
  });

  test("a scope waits from its call on", async () => {
    const group = new FakeGroup();
    group.reachable = false;
    const client = group.client();
    client.contend("a");
    void client.elect("b", () => {}).catch(() => {});
    expect(client.health()).toMatchObject({ status: "degraded", waits: ["a", "b"] });
    await client.close();
    expect(client.health()).toMatchObject({ status: "failing", waits: [] });
  });
});
