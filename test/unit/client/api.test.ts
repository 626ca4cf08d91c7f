import { getEventListeners } from "node:events";
import { describe, expect, test, vi } from "vitest";
import {
  ClientClosedError,
  DuplicateContenderError,
  ElectionError,
  type Leadership,
  LeadershipLostError,
  ProtocolError,
  UnauthorizedError,
} from "../../../client/index.ts";
import { parseFence } from "../../../shared/fence.ts";
import { CLOSE, closeMeaning } from "../../../shared/protocol/close-codes.ts";
import { clocksStandStill } from "../../support/seeded.ts";
import { wrong } from "../../support/wrong.ts";
import { FakeGroup, leadershipOf, settle } from "./fake-group.ts";
import { resign } from "./play.ts";

/** Callbacks that write down their calls. */
function diary() {
  const entries: string[] = [];
  const errors: unknown[] = [];
  return {
    entries,
    errors,
    onGrant: (leadership: Leadership) => void entries.push(`+${leadership.component} ${leadership.leaderSessionId}`),
    onRevoke: (leadership: Leadership, reason: string) =>
      void entries.push(`-${leadership.component} ${leadership.leaderSessionId} ${reason}`),
    onError: (error: unknown) => void errors.push(error),
  };
}

const SESSION = "http://group.example/base/v1/groups/g/session";

