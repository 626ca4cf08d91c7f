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

  test("[C12] two observers of one component both hear of it, and one may leave", async () => {
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

  test("[E3] what does not exist is null; what is refused rejects, typed", async () => {
    expect(await answering(404, { error: { code: "no_leader" } }).client.getLeader("x")).toBeNull();
    await expect(answering(404, {}).client.getLeader("x")).rejects.toMatchObject({ code: "refused" });
    await expect(answering(404, {}).client.getStatus()).rejects.toMatchObject({
      message: "HTTP 404",
      retryable: false,
    });
    await expect(answering(401, {}).client.getStatus()).rejects.toMatchObject({ code: "unauthorized" });
    await expect(answering(503, {}).client.getStatus()).rejects.toMatchObject({ retryable: true });
  });
});
