/** What the user of a client is told of an outage: once, then now and then; and never nothing (E11, E12, E13). */
import { afterEach, describe, expect, test, vi } from "vitest";
import { ClientClosedError, ElectionError, UnauthorizedError } from "../../../client/index.ts";
import { CLOSE, LOST } from "../../../shared/protocol/close-codes.ts";
import { FakeGroup, settle } from "./fake-group.ts";

const MINUTE = 60_000;

afterEach(() => void vi.unstubAllGlobals());

/** What the platform shows of errors and warnings that nobody listens for. */
function shown() {
  const [uncaught, warned] = [vi.fn(), vi.fn()];
  vi.stubGlobal("reportError", uncaught);
  vi.stubGlobal("console", { ...console, warn: warned });
  return { uncaught, warned };
}

/** A client whose group is gone from its second connection on. */
async function away(): Promise<{ group: FakeGroup; client: ReturnType<FakeGroup["client"]>; heard: Error[] }> {
  const group = new FakeGroup();
  const client = group.client({ token: () => "t" });
  const heard: Error[] = [];
  client.onError((error) => void heard.push(error as Error));
  client.contend("x");
  await settle();
  group.reachable = false;
  group.cut();
  return { group, client, heard };
}

describe("an outage", () => {
  test("[E12] is told when it begins, with the reason of the first failed attempt, and then once a minute with the count", async () => {
    const { group, client, heard } = await away();
    await group.clock.advance(MINUTE - 1);
    expect(heard).toMatchObject([{ code: "connection_lost" }, { code: "connection_failed" }]);
    const { failures } = client.health();
    expect(failures).toBeGreaterThan(3);
    await group.clock.advance(10 * MINUTE);
    expect(heard.length).toBeGreaterThan(7);
    expect(heard.length).toBeLessThanOrEqual(12);
    expect(heard.at(-1)?.message).toMatch(/ \(failure \d+ in \d+ s\)$/);
    await client.close();
  });

  test("[E12] ends with the next connection: the one after it is told again, and health counts anew", async () => {
    const { group, client, heard } = await away();
    await group.clock.advance(10_000);
    group.reachable = true;
    await group.clock.advance(20_000);
    expect(client.health()).not.toHaveProperty("failures");
    heard.length = 0;
    group.cut();
    expect(heard).toMatchObject([{ code: "connection_lost", message: expect.not.stringContaining("failure") }]);
    expect(client.health()).toMatchObject({ failures: 1 });
  });

  test("[E12] a failure of another kind is news", async () => {
    const { group, client, heard } = await away();
    await group.clock.advance(20_000);
    const told = heard.length;
    group.refusesWith = CLOSE.unauthorized;
    await group.clock.advance(30_000);
    expect(heard.slice(told)).toMatchObject([{ code: "unauthorized" }]);
    await client.close();
  });

  test("[E12] whoever begins to listen later hears of the next failure", async () => {
    const group = new FakeGroup();
    const client = group.client();
    client.contend("x");
    await settle();
    group.refusesWith = LOST;
    group.cut();
    await group.clock.advance(2_000);
    const heard: unknown[] = [];
    client.onError((error) => heard.push(error));
    await group.clock.advance(20_000);
    expect(heard).toMatchObject([{ code: "connection_failed" }]);
    await client.close();
  });

  test.each([
    ["that is frozen", () => Object.freeze(new ElectionError("login", "log in first"))],
    ["whose causes form a ring", () => Object.assign(new Error("round"), { cause: null as unknown })],
  ])("[E11] [N12] an error of the token function %s is told, as it is, and the client goes on", async (what, make) => {
    const group = new FakeGroup();
    const thrown = make();
    if (what.includes("ring")) Object.assign(thrown, { cause: thrown });
    let away = true;
    const client = group.client({
      token() {
        if (away) throw thrown;
        return "t";
      },
    });
    const heard: unknown[] = [];
    client.onError((error) => heard.push(error));
    client.contend("x");
    await group.clock.advance(5 * MINUTE);
    for (const error of heard) {
      const message = expect.stringMatching(/^the function `token` has failed: [a-z ]+( \(failure \d+ in \d+ s\))?$/);
      expect(error).toMatchObject({ code: "token_failed", message, cause: thrown });
    }
    away = false;
    await group.clock.advance(20_000);
    expect(client.state).toBe("connected");
    await client.close();
  });

  test("[E11] a socket that fails for a reason whose causes form a ring is told, and another one is opened", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const heard: unknown[] = [];
    client.onError((error) => heard.push(error));
    client.contend("x");
    await settle();
    group.reachable = false;
    group.cut();
    await group.clock.advance(1_000);
    const ring = new Error("round");
    ring.cause = ring;
    group.socket.emit("error", { cause: ring });
    expect(heard.at(-1)).toMatchObject({ code: "connection_failed", message: expect.stringContaining("round; check") });
    group.reachable = true;
    await group.clock.advance(20_000);
    expect(client.state).toBe("connected");
    await client.close();
  });
});