describe("contend", () => {
  test("[C1] [K4] grants, and takes back: leadership, signal and hasLeadership say the same", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const { entries, ...callbacks } = diary();
    const x = client.contend("x", callbacks);
    expect([x.leadership, x.hasLeadership()]).toEqual([null, false]);
    await settle();
    expect(entries).toEqual(["+x L1"]);
    const leadership = leadershipOf(x);
    expect(leadership.epoch).toBe(1);
    expect([x.hasLeadership("L1"), x.hasLeadership("L0"), x.hasLeadership()]).toEqual([true, false, true]);
    expect(leadership.remainingMs()).toBe(8_000);

    group.electing = false;
    group.revoke("preempted");
    expect(x.hasLeadership()).toBe(false);
    expect(leadership.isLeader()).toBe(false);
    expect(leadership.signal.reason).toMatchObject({ code: "leadership_lost", reason: "preempted" });
    expect(() => leadership.assertLeader()).toThrow(LeadershipLostError);
    await settle();
    expect(entries).toEqual(["+x L1", "-x L1 preempted"]);
    expect(group.types()).toContain("release");
  });

  test("[FG5] every leadership gives the header that a guard reads, the same one after its end", async () => {
    const group = new FakeGroup();
    const client = group.client({ group: "team/a" });
    const contender = client.contend("jobs/42:run");
    const acquired = await client.acquire("y");
    const { leadership } = contender;
    if (leadership === null) throw new Error("no leadership");
    const headers = { "Edge-Election-Fence": "team%2Fa/jobs%2F42%3Arun/1/L1" };
    expect(leadership.headers()).toEqual(headers);
    expect(parseFence(leadership.headers()["Edge-Election-Fence"])).toEqual({
      group: "team/a",
      component: "jobs/42:run",
      epoch: leadership.epoch,
      leaderSessionId: leadership.leaderSessionId,
    });
    expect(parseFence(acquired.headers()["Edge-Election-Fence"])).toMatchObject({ component: "y", epoch: 1 });
    group.electing = false;
    group.revoke();
    await settle();
    expect(leadership.isLeader()).toBe(false);
    expect(leadership.headers()).toEqual(headers);
  });

  test("[K4] [S6] isLeader is false at the first instruction after the event loop was blocked past the lease, if the clock moves meanwhile", async () => {
    const group = new FakeGroup();
    const x = group.client().contend("x");
    await settle();
    group.clock.block(8_000);
    expect(x.hasLeadership()).toBe(clocksStandStill);
  });

  test("[C5] [G7] a throw in a callback reaches the onError of its own contender, and nobody else", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const [first, second] = [diary(), diary()];
    const bang = new Error("bang");
    client.contend("x", {
      ...first,
      onGrant() {
        throw bang;
      },
      async onRevoke() {
        throw bang;
      },
    });
    client.contend("y", second);
    await settle();
    group.revoke();
    await settle();
    expect(first.errors).toEqual([bang, bang, bang]);
    expect(second.errors).toEqual([]);
    expect(second.entries).toEqual(["+y L1", "-y L1 revoked", "+y L2"]);
  });

  test("[C5] without onError of its own, it goes to the client's", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const errors: unknown[] = [];
    const forget = client.onError((error) => errors.push(error));
    client.contend("x", {
      onGrant() {
        throw new Error("bang");
      },
    });
    await settle();
    expect(errors).toEqual([new Error("bang")]);
    forget();
  });

  test("[C1] onRevoke is called while the promise of onGrant is pending, and the next grant waits for its own", async () => {
    const group = new FakeGroup();
    const { entries, ...callbacks } = diary();
    const stopped = Promise.withResolvers<void>();
    group.client().contend("x", {
      ...callbacks,
      onGrant(leadership) {
        callbacks.onGrant(leadership);
        return new Promise(() => {});
      },
      onRevoke(leadership, reason) {
        callbacks.onRevoke(leadership, reason);
        return stopped.promise;
      },
    });
    await settle();
    group.revoke();
    await group.clock.advance(20_000);
    expect(entries).toEqual(["+x L1", "-x L1 revoked"]);
    stopped.resolve();
    await settle();
    expect(entries.at(-1)).toMatch(/^\+x L/);
  });

  test("[C9] [X5] a second contender of a component is refused at once; the first keeps working", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const x = client.contend("x");
    expect(() => client.contend("x")).toThrow(DuplicateContenderError);
    await settle();
    expect(x.hasLeadership()).toBe(true);
  });

  test("[X4] the component is free once close() was called; the new one is granted after the old one has stopped", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const { entries, ...callbacks } = diary();
    const stopped = Promise.withResolvers<void>();
    client.contend("y");
    const x = client.contend("x", { ...callbacks, onRevoke: () => stopped.promise });
    await settle();
    const closing = x.close();
    const again = client.contend("x", callbacks);
    await settle();
    expect(entries).toEqual(["+x L1"]);
    stopped.resolve();
    await closing;
    await settle();
    expect(entries).toEqual(["+x L1", "+x L1"]);
    expect(again.hasLeadership("L1")).toBe(true);
    expect(x.hasLeadership()).toBe(false);
  });

  test("[C11] [G8] registering, closing, resigning and confirming inside callbacks is safe", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const late = diary();
    const x = client.contend("x", {
      async onGrant(leadership) {
        client.contend("late", late);
        void client.contend("brief").close();
        await leadership.confirm("here");
        void leadership.resign();
      },
      onRevoke() {
        void x.close();
        void x.close();
      },
    });
    await settle();
    expect(late.entries).toContain("+late L2");
    expect(group.types().filter((type) => type === "resign")).toHaveLength(1);
    expect(x.hasLeadership()).toBe(false);
  });

  test("[E3] a lost connection reaches onError of every contender, and the client's, typed; retries go on by themselves", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const [first, second] = [diary(), diary()];
    const errors: unknown[] = [];
    client.onError((error) => errors.push(error));
    client.contend("x", first);
    client.contend("y", second);
    await settle();
    group.cut();
    for (const heard of [first.errors, second.errors, errors]) {
      expect(heard).toMatchObject([{ code: "connection_lost", retryable: true }]);
    }
    expect(client.state).toBe("suspended");
    await group.clock.advance(300);
    expect(client.state).toBe("connected");
    expect(first.entries).toEqual(["+x L1"]);
  });

  test("[E3] one lost connection reaches the client's onError once, however many contenders have none of their own", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const errors: unknown[] = [];
    client.onError((error) => errors.push(error));
    client.contend("x");
    client.contend("y");
    void client.elect("z", () => {});
    await settle();
    group.cut();
    expect(errors).toMatchObject([{ code: "connection_lost" }]);
  });

  test("[C5] an error that nobody listens for, and one of a listener, is reported as uncaught and harms nobody", async () => {
    const uncaught = vi.fn();
    vi.stubGlobal("reportError", uncaught);
    const group = new FakeGroup();
    const client = group.client();
    const [first, second] = [new Error("of a callback"), new Error("of a listener")];
    const x = client.contend("x", { onGrant: () => Promise.reject(first) });
    await settle();
    client.onStateChange(() => {
      throw second;
    });
    client.onError(() => {
      throw second;
    });
    group.cut();
    await group.clock.advance(300);
    expect(uncaught.mock.calls).toEqual([[first], [second], [second], [second]]);
    expect(x.hasLeadership()).toBe(true);
    vi.unstubAllGlobals();
    const written = vi.spyOn(console, "error").mockImplementation(() => {});
    const other = new FakeGroup();
    other.client().contend("x", { onGrant: () => Promise.reject(first) });
    await settle();
    expect(written.mock.calls).toEqual([[first]]);
    written.mockRestore();
  });

  test("[D2] [E6] a refused registration reaches the onError of its contender, and nobody else", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const [x, y] = [diary(), diary()];
    group.refused.add("x");
    client.contend("x", x);
    client.contend("y", y);
    await settle();
    expect(x.errors).toMatchObject([{ code: "election_mismatch", retryable: true }]);
    expect(y.errors).toEqual([]);
    expect(y.entries).toEqual(["+y L1"]);
  });

  test("[G9] a frame that makes no sense is reported once, and does no damage", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const errors: unknown[] = [];
    client.onError((error) => errors.push(error));
    const x = client.contend("x");
    await settle();
    group.say({ type: "revoke", leaderSessionId: "L99", reason: "revoked", drainMs: 0 });
    group.socket.emit("message", { data: "{" });
    group.socket.emit("message", { data: '{"type":"grant","epoch":"1"}' });
    group.socket.emit("message", { data: new ArrayBuffer(1) });
    expect(errors).toHaveLength(4);
    for (const error of errors) expect(error).toBeInstanceOf(ProtocolError);
    for (const error of errors) expect(String(error)).toMatch(/use the same version of the package on both sides$/);
    expect(String(errors[0])).toContain("/session has sent a revoke that makes no sense here, and it was ignored");
    expect(String(errors[2])).toContain("a frame that can't be read, and it was ignored: election must be");
    expect(x.hasLeadership()).toBe(true);
  });
});

