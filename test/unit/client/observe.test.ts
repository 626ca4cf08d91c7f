import { describe, expect, test } from "vitest";
import type { LeaderInformation } from "../../../client/index.ts";
import { FakeGroup, settle } from "./fake-group.ts";

const leader = (leaderSessionId: string, epoch: number, component = "x"): LeaderInformation => ({
  component,
  leaderSessionId,
  epoch,
  address: `http://${leaderSessionId}`,
});

/** What the iterator gives now, without waiting for more. */
async function take<T>(iterator: AsyncGenerator<T>, count: number): Promise<T[]> {
  const values: T[] = [];
  for (let index = 0; index < count; index++) values.push((await iterator.next()).value);
  return values;
}

describe("observe", () => {
  test("[C12] [O2] first the present state, or that nobody leads, then every change", async () => {
    const group = new FakeGroup();
    const leaders = group.client().observe("x");
    expect(await take(leaders, 1)).toEqual([null]);
    const next = leaders.next();
    group.publish(leader("L1", 1));
    expect((await next).value).toEqual(leader("L1", 1));
    const gone = leaders.next();
    group.retract("x");
    expect((await gone).value).toBeNull();

    const late = new FakeGroup();
    late.publish(leader("L7", 7));
    expect(await take(late.client().observe("x"), 1)).toEqual([leader("L7", 7)]);
  });

  test("[O2] a reconnect loses no change and repeats nothing", async () => {
    const group = new FakeGroup();
    group.publish(leader("L1", 1));
    const client = group.client();
    const leaders = client.observe("x");
    await take(leaders, 1);
    group.cut();
    await group.clock.advance(300);
    const next = leaders.next();
    await settle();
    group.cut();
    group.retract("x");
    group.publish(leader("L2", 2));
    await group.clock.advance(1_000);
    expect((await next).value).toBeNull();
    expect(await take(leaders, 1)).toEqual([leader("L2", 2)]);
  });

  test("[O4] a slow consumer gets the newest, with one null between two leaders", async () => {
    const group = new FakeGroup();
    group.publish(leader("L1", 1));
    const leaders = group.client().observe("x");
    await take(leaders, 1);
    for (let epoch = 2; epoch < 10; epoch++) {
      group.retract("x");
      group.publish(leader(`L${epoch}`, epoch));
    }
    expect(await take(leaders, 2)).toEqual([null, leader("L9", 9)]);
  });

  test("[K3] another address in the same leadership is a change without a null", async () => {
    const group = new FakeGroup();
    group.publish(leader("L1", 1));
    const leaders = group.client().observe("x");
    await take(leaders, 1);
    group.publish({ ...leader("L1", 1), address: "http://elsewhere" });
    expect(await take(leaders, 1)).toEqual([{ ...leader("L1", 1), address: "http://elsewhere" }]);
  });

  test("[O2] nothing is asked for after the loop is left, and an abort ends it", async () => {
    const group = new FakeGroup();
    const client = group.client();
    for await (const value of client.observe("x")) {
      expect(value).toBeNull();
      break;
    }
    await settle();
    expect(group.types()).toEqual(["hello", "unobserve", "bye"]);

    const outer = new AbortController();
    const leaders = client.observe("x", { signal: outer.signal });
    await leaders.next();
    const next = leaders.next();
    outer.abort("enough");
    await expect(next).rejects.toBe("enough");
    expect(client.state).toBe("idle");
  });

  test("[C12] without a component it yields every change, by component", async () => {
    const group = new FakeGroup();
    group.publish(leader("L1", 1, "a"));
    const changes = group.client().observe();
    expect(await take(changes, 1)).toEqual([{ component: "a", leader: leader("L1", 1, "a") }]);
    group.publish(leader("L2", 2, "b"));
    expect(await take(changes, 1)).toEqual([{ component: "b", leader: leader("L2", 2, "b") }]);
    group.cut();
    group.retract("a");
    await group.clock.advance(300);
    expect(await take(changes, 1)).toEqual([{ component: "a", leader: null }]);
  });

  test("[C12] two observers of one component are both notified, and one may leave", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const [first, second] = [client.observe("x"), client.observe("x")];
    await take(first, 1);
    await take(second, 1);
    await first.return();
    group.publish(leader("L1", 1));
    expect(await take(second, 1)).toEqual([leader("L1", 1)]);
  });
});