describe("without a listener", () => {
  test("[E13] a client that is closed for good says so where uncaught errors go, once", async () => {
    const { uncaught, warned } = shown();
    const group = new FakeGroup();
    group.client().contend("x");
    await settle();
    group.cut(CLOSE.forbidden);
    await settle();
    const message = expect.stringMatching(/was closed \(4403\): .*; the client is closed$/);
    expect(uncaught.mock.calls).toMatchObject([[{ name: "UnauthorizedError", message, retryable: false }]]);
    expect(warned).not.toHaveBeenCalled();
  });

  test("[E13] whatever waits for a client that is closed for good rejects with the reason, and that is enough; so do later calls", async () => {
    const { uncaught } = shown();
    const group = new FakeGroup();
    group.electing = false;
    const client = group.client();
    const leaders = client.observe("d");
    await leaders.next();
    const waits: Promise<unknown>[] = [
      client.elect("a", () => {}),
      client.acquire("b"),
      client.terms("c").next(),
      leaders.next(),
    ].map((wait: Promise<unknown>) => wait.catch((error: unknown) => error));
    await settle();
    group.cut(CLOSE.forbidden, "this needs the role contend");
    const reason = {
      code: "client_closed",
      message: expect.stringMatching(
        / was closed \(4403\): .*; the server says: this needs the role contend; the client is closed$/,
      ),
      cause: expect.any(UnauthorizedError),
    };
    for (const wait of waits) {
      expect(await wait).toBeInstanceOf(ClientClosedError);
      expect(await wait).toMatchObject(reason);
    }
    await expect(client.getLeader("x")).rejects.toMatchObject(reason);
    expect(() => client.contend("x")).toThrow(expect.objectContaining(reason));
    expect(uncaught).not.toHaveBeenCalled();
  });

  test("[E13] after close() they reject with that", async () => {
    const client = new FakeGroup().client();
    await client.close();
    const said = { message: "the client is closed: close() was called" };
    await expect(client.elect("x", () => {})).rejects.toMatchObject(said);
  });

  test("[E13] a contender that the group refuses says so where uncaught errors go", async () => {
    const { uncaught } = shown();
    const group = new FakeGroup();
    group.refused.add("x");
    const client = group.client();
    client.contend("x");
    await settle();
    expect(uncaught.mock.calls).toMatchObject([[{ code: "election_mismatch" }]]);
    await client.close();
  });

  test("[E13] a client that can't connect for five seconds warns, once in its life, and says where and why", async () => {
    const { uncaught, warned } = shown();
    const group = new FakeGroup();
    group.refusesWith = LOST;
    const client = group.client();
    client.contend("x");
    await group.clock.advance(4_000);
    expect(warned).not.toHaveBeenCalled();
    await group.clock.advance(30 * MINUTE);
    expect(warned.mock.calls).toMatchObject([
      [expect.stringMatching(/\/v1\/groups\/g\/session can't be reached: check/)],
    ]);
    expect(uncaught).not.toHaveBeenCalled();
    await client.close();
  });

  test("[E13] an outage of a moment is nobody's business", async () => {
    const { warned } = shown();
    const group = new FakeGroup();
    const client = group.client();
    client.contend("x");
    await settle();
    for (let times = 0; times < 5; times++) {
      group.cut();
      await group.clock.advance(3_000);
    }
    expect(warned).not.toHaveBeenCalled();
    await client.close();
  });
});