test("[G9] a reason that this version does not know means revoked", async () => {
  const group = new FakeGroup();
  const { entries, ...callbacks } = diary();
  group.client().contend("x", callbacks);
  await settle();
  group.electing = false;
  group.revoke(wrong("moved"));
  expect(entries).toEqual(["+x L1", "-x L1 revoked"]);
});

test.each(["connecting", "connected"])(
  "[C11] a listener that closes the client when it is %s keeps no other listener believing that it is",
  async (state) => {
    const client = new FakeGroup().client();
    const heard: string[] = [];
    client.onStateChange((now) => now === state && void client.close());
    client.onStateChange((now) => heard.push(now));
    client.contend("x");
    await settle();
    expect([client.state, heard.at(-1), heard.includes(state)]).toEqual(["closed", "closed", false]);
  },
);

describe("confirm", () => {
  test("[C7] publishes, and resolves when it is published", async () => {
    const group = new FakeGroup();
    const client = group.client({ process: { address: "http://me" } });
    const x = client.contend("x");
    await settle();
    await leadershipOf(x).confirm("http://here", { zone: "a" });
    expect(group.heard.at(-1)).toMatchObject({ type: "confirm", address: "http://here", metadata: { zone: "a" } });
  });

  test("[C7] waits through a blip and is sent again; every call resolves, the newest is what counts", async () => {
    const group = new FakeGroup();
    const x = group.client().contend("x");
    await settle();
    group.reachable = false;
    const first = leadershipOf(x).confirm("a");
    const second = leadershipOf(x).confirm("b");
    await settle();
    group.cut();
    group.reachable = true;
    await group.clock.advance(300);
    await Promise.all([first, second]);
    expect(group.heard.filter(({ type }) => type === "confirm")).toMatchObject([{ address: "b" }]);
  });

  test("[C7] leaves nothing behind on the signal, however often something is published", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const x = client.contend("x");
    await settle();
    const { leadership } = x;
    if (leadership === null) throw new Error("no leadership");
    for (const address of ["a", "b", "c"]) await leadership.confirm(address);
    group.reachable = false;
    const waiting = leadership.confirm("d").catch((error) => error);
    expect(getEventListeners(leadership.signal, "abort")).toEqual([]);
    void client.resign();
    expect(await waiting).toBe(leadership.signal.reason);
  });

  test("[C7] [K6] one that waits is not touched when a sibling leaves", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const [x, y] = [client.contend("x"), client.contend("y")];
    await settle();
    group.reachable = false;
    const outcomes: string[] = [];
    leadershipOf(x)
      .confirm("a")
      .catch(({ reason }) => outcomes.push(`x ${reason}`));
    leadershipOf(y)
      .confirm("b")
      .catch(({ reason }) => outcomes.push(`y ${reason}`));
    void y.close();
    await settle();
    expect(outcomes).toEqual(["y closed"]);
    void x.close();
    await settle();
    expect(outcomes).toEqual(["y closed", "x closed"]);
  });

  test("[C7] [K2] rejects with LeadershipLostError when the term ends, and when the server knows better", async () => {
    const group = new FakeGroup();
    group.reachable = true;
    const client = group.client();
    const x = client.contend("x");
    await settle();
    const leadership = leadershipOf(x);
    group.reachable = false;
    const waiting = leadership.confirm("a");
    void client.resign();
    await expect(waiting).rejects.toMatchObject({ code: "leadership_lost", reason: "resigned" });
    await expect(leadership.confirm("b")).rejects.toBeInstanceOf(LeadershipLostError);
  });

  test("[K2] not_leader from the server rejects with LeadershipLostError", async () => {
    const group = new FakeGroup();
    const x = group.client().contend("x");
    await settle();
    group.reachable = false;
    const waiting = leadershipOf(x).confirm("a");
    await settle();
    group.say({ type: "error", code: "not_leader", message: "stale", id: "2", component: "x" });
    await expect(waiting).rejects.toBeInstanceOf(LeadershipLostError);
  });
});

