import { describe, expect, test, vi } from "vitest";
import type { ImportEngine } from "../../../client/client.ts";
import { startEngine } from "../../../client/engine.ts";
import { ClientClosedError, createElectionClient, DuplicateContenderError } from "../../../client/index.ts";
import { FakeGroup, settle } from "./fake-group.ts";

/** A client whose engine comes, or fails to come, when the test says so. */
function slow() {
  const group = new FakeGroup();
  const loads: PromiseWithResolvers<Awaited<ReturnType<ImportEngine>>>[] = [];
  const client = group.client({}, () => {
    const load = Promise.withResolvers<Awaited<ReturnType<ImportEngine>>>();
    loads.push(load);
    return load.promise;
  });
  const states: string[] = [];
  client.onStateChange((state) => states.push(state));
  const arrive = async (): Promise<void> => {
    loads.at(-1)?.resolve({ startEngine });
    await settle();
  };
  return { group, client, loads, states, arrive };
}

describe("before the engine is there", () => {
  test("[E1] it is loaded with the first contender or observer, once, and by nothing else", async () => {
    const { client, loads, states, arrive } = slow();
    client.setPriority(3);
    await client.resign();
    expect([loads.length, client.state, client.sessionId]).toEqual([0, "idle", undefined]);
    client.contend("x");
    expect([loads.length, client.state]).toEqual([1, "connecting"]);
    client.contend("y");
    const observed = client.observe("x").next();
    void client.elect("z", () => new Promise(() => {}));
    await arrive();
    await observed;
    expect([loads.length, client.state]).toEqual([1, "connected"]);
    expect(states).toEqual(["connecting", "connected"]);
  });

  test("[C11] what was wished for is done in its order", async () => {
    const { group, client, arrive } = slow();
    client.contend("a", {}, { election: "dedicated" });
    void client.elect("b", () => new Promise(() => {}));
    client.contend("c");
    client.setPriority(3);
    client.setPriority(5, "a");
    await arrive();
    expect(group.heard[0]).toMatchObject({
      type: "hello",
      priority: 3,
      contenders: [{ component: "a", election: "dedicated", priority: 5 }, { component: "b" }, { component: "c" }],
    });
  });

  test("[E2] a scope that is refused when its turn comes harms no other", async () => {
    const { client, arrive } = slow();
    const refused = expect(client.elect("x", () => {}, { priority: 1 })).rejects.toMatchObject({
      code: "invalid_argument",
    });
    const elected = client.elect("y", () => "fine");
    await arrive();
    await refused;
    expect(await elected).toBe("fine");
  });

  test("[E1] [E2] where the only scope is refused when its turn comes, nothing is connected, and the client is idle", async () => {
    const { group, client, states, arrive } = slow();
    const refused = expect(client.acquire("x", { priority: 1 })).rejects.toMatchObject({ code: "invalid_argument" });
    await arrive();
    await refused;
    expect([group.sockets.length, states]).toEqual([0, ["connecting", "idle"]]);
  });

  test("[E2] what has been checked is what leaves, whatever becomes of the options meanwhile", async () => {
    const { group, client, arrive } = slow();
    const options: { election: "dedicated"; priority: number } = { election: "dedicated", priority: 1 };
    client.contend("x", {}, options);
    options.priority = Number.NaN;
    await arrive();
    expect(group.heard[0]).toMatchObject({ contenders: [{ component: "x", election: "dedicated", priority: 1 }] });
  });

  test("[C9] [X5] a second contender of a component is refused at once, also where the first one is a scope", async () => {
    const { client, arrive } = slow();
    const x = client.contend("x");
    expect(() => client.contend("x")).toThrow(DuplicateContenderError);
    await expect(client.acquire("x")).rejects.toBeInstanceOf(DuplicateContenderError);
    const elected = client.elect("y", (leadership) => leadership.component);
    expect(() => client.contend("y")).toThrow(DuplicateContenderError);
    await arrive();
    expect(x.hasLeadership()).toBe(true);
    expect(await elected).toBe("y");
  });

  test("[C10] whoever leaves before leaves no trace, and the component is free again", async () => {
    const { group, client, loads, arrive } = slow();
    const x = client.contend("x");
    await x.close();
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
    await arrive();
    expect(await again).toBe("again");
    expect([client.state, loads.length, group.sockets.length]).toEqual(["idle", 1, 1]);
  });

  test("[C10] whoever leaves in the very moment in which it comes is not left behind in it", async () => {
    for (let turns = 0; turns < 12; turns++) {
      const { group, client, loads } = slow();
      group.reachable = false;
      const outer = new AbortController();
      const { signal } = outer;
      const left = [
        client.elect("x", () => new Promise(() => {}), { signal }),
        client.acquire("y", { signal }),
        client.observe("x", { signal }).next(),
      ].map((promise) => expect(promise).rejects.toBe("enough"));
      loads[0]?.resolve({ startEngine });
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      outer.abort("enough");
      await Promise.all(left);
      await settle();
      expect([client.state, client.health().waits]).toEqual(["idle", []]);
    }
  });

  test("[C10] when it comes and nobody needs it any more, nothing is opened", async () => {
    const { group, client, loads, arrive } = slow();
    await client.contend("x").close();
    await arrive();
    expect([client.state, loads.length, group.sockets.length]).toEqual(["idle", 1, 0]);
    client.contend("x");
    await settle();
    expect(client.state).toBe("connected");
  });

  test("[C10] [X6] close opens nothing, and everything pending rejects", async () => {
    const { group, client, states, arrive } = slow();
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
    await arrive();
    expect(() => client.contend("x")).toThrow(ClientClosedError);
    expect([group.sockets.length, group.clock.timers, states]).toEqual([0, 0, ["connecting", "closed"]]);
    await client.close();
  });

  test("[C10] a client that was never used closes without it", async () => {
    const { client, loads } = slow();
    await client.close();
    expect([client.state, loads.length]).toEqual(["closed", 0]);
  });
});