describe("many observers", () => {
  test("[O6] [C12] a further observer of a name costs no frame, and gets the present state first", async () => {
    const group = new FakeGroup();
    group.publish(leader("L1", 1));
    const client = group.client();
    const first = client.observe("x");
    await take(first, 1);
    const others = Array.from({ length: 300 }, () => client.observe("x"));
    for (const other of others) expect(await take(other, 1)).toEqual([leader("L1", 1)]);
    group.retract("x");
    for (const other of [first, ...others]) expect(await take(other, 1)).toEqual([null]);
    expect(await take(client.observe("x"), 1)).toEqual([null]);
    await first.return();
    for (const other of others.slice(1)) await other.return();
    await settle();
    expect(group.types()).toEqual(["hello"]);
  });

  test("[O6] [C12] an observer that comes while the connection is lost waits for the present state, and gets no old one", async () => {
    const group = new FakeGroup();
    group.publish(leader("L1", 1));
    const client = group.client();
    await take(client.observe("x"), 1);
    group.cut();
    const late = client.observe("x").next();
    group.retract("x");
    await group.clock.advance(300);
    expect((await late).value).toBeNull();
  });

  test("[O6] [C12] where all are observed, the observer of one costs no frame, leader or not, and goes on without the others", async () => {
    const group = new FakeGroup();
    group.publish(leader("L1", 1, "a"));
    const client = group.client();
    const all = client.observe();
    const early = client.observe("b").next();
    await take(all, 1);
    expect((await early).value).toBeNull();
    const [a, b, every] = [client.observe("a"), client.observe("b"), client.observe()];
    expect(await take(a, 1)).toEqual([leader("L1", 1, "a")]);
    expect(await take(b, 1)).toEqual([null]);
    expect(await take(every, 1)).toEqual([{ component: "a", leader: leader("L1", 1, "a") }]);
    expect(group.types()).toEqual(["hello"]);
    await all.return();
    await every.return();
    await settle();
    group.publish(leader("L2", 2, "b"));
    expect(await take(b, 1)).toEqual([leader("L2", 2, "b")]);
    expect(group.heard.slice(1)).toEqual([
      { type: "unobserve", components: true },
      { type: "observe", components: ["b", "a"] },
    ]);
  });

  test("[O5] a refused observer rejects with the group's reason; the others, and later ones, are notified further", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const [x, y, again] = [client.observe("x"), client.observe("y"), client.observe("y")];
    await take(x, 1);
    await take(y, 1);
    const refused = [y.next(), again.next().then(() => again.next())];
    await settle();
    group.say({ type: "error", code: "limit_exceeded", message: "at most 1: observe() all", observed: ["y"] });
    for (const next of refused) {
      await expect(next).rejects.toMatchObject({
        name: expect.any(String),
        code: "limit_exceeded",
        message: "at most 1: observe() all",
      });
    }
    expect(await y.next()).toEqual({ done: true, value: undefined });
    expect(client.health().status).toBe("ok");
    group.publish(leader("L1", 1));
    expect(await take(x, 1)).toEqual([leader("L1", 1)]);
    group.cut();
    await group.clock.advance(300);
    expect(group.heard.at(-1)).toMatchObject({ type: "hello", observe: ["x"] });
    expect(await take(client.observe("y"), 1)).toEqual([null]);
  });
});

test("[C12] [O2] a slow observer of all is notified that a leader is gone which a reconnect no longer knows", async () => {
  const group = new FakeGroup();
  group.publish(leader("L1", 1, "a"));
  const changes = group.client().observe();
  expect(await take(changes, 1)).toEqual([{ component: "a", leader: leader("L1", 1, "a") }]);
  group.publish(leader("L2", 2, "a"));
  group.publish(leader("L3", 3, "b"));
  await settle();
  group.cut();
  group.retract("a");
  group.retract("b");
  await group.clock.advance(300);
  group.publish(leader("L4", 4, "c"));
  expect(await take(changes, 2)).toEqual([
    { component: "a", leader: null },
    { component: "c", leader: leader("L4", 4, "c") },
  ]);
});