describe("resign", () => {
  test("[N3] resolves when every onRevoke has settled and the message is handed over", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const stopped = Promise.withResolvers<void>();
    const log: string[] = [];
    const x = client.contend("x", { onRevoke: () => stopped.promise });
    await settle();
    group.electing = false;
    const done = client.resign("process", { successor: "S9" }).then(() => log.push("resigned"));
    await settle();
    expect(log).toEqual([]);
    stopped.resolve();
    await done;
    await settle();
    expect(group.heard.at(-1)).toEqual(resign("L1", "S9"));
    await client.resign();
    expect(x.hasLeadership()).toBe(false);
  });
});

describe("resign, by the leadership", () => {
  test("[S7] of an ended term is a no-op, even while another is led", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const x = client.contend("x");
    await settle();
    const old = x.leadership;
    group.revoke();
    await settle();
    expect(leadershipOf(x).epoch).toBe(2);
    await old?.resign();
    expect(leadershipOf(x).epoch).toBe(2);
    expect(group.types()).not.toContain("resign");
  });

  test("[C11] inside onRevoke it is a no-op that waits for nothing", async () => {
    const group = new FakeGroup();
    const log: string[] = [];
    const client = group.client();
    client.contend("x", {
      async onRevoke(leadership) {
        await Promise.all([leadership.resign(), client.resign()]);
        log.push("stopped");
      },
    });
    await settle();
    group.revoke();
    await settle();
    expect(log).toEqual(["stopped"]);
  });
});