describe("an engine that can't be loaded", () => {
  test("[E3] is reported as retryable, and tried again with back-off until it is there", async () => {
    vi.spyOn(Math, "random").mockReturnValue(1);
    const { group, client, loads, arrive } = slow();
    const [own, common]: unknown[][] = [[], []];
    client.onError((error) => common?.push(error));
    const x = client.contend("x", { onError: (error) => own?.push(error) });
    const offline = new TypeError("offline");
    for (const [index, delay] of [250, 500, 1_000].entries()) {
      loads[index]?.reject(offline);
      await group.clock.advance(delay - 1);
      client.contend(`late-${index}`);
      expect(loads).toHaveLength(index + 1);
      await group.clock.advance(1);
      expect(loads).toHaveLength(index + 2);
    }
    vi.restoreAllMocks();
    for (const errors of [own, common]) {
      expect(errors).toHaveLength(3);
      expect(errors?.[0]).toMatchObject({ code: "engine_unavailable", retryable: true, cause: offline });
    }
    expect(client.state).toBe("connecting");
    await arrive();
    expect(x.hasLeadership()).toBe(true);
  });

  test("[C10] nothing is tried, and no timer is left, once nobody needs it any more", async () => {
    for (const leave of ["contender", "client"]) {
      const { group, client, loads } = slow();
      const x = client.contend("x");
      loads[0]?.reject(new TypeError("offline"));
      await settle();
      expect(group.clock.timers).toBe(1);
      await (leave === "client" ? client : x).close();
      expect(group.clock.timers).toBe(0);
      await group.clock.advance(20_000);
      expect(loads).toHaveLength(1);
      if (leave === "contender") {
        client.contend("x");
        expect(loads).toHaveLength(2);
      }
    }
  });

  test("[C10] one that fails when nobody needs it any more is nobody's concern", async () => {
    const { group, client, loads } = slow();
    const errors: unknown[] = [];
    client.onError((error) => errors.push(error));
    await client.contend("x").close();
    loads[0]?.reject(new TypeError("offline"));
    await settle();
    expect([errors, group.clock.timers]).toEqual([[], 0]);
    client.contend("x");
    expect(loads).toHaveLength(2);
  });
});

test("[E1] the entry point finds its engine by itself, and gives it the options that it has checked", async () => {
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
  client.contend("x");
  options.WebSocket = class extends NeverOpen {
    constructor() {
      super("another");
    }
  };
  expect(await connected.promise).toBe("ws://h/v1/groups/g/session");
  await client.close();
});