describe("looking up", () => {
  const answering = (status: number, body: unknown) => {
    const asked: [string, Record<string, string>][] = [];
    const fetcher = {
      async fetch(url: string, { headers }: { readonly headers: Record<string, string> }) {
        asked.push([url, headers]);
        return { status, json: async () => body };
      },
    };
    return { asked, client: new FakeGroup().client({ fetcher, token: () => "t", url: "wss://h/base/" }) };
  };

  test("[E1] getLeader asks over HTTP with the token, and opens no session", async () => {
    const { asked, client } = answering(200, leader("L1", 1, "a/b"));
    expect(await client.getLeader("a/b")).toEqual(leader("L1", 1, "a/b"));
    expect(asked).toEqual([["https://h/base/v1/groups/g/leaders/a%2Fb", { authorization: "Bearer t" }]]);
    expect(client.state).toBe("idle");
  });

  test("[E3] a leader that does not exist is null; a refusal rejects, typed", async () => {
    expect(await answering(404, { error: { code: "no_leader" } }).client.getLeader("x")).toBeNull();
    await expect(answering(404, {}).client.getLeader("x")).rejects.toMatchObject({ code: "refused" });
    await expect(answering(404, {}).client.getStatus()).rejects.toMatchObject({
      message: expect.stringMatching(/^https:\/\/h\/base\/v1\/groups\/g answers with HTTP 404: .* correct the host/),
      retryable: false,
    });
    await expect(answering(401, {}).client.getStatus()).rejects.toMatchObject({ code: "unauthorized" });
    await expect(answering(503, {}).client.getStatus()).rejects.toMatchObject({ retryable: true });
  });

  test.each([
    ["10", { retryAfterMs: 10_000 }],
    ["Sun, 29 Nov 2026 12:00:00 GMT", {}],
    [null, {}],
  ])(
    "[E9] a look-up that an overloaded group refuses says when to ask again (Retry-After: %s)",
    async (value, told) => {
      const headers = { get: (name: string) => (name === "retry-after" ? value : null) };
      const answer = { status: 503, headers, json: async () => ({ error: { code: "overloaded", message: "later" } }) };
      const client = new FakeGroup().client({ fetcher: { fetch: async () => answer } });
      const error: unknown = await client.getStatus().catch((one: unknown) => one);
      expect({ ...(error as object) }).toEqual({ code: "overloaded", retryable: true, ...told });
    },
  );

  test("[E9] an upgrade that an overloaded group refuses is tried again when it says", async () => {
    const group = new FakeGroup();
    const headers = { get: (name: string) => (name === "retry-after" ? "60" : null) };
    const answer = { status: 503, headers, json: async () => ({ error: { code: "overloaded", message: "later" } }) };
    const tries: number[] = [];
    const fetch = async () => {
      tries.push(group.clock.trueNow);
      return answer;
    };
    const client = group.client({ fetcher: { fetch } });
    client.contend("x", { onError: () => {} });
    await group.clock.advance(600_000);
    const [, ...waits] = tries.map((at, index) => at - (tries[index - 1] ?? 0));
    expect(waits.length).toBeGreaterThanOrEqual(4);
    for (const waitMs of waits) expect(waitMs >= 60_000 && waitMs <= 121_000).toBe(true);
    await client.close();
  });

  test("[E3] an answer that is cut off, or somebody else's, rejects, and is never taken for a leader", async () => {
    const failure = { name: "ElectionError", code: "refused" };
    const cutOff = { status: 200, json: () => Promise.reject(new SyntaxError("Unexpected end of JSON input")) };
    const client = new FakeGroup().client({ fetcher: { fetch: async () => cutOff } });
    await expect(client.getLeader("x")).rejects.toMatchObject(failure);
    await expect(client.getStatus()).rejects.toMatchObject(failure);
    for (const body of [null, "signed in"]) {
      await expect(answering(200, body).client.getLeader("x")).rejects.toMatchObject(failure);
    }
  });
});