describe("validation is local first", () => {
  const options = { url: "http://x", group: "g" };
  test.each([
    ["url", { ...options, url: "no url" }],
    ["group", { ...options, group: "a b" }],
    ["priority", { ...options, priority: Number.NaN }],
    ["priority", { ...options, priority: 1e7 }],
    ["process name", { ...options, process: { name: "x".repeat(129) } }],
    ["address", { ...options, process: { address: "x".repeat(2_049) } }],
    ["metadata", { ...options, process: { metadata: { a: "x".repeat(2_048) } } }],
    ["metadata", { ...options, process: { metadata: { a: "ä".repeat(1_021) } } }],
    ["metadata", { ...options, process: { metadata: wrong({ a: 1 }) } }],
    ["metadata", { ...options, process: { metadata: wrong(new Map()) } }],
    ["metadata", { ...options, process: { metadata: wrong(null) } }],
    ["metadata", { ...options, process: { metadata: wrong(["a"]) } }],
    ["metadata", { ...options, process: { metadata: wrong(new Date()) } }],
    ["process", { ...options, process: wrong(null) }],
    ["lingerMs", { ...options, lingerMs: -1 }],
    ["onDisconnect", { ...options, onDisconnect: wrong("never") }],
  ])("[E2] a wrong %s throws a TypeError", (_, wrong) => {
    expect(() => new FakeGroup().client(wrong)).toThrow(expect.objectContaining({ name: "TypeError" }));
  });

  test.each([
    ["metadata of 2,048 bytes", { ...options, process: { metadata: { a: "ä".repeat(1_020) } } }],
    [
      "metadata without a prototype",
      { ...options, process: { metadata: Object.assign(Object.create(null), { a: "b" }) } },
    ],
    ["a priority that changes by itself", { ...options, priority: () => {} }],
  ])("[E2] %s is right", (_, right) => {
    expect(new FakeGroup().client(right).state).toBe("idle");
  });

  test("[E2] contend and setPriority throw a TypeError, promises reject with invalid_argument, and nothing is sent", async () => {
    const group = new FakeGroup();
    const client = group.client();
    expect(() => client.contend("no name")).toThrow(TypeError);
    expect(() => client.contend("x", {}, { priority: 1 })).toThrow(TypeError);
    expect(() => client.setPriority(Number.POSITIVE_INFINITY)).toThrow(TypeError);
    const invalid = { code: "invalid_argument" };
    await expect(client.elect("no name", () => {})).rejects.toMatchObject(invalid);
    await expect(client.acquire("no name")).rejects.toMatchObject(invalid);
    await expect(client.terms("no name").next()).rejects.toMatchObject(invalid);
    await expect(client.observe("no name").next()).rejects.toMatchObject(invalid);
    await expect(client.getLeader("..")).rejects.toMatchObject(invalid);
    await expect(client.resign("process", { successor: "" })).rejects.toMatchObject(invalid);
    await expect(client.resign(wrong("nonsense"))).rejects.toMatchObject(invalid);
    expect(group.sockets).toEqual([]);
    const x = client.contend("x");
    await settle();
    await expect(leadershipOf(x).confirm("x".repeat(2_049))).rejects.toMatchObject(invalid);
    await expect(leadershipOf(x).confirm("a", { a: "x".repeat(2_048) })).rejects.toMatchObject(invalid);
    for (const metadata of [["a"], new Map([["a", "b"]]), new Date(), { a: 1 }, { a: undefined }, "a", null]) {
      await expect(leadershipOf(x).confirm("a", wrong(metadata))).rejects.toMatchObject(invalid);
    }
    expect(group.types()).not.toContain("confirm");
  });
});

