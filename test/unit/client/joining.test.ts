/** What is called before a connection is there, and what leaves before then. */
import { describe, expect, test } from "vitest";
import { ClientClosedError, createElectionClient, DuplicateContenderError } from "../../../client/index.ts";
import { FakeGroup, settle } from "./fake-group.ts";

function joining() {
  const group = new FakeGroup();
  const client = group.client();
  const states: string[] = [];
  client.onStateChange((state) => states.push(state));
  return { group, client, states };
}

describe("before the connection is there", () => {
  test("[E1] it is opened with the first contender or observer, once, and by nothing else", async () => {
    const { group, client, states } = joining();
    client.setPriority(3);
    await client.resign();
    await settle();
    expect([group.sockets.length, client.state, client.sessionId]).toEqual([0, "idle", undefined]);
    client.contend("x");
    expect(client.state).toBe("connecting");
    client.contend("y");
    const observed = client.observe("x").next();
    void client.elect("z", () => new Promise(() => {}));
    await settle();
    await observed;
    expect([group.sockets.length, client.state]).toEqual([1, "connected"]);
    expect(states).toEqual(["connecting", "connected"]);
  });

  test("[C11] commands are carried out in their order", async () => {
    const { group, client } = joining();
    client.contend("a", {}, { election: "dedicated" });
    void client.elect("b", () => new Promise(() => {}));
    client.contend("c");
    client.setPriority(3);
    client.setPriority(5, "a");
    await settle();
    expect(group.heard[0]).toMatchObject({
      type: "hello",
      priority: 3,
      contenders: [{ component: "a", election: "dedicated", priority: 5 }, { component: "b" }, { component: "c" }],
    });
  });

  test("[E2] a scope that is refused harms no other", async () => {
    const { client } = joining();
    const refused = expect(client.elect("x", () => {}, { priority: 1 })).rejects.toMatchObject({
      code: "invalid_argument",
    });
    expect(await client.elect("y", () => "fine")).toBe("fine");
    await refused;
  });

  test("[E1] [E2] where the only scope is refused, nothing is connected, and the client stays idle", async () => {
    const { group, client, states } = joining();
    await expect(client.acquire("x", { priority: 1 })).rejects.toMatchObject({ code: "invalid_argument" });
    await settle();
    expect([group.sockets.length, states]).toEqual([0, []]);
  });

  test("[E2] the checked options are sent, even if they are changed meanwhile", async () => {
    const { group, client } = joining();
    const options: { election: "dedicated"; priority: number } = { election: "dedicated", priority: 1 };
    client.contend("x", {}, options);
    options.priority = Number.NaN;
    await settle();
    expect(group.heard[0]).toMatchObject({ contenders: [{ component: "x", election: "dedicated", priority: 1 }] });
  });

  test("[C9] [X5] a second contender of a component is refused at once, also where the first one is a scope", async () => {
    const { client } = joining();
    const x = client.contend("x");
    expect(() => client.contend("x")).toThrow(DuplicateContenderError);
    await expect(client.acquire("x")).rejects.toBeInstanceOf(DuplicateContenderError);
    const elected = client.elect("y", (leadership) => leadership.component);
    expect(() => client.contend("y")).toThrow(DuplicateContenderError);
    await settle();
    expect(x.hasLeadership()).toBe(true);
    expect(await elected).toBe("y");
  });

  test("[C10] a contender, scope or observer that leaves leaves no trace, and the component is free again", async () => {
    const { group, client } = joining();
    await client.contend("x").close();
    expect(client.state).toBe("idle");
    const outer = new AbortController();
    const elected = client.elect("x", () => {}, { signal: outer.signal });
    const observed = client.observe("x", { signal: outer.signal }).next();
    expect(client.state).toBe("connecting");
    outer.abort("enough");
    const again = client.elect("x", () => "again");
    await expect(client.elect("x", () => {})).rejects.toBeInstanceOf(DuplicateContenderError);
    await expect(elected).rejects.toBe("enough");
    await expect(observed).rejects.toBe("enough");
    expect(await again).toBe("again");
    expect([client.state, client.health().waits, group.clock.timers]).toEqual(["idle", [], 0]);
  });

  test("[C10] [X6] close opens nothing, and everything pending rejects", async () => {
    const { group, client, states } = joining();
    const x = client.contend("x");
    const pending = [
      client.elect("y", () => {}),
      client.acquire("z"),
      client.terms("w").next(),
      client.observe("x").next(),
    ].map((promise) => expect(promise).rejects.toBeInstanceOf(ClientClosedError));
    await client.close();
    await Promise.all(pending);
    await x.close();
    await settle();
    expect(() => client.contend("x")).toThrow(ClientClosedError);
    expect([group.clock.timers, states]).toEqual([0, ["connecting", "closed"]]);
    expect(group.heard).toEqual([]);
    await client.close();
  });

  test("[C10] a client that was never used closes without a connection", async () => {
    const { group, client } = joining();
    await client.close();
    expect([client.state, group.sockets.length]).toEqual(["closed", 0]);
  });
});

test("[E1] the entry point takes the options that it has checked", async () => {
  const connected = Promise.withResolvers<string>();
  class NeverOpen {
    readonly readyState = 3;
    constructor(url: string) {
      connected.resolve(url);
    }
    addEventListener(): void {}
    send(): void {}
    close(): void {}
  }
  const options = { url: "http://h", group: "g", WebSocket: NeverOpen };
  const client = createElectionClient(options);
  options.WebSocket = class extends NeverOpen {
    constructor() {
      super("another");
    }
  };
  client.contend("x");
  expect(await connected.promise).toBe("ws://h/v1/groups/g/session");
  await client.close();
});