describe("the session", () => {
  test("[E1] connects to the group's endpoint with the token as a subprotocol, asked anew at every attempt", async () => {
    const group = new FakeGroup();
    let asked = 0;
    const client = group.client({ token: async () => `t?>${++asked}` });
    client.contend("x");
    await settle();
    expect(group.socket.url).toBe("ws://group.example/base/v1/groups/g/session");
    expect(group.socket.protocols).toEqual(["edge-election.v1", "bearer.dD8-MQ"]);
    group.cut(CLOSE.unauthorized);
    await group.clock.advance(300);
    expect(group.socket.protocols[1]).toBe("bearer.dD8-Mg");
  });

  test("[E3] a token that can't be had is reported, and asked for again", async () => {
    const group = new FakeGroup();
    const errors: unknown[] = [];
    let asked = 0;
    const client = group.client({
      token() {
        asked += 1;
        if (asked < 3) throw new Error("no token");
        return "t";
      },
    });
    client.onError((error) => errors.push(error));
    client.contend("x");
    await settle();
    const message = "the function `token` has failed: no token";
    expect(errors).toMatchObject([{ code: "token_failed", message, cause: new Error("no token"), retryable: true }]);
    expect(client.health().lastError).toEqual({ code: "token_failed", message });
    await group.clock.advance(2_000);
    expect(client.state).toBe("connected");
  });

  test.each([
    ["an empty text", ""],
    ["a text that is no such word", "<html>\n<title>502 Bad Gateway</title>"],
    ["undefined", undefined],
    ["object", { token: "t" }],
  ])(
    "[N12] a function that returns %s has no token: nothing is opened, and it is asked again",
    async (what, answer) => {
      const group = new FakeGroup();
      const errors: unknown[] = [];
      let away = true;
      const client = group.client({ token: async () => (away ? wrong(answer) : "t") });
      client.onError((error) => errors.push(error));
      client.contend("x");
      await group.clock.advance(60_000);
      expect(group.sockets).toEqual([]);
      const cause = { code: "invalid_argument", message: expect.stringContaining(what) };
      expect(errors[0]).toMatchObject({ code: "token_failed", cause });
      expect(client.state).toBe("connecting");
      away = false;
      await group.clock.advance(10_000);
      expect(client.state).toBe("connected");
      await client.close();
    },
  );

  test("[N12] a function whose token is refused for a minute is asked until it has a good one", async () => {
    const group = new FakeGroup();
    const errors: unknown[] = [];
    const client = group.client({ token: () => "t" });
    client.onError((error) => errors.push(error));
    client.contend("x");
    await settle();
    for (let refusal = 0; refusal < 20; refusal++) {
      group.cut(CLOSE.unauthorized);
      await group.clock.advance(20_000);
    }
    expect(client.state).toBe("connected");
    expect(errors).toHaveLength(20);
    for (const error of errors) expect(error).toMatchObject({ code: "unauthorized", retryable: true });
  });

  test("[N12] a fixed token that is refused five times in a row closes the client, and every error says so", async () => {
    const group = new FakeGroup();
    const errors: unknown[] = [];
    const client = group.client({ token: "t" });
    client.onError((error) => errors.push(error));
    client.contend("x");
    await settle();
    group.reachable = false;
    for (let refusal = 0; refusal < 5; refusal++) {
      const { length } = group.sockets;
      group.cut(CLOSE.unauthorized);
      for (let waited = 0; group.sockets.length === length && waited < 10_000; waited += 50)
        await group.clock.advance(50);
    }
    const last = { retryable: false, message: expect.stringMatching(/ \(failure 5 in \d+ s\); the client is closed$/) };
    expect(errors).toMatchObject([{ retryable: false }, last]); // the first, and the last
    expect(client.state).toBe("closed");
    expect(() => client.contend("y")).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ code: "unauthorized", retryable: false }) }),
    );
  });

  test("[N12] white space around a token is no part of it; any other text that is no token is refused at once", async () => {
    const group = new FakeGroup();
    group.client({ token: " t?>1\r\n" }).contend("x");
    await settle();
    expect(group.socket.protocols[1]).toBe("bearer.dD8-MQ");
    group.client({ token: () => "t?>2\n" }).contend("x");
    await settle();
    expect(group.socket.protocols[1]).toBe("bearer.dD8-Mg");
    for (const token of ["", "\n", "two words", "t\u00e4"]) {
      expect(() => group.client({ token })).toThrow(/^token .*one word/);
    }
  });

  test("[E1] an upgrade through a fetcher works the same", async () => {
    const group = new FakeGroup();
    const requests: [string, Record<string, string>][] = [];
    const client = group.client({
      token: "t",
      fetcher: {
        async fetch(url, { headers }) {
          requests.push([url, headers]);
          const socket = group.accept();
          return { status: 101, webSocket: socket, json: async () => null };
        },
      },
    });
    const x = client.contend("x");
    await settle();
    expect(x.hasLeadership()).toBe(true);
    expect(requests).toEqual([
      [
        "http://group.example/base/v1/groups/g/session",
        { authorization: "Bearer t", upgrade: "websocket", "sec-websocket-protocol": "edge-election.v1" },
      ],
    ]);
  });

  test("[E1] states follow the connection, and the undo of a listener works", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const states: string[] = [];
    const forget = client.onStateChange((state) => states.push(state));
    const x = client.contend("x");
    await settle();
    expect(client.sessionId).toBe("S1");
    group.cut();
    await group.clock.advance(300);
    await x.close();
    expect(states).toEqual(["connecting", "connected", "suspended", "connected", "idle"]);
    expect(group.clock.timers).toBe(0);
    forget();
    await client.close();
    expect(states).toHaveLength(5);
    expect(client.state).toBe("closed");
  });

  test("[C10] [X6] close revokes, drains, sends bye; afterwards everything rejects with a clear error", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const { entries, ...callbacks } = diary();
    client.contend("x", callbacks);
    await settle();
    const electing = client.elect("y", () => new Promise(() => {}));
    const observing = client.observe("z").next();
    const observed = client.observe("w");
    await observed.next();
    const next = observed.next();
    await settle();
    const closed = expect(Promise.all([client.close(), client.close()])).resolves.toBeDefined();
    await group.clock.advance(10_000);
    await closed;
    expect(entries).toEqual(["+x L1", "-x L1 closed"]);
    expect(group.types().at(-1)).toBe("bye");
    await expect(next).rejects.toBeInstanceOf(ClientClosedError);
    await observing;
    expect(() => client.contend("x")).toThrow(ClientClosedError);
    await expect(client.elect("x", () => {})).rejects.toBeInstanceOf(ClientClosedError);
    await expect(client.acquire("x")).rejects.toBeInstanceOf(ClientClosedError);
    await expect(client.observe("x").next()).rejects.toBeInstanceOf(ClientClosedError);
    await expect(client.resign()).rejects.toBeInstanceOf(ClientClosedError);
    electing.catch(() => {});
  });

  test("[C10] close resolves when the socket has closed, by then bye has left; after a second it waits no longer", async () => {
    for (const closing of [true, false]) {
      const group = new FakeGroup();
      const client = group.client();
      client.contend("x");
      await settle();
      group.closing = false;
      const log: string[] = [];
      const closed = client.close().then(() => log.push("closed"));
      await group.clock.advance(999);
      expect([client.state, group.types().at(-1), ...log]).toEqual(["closed", "bye"]);
      if (closing) group.socket.closed(1000);
      else await group.clock.advance(1);
      await closed;
      expect(group.clock.timers).toBe(0);
    }
  });

  test.each([1006, ...Object.values(CLOSE)])(
    "[E3] [E11] the error of a close with %i says whether it can pass by itself, what is wrong, and what the server says",
    async (code) => {
      const group = new FakeGroup();
      const errors: unknown[] = [];
      const client = group.client({ token: "t" });
      client.onError((error) => errors.push(error));
      client.contend("x");
      await settle();
      group.cut(code, "because");
      await settle();
      const { error, message } = closeMeaning(code);
      const isClosed = client.state === "closed";
      const what = `the connection to ${SESSION} was closed (${code}): ${message}; the server says: because`;
      const retryable = !isClosed && error !== "unauthorized"; // the same token is as wrong the next time
      expect(errors).toMatchObject([
        { code: error, message: isClosed ? `${what}; the client is closed` : what, retryable },
      ]);
    },
  );

  test("[E2] a fatal close rejects everything with ClientClosedError, and its cause says why", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const { entries, ...callbacks } = diary();
    const elected = client.elect("y", (leadership) => {
      return new Promise((resolve) => leadership.signal.addEventListener("abort", resolve));
    });
    const x = client.contend("x", callbacks);
    await settle();
    const observed = client.observe("z");
    await observed.next();
    const next = observed.next();
    const rejected = Promise.all([
      expect(elected).rejects.toMatchObject({ code: "client_closed", cause: expect.any(UnauthorizedError) }),
      expect(next).rejects.toMatchObject({ code: "client_closed" }),
    ]);
    await settle();
    group.cut(CLOSE.forbidden);
    await settle();
    await rejected;
    expect(entries).toEqual(["+x L1", "-x L1 lost"]);
    expect(client.state).toBe("closed");
    expect(x.hasLeadership()).toBe(false);
    expect(() => client.contend("z")).toThrow(ElectionError);
    await client.close();
  });
});
