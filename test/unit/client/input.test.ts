/** What users pass in: it works, or it is refused at once in a sentence that names what is allowed. */
import { describe, expect, test } from "vitest";
import {
  ClientClosedError,
  type ClientOptions,
  DuplicateContenderError,
  ElectionError,
  LeadershipLostError,
  ProtocolError,
  UnauthorizedError,
} from "../../../client/index.ts";
import { createElectionClient } from "../../../client/node/index.ts";
import { wrong } from "../../support/wrong.ts";
import { FakeGroup, settle } from "./fake-group.ts";

describe("the address", () => {
  test.each([
    ["http://h", "http://h/v1/groups/g"],
    ["HTTP://H:80/", "http://h/v1/groups/g"],
    ["ws://h", "http://h/v1/groups/g"],
    ["wss://h:8443/base//", "https://h:8443/base/v1/groups/g"],
    [" http://h///", "http://h/v1/groups/g"],
  ])("[E2] %s works", async (url, expected) => {
    const asked: string[] = [];
    const fetcher = {
      async fetch(address: string) {
        asked.push(address);
        return { status: 200, json: async () => ({ elections: [] }) };
      },
    };
    await new FakeGroup().client({ url, fetcher }).getStatus();
    expect(asked).toEqual([expected]);
  });

  test.each([
    ["", "absolute address"],
    ["localhost", "absolute address"],
    ["localhost:8787", "begins with localhost:"],
    ["/elections", "absolute address"],
    ["//127.0.0.1:1", "absolute address"],
    ["ftp://h", "begins with ftp:"],
    ["file:///tmp/x", "begins with file:"],
    ["javascript:1", "begins with javascript:"],
    ["http:h", "must have // after http:"],
    ["http://h/?token=secret", "nothing reads what follows ?"],
    ["http://h/#secret", "nothing reads what follows ? or #"],
    ["http://me:secret@h", "give a token"],
    ["http://me:secret@h:port", 'it is "http://…@h:port"'],
  ])("[E2] %j is refused at once, with what is wrong", (url, problem) => {
    expect(() => new FakeGroup().client({ url })).toThrow(
      expect.objectContaining({
        name: "TypeError",
        code: "invalid_argument",
        message: expect.stringContaining(problem),
      }),
    );
    expect(() => new FakeGroup().client({ url })).not.toThrow("secret");
  });
});

describe("values of the wrong type", () => {
  const options: ClientOptions = { url: "http://x", group: "g" };
  test.each([
    ["options", null],
    ["url", { ...options, url: new URL("http://x") }],
    ["group", { ...options, group: undefined }],
    ["token", { ...options, token: 1 }],
    ["fetcher", { ...options, fetcher: {} }],
    ["WebSocket", { ...options, WebSocket: {} }],
    ["clock", { ...options, clock: { monotonic: (): number => 0 } }],
    ["page", { ...options, page: true }],
    ["priority", { ...options, priority: "high" }],
    ["drainMs", { ...options, drainMs: "1 s" }],
    ["process", { ...options, process: [] }],
  ])("[E2] of a client's %s are refused with a sentence that names it", (field, given) => {
    const make = () => new FakeGroup().client(wrong(given ?? { url: null }));
    expect(make).toThrow(TypeError);
    if (given) expect(make).toThrow(field);
  });

  test("[E2] options that are unknown are refused with those that there are; an object of a class may hold more", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const unknown = "is unknown: the options are ";
    expect(() => group.client(wrong({ url: "http://x", leaseMs: 1 }))).toThrow(`leaseMs ${unknown}url, group, token`);
    expect(() => createElectionClient(wrong({ ...options, signal: "SIGTERM" }))).toThrow(`signal ${unknown}url`);
    expect(() => client.contend("x", {}, wrong({ dedicated: true }))).toThrow(`dedicated ${unknown}election, priority`);
    await expect(client.elect("x", () => {}, wrong({ waitMS: 5 }))).rejects.toThrow(`waitMS ${unknown}election`);
    await expect(client.getLeader("x", wrong({ timeoutMs: 5 }))).rejects.toThrow(`timeoutMs ${unknown}signal`);
    await expect(client.resign("process", wrong({ to: "b" }))).rejects.toThrow(`to ${unknown}successor`);
    await expect(client.tryElect("x", () => {}, wrong({ wait: 5 }))).rejects.toThrow(`wait ${unknown}election`);
    await expect(client.tryElect("x", () => {}, wrong({ ready: false }))).rejects.toThrow(`ready ${unknown}election`);
    await expect(client.close(wrong({ cleanUp: true }))).rejects.toThrow(`cleanUp ${unknown}cleanup`);
    await expect(client.close(wrong({ cleanup: "all" }))).rejects.toThrow("cleanup must be a boolean");
    await settle();
    expect(group.sockets).toEqual([]);
    class Wait {
      readonly waitMs = 5;
      readonly reason = "its own";
    }
    void client.elect("x", () => {}, new Wait()).catch(() => {});
    expect(client.health().waits).toEqual(["x"]);
  });

  test("[E2] one set of options serves Node and pages: `signals` is known, and does nothing, where there are none", () => {
    expect(() => new FakeGroup().client(wrong({ signals: ["SIGTERM"] }))).not.toThrow();
  });

  test("[E2] of contend, scopes, observers and listeners are refused at once, and nothing takes a place in the queue", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const refused = [
      () => client.contend("x", wrong(null)),
      () => client.contend("x", wrong({ onGrant: 1 })),
      () => client.contend("x", {}, wrong(null)),
      () => client.contend("x", {}, wrong({ election: "both" })),
      () => client.onError(wrong("log")),
      () => client.onStateChange(wrong(undefined)),
      () => client.setPriority(wrong("1")),
    ];
    for (const call of refused) expect(call).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    const invalid = { code: "invalid_argument", name: "TypeError" };
    await expect(client.elect("x", wrong("no function"))).rejects.toMatchObject(invalid);
    await expect(client.elect("x", () => {}, wrong(null))).rejects.toMatchObject(invalid);
    await expect(client.acquire("x", { signal: wrong("now") })).rejects.toMatchObject(invalid);
    await expect(client.acquire("x", { waitMs: -1 })).rejects.toMatchObject(invalid);
    await expect(client.terms("x", wrong(null)).next()).rejects.toMatchObject(invalid);
    await expect(client.observe("x", wrong(null)).next()).rejects.toMatchObject(invalid);
    await expect(client.getLeader("x", wrong(null))).rejects.toMatchObject(invalid);
    await expect(client.resign("process", wrong(null))).rejects.toMatchObject(invalid);
    await settle();
    expect([group.sockets, client.health().waits]).toEqual([[], []]);
  });
});

test.each(["SIGTERM", ["sigterm"], ["SIGKILL"], 5, true, null])(
  "[E2] signals: %j is refused when a client for Node is made",
  (signals) => {
    const make = () => createElectionClient({ url: "http://x", group: "g", signals: wrong(signals) });
    expect(make).toThrow(
      expect.objectContaining({ code: "invalid_argument", message: expect.stringContaining("signals") }),
    );
  },
);

test("[E2] a client for Node without options is refused in a sentence", () => {
  expect(() => createElectionClient(wrong(undefined))).toThrow(
    expect.objectContaining({ code: "invalid_argument", message: "options must be an object; it is missing" }),
  );
});

test("[E2] an error without a cause shows none, and a contender shows nothing of the inside", () => {
  expect("cause" in new ElectionError("code")).toBe(false);
  expect(Object.keys(new FakeGroup().client().contend("x"))).toEqual([
    "component",
    "leadership",
    "hasLeadership",
    "close",
  ]);
});

test("[E2] every error has the name of its class", () => {
  const errors = [
    new ElectionError("code"),
    new LeadershipLostError("lost"),
    new DuplicateContenderError("code"),
    new ClientClosedError("code"),
    new UnauthorizedError("code"),
    new ProtocolError("code"),
  ];
  expect(errors.map((error) => String(error).replace(/:.*/, ""))).toEqual([
    "ElectionError",
    "LeadershipLostError",
    "DuplicateContenderError",
    "ClientClosedError",
    "UnauthorizedError",
    "ProtocolError",
  ]);
});

test("[E2] the error of a lost leadership says why it is over, and what to do", () => {
  const reasons = [
    ...(["resigned", "revoked", "preempted", "transferred", "expired"] as const),
    ...(["disconnected", "frozen", "lost", "closed"] as const),
  ];
  for (const reason of reasons) {
    const { message } = new LeadershipLostError(reason);
    expect(message).toMatch(/^the leadership is over \(\w+\): .{20,}; stop the work of this term$/);
    expect(message).toContain(`(${reason})`);
  }
});

test("[C5] every callback keeps its object as `this`, in contend and in scopes", async () => {
  class Worker {
    readonly told: string[] = [];
    onGrant(): void {
      this.told.push("granted");
      throw new Error("in onGrant");
    }
    onRevoke(): void {
      this.told.push("revoked");
      throw new Error("in onRevoke");
    }
    onError(error: unknown): void {
      if (error instanceof Error) this.told.push(error.message);
    }
  }
  const group = new FakeGroup();
  const client = group.client();
  const worker = new Worker();
  client.contend("x", worker);
  await settle();
  group.revoke();
  await settle();
  expect(worker.told.slice(0, 4)).toEqual(["granted", "in onGrant", "revoked", "in onRevoke"]);

  const scope = Object.assign(new Worker(), { confirm: "manual" as const });
  void client.elect(
    "y",
    async (leadership) => {
      await new Promise((stop) => leadership.signal.addEventListener("abort", stop));
      throw new Error("after the loss");
    },
    scope,
  );
  await settle();
  group.revoke();
  await settle();
  expect(scope.told).toEqual(["after the loss"]);
});

test("[C5] a loss that onGrant or onRevoke throws when its term is over is no error", async () => {
  const group = new FakeGroup();
  const client = group.client();
  const errors: unknown[] = [];
  client.onError((error) => errors.push(error));
  client.contend("x", {
    async onGrant(leadership) {
      await new Promise((stop) => leadership.signal.addEventListener("abort", stop));
      await leadership.confirm();
    },
    onRevoke: (leadership) => leadership.assertLeader(),
  });
  await settle();
  group.revoke();
  await settle();
  expect(errors).toEqual([]);
});

test("[E1] a client works behind a proxy that wraps it, and taken apart", async () => {
  const group = new FakeGroup();
  const proxied = new Proxy(group.client(), {});
  expect(proxied.state).toBe("idle");
  const { contend, health, close } = proxied;
  const x = contend("x");
  await settle();
  expect([x.hasLeadership(), health().status, proxied.state]).toEqual([true, "ok", "connected"]);
  await close();
});

describe("waiting can be given up", () => {
  test("[C10] [X3] return() of terms ends a next() that waits, and gives the place up", async () => {
    const group = new FakeGroup();
    group.electing = false;
    const client = group.client();
    const terms = client.terms("x");
    const next = terms.next();
    await settle();
    expect(await terms.return()).toEqual({ done: true, value: undefined });
    expect(await next).toEqual({ done: true, value: undefined });
    expect([client.health().waits, client.state, group.types().at(-1)]).toEqual([[], "idle", "bye"]);
    expect(await terms.next()).toEqual({ done: true, value: undefined });
  });

  test("[C12] [E1] return() of observe ends a next() that waits, and the session with it", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const leaders = client.observe("x");
    expect((await leaders.next()).value).toBeNull();
    const next = leaders.next();
    await settle();
    expect(await leaders.return()).toEqual({ done: true, value: undefined });
    expect(await next).toEqual({ done: true, value: undefined });
    expect([client.state, group.types().at(-1)]).toEqual(["idle", "bye"]);
  });

  test("[E1] one that is left before its first next() opens nothing, and is over", async () => {
    const group = new FakeGroup();
    const client = group.client();
    for (const loop of [client.terms("x"), client.observe("x")]) {
      await loop.return();
      expect(await loop.next()).toEqual({ done: true, value: undefined });
    }
    expect(group.sockets).toEqual([]);
  });

  test("[C12] next() calls that overlap are answered in their order", async () => {
    const group = new FakeGroup();
    const leaders = group.client().observe("x");
    const [first, second] = [leaders.next(), leaders.next()];
    expect((await first).value).toBeNull();
    group.publish({ component: "x", leaderSessionId: "L1", epoch: 1, address: "a" });
    expect((await second).value).toMatchObject({ leaderSessionId: "L1" });
  });

  test("[C12] throw() leaves it, and rejects with what was thrown", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const leaders = client.observe("x");
    await leaders.next();
    await expect(leaders.throw("enough")).rejects.toBe("enough");
    await settle();
    expect(client.state).toBe("idle");
  });
});

describe("look-ups", () => {
  const hanging = { fetch: () => new Promise<never>(() => {}) };
  const asks = [
    ["getLeader", (client: ReturnType<FakeGroup["client"]>) => client.getLeader("x")],
    ["getStatus", (client: ReturnType<FakeGroup["client"]>) => client.getStatus()],
  ] as const;

  test.each(asks)("[C10] close() ends a %s that waits, for the answer or for the token", async (_, ask) => {
    for (const options of [{ fetcher: hanging }, { token: () => new Promise<never>(() => {}) }]) {
      const client = new FakeGroup().client(options);
      const asked = expect(ask(client)).rejects.toBeInstanceOf(ClientClosedError);
      await settle();
      await client.close();
      await asked;
    }
  });

  test.each(asks)("[E3] %s gives up after 10 s, and may be tried again", async (_, ask) => {
    const group = new FakeGroup();
    const asked = expect(ask(group.client({ fetcher: hanging }))).rejects.toMatchObject({
      code: "timeout",
      retryable: true,
    });
    await group.clock.advance(10_000);
    await asked;
    expect(group.clock.timers).toBe(0);
  });

  test("[E1] a signal ends one with its reason, also before it has begun", async () => {
    const client = new FakeGroup().client({ fetcher: hanging });
    const outer = new AbortController();
    const asked = expect(client.getStatus({ signal: outer.signal })).rejects.toBe("enough");
    outer.abort("enough");
    await asked;
    await expect(client.getLeader("x", { signal: outer.signal })).rejects.toBe("enough");
  });

  test("[E3] a group that can't be reached, or answers with a page, gives a typed error", async () => {
    const offline = { fetch: () => Promise.reject(new TypeError("fetch failed")) };
    await expect(new FakeGroup().client({ fetcher: offline }).getStatus()).rejects.toMatchObject({
      code: "connection_failed",
      retryable: true,
      cause: expect.any(TypeError),
    });
    const page = { fetch: async () => ({ status: 200, json: () => Promise.reject(new SyntaxError("<html>")) }) };
    await expect(new FakeGroup().client({ fetcher: page }).getStatus()).rejects.toThrow("no deployment");
  });

  test("[E3] the group's reason for a refusal is passed on", async () => {
    const body = { error: { code: "unauthorized", message: "the token has expired: ask for a new one" } };
    const client = new FakeGroup().client({
      fetcher: { fetch: async () => ({ status: 401, json: async () => body }) },
    });
    await expect(client.getStatus()).rejects.toThrow("HTTP 401: the token has expired: ask for a new one");
  });
});

describe("waitMs", () => {
  test("[E1] that is longer than any timer waits without end", async () => {
    const group = new FakeGroup();
    const limit = 2 ** 31 - 1;
    for (const waitMs of [limit + 1, Number.MAX_SAFE_INTEGER, Infinity]) {
      const waiting = new AbortController();
      group.electing = false;
      const client = group.client();
      const acquired = client.acquire("x", { waitMs, signal: waiting.signal });
      await settle();
      const longer = group.clock.longestMs;
      waiting.abort();
      await expect(acquired).rejects.toMatchObject({ name: "AbortError" });
      expect(longer).toBeLessThanOrEqual(limit);
    }
  });

  test("[C10] [E3] acquire, elect and terms give up the wait, leave the queue, and reject", async () => {
    const group = new FakeGroup();
    group.electing = false;
    const client = group.client();
    const failure = { code: "wait_timeout", retryable: true, message: expect.stringContaining("waitMs (50 ms)") };
    const waits = [
      expect(client.acquire("x", { waitMs: 50 })).rejects.toMatchObject(failure),
      expect(client.elect("y", () => {}, { waitMs: 50 })).rejects.toMatchObject(failure),
      expect(client.terms("z", { waitMs: 50 }).next()).rejects.toMatchObject(failure),
    ];
    await group.clock.advance(49);
    expect(client.health().waits).toEqual(["x", "y", "z"]);
    await group.clock.advance(1);
    await Promise.all(waits);
    expect([client.state, client.health().waits, group.clock.timers]).toEqual(["idle", [], 0]);
  });

  test("[C10] a term that has begun is not touched", async () => {
    const group = new FakeGroup();
    const leadership = await group.client().acquire("x", { waitMs: 50 });
    await group.clock.advance(1_000);
    expect(leadership.isLeader()).toBe(true);
    await leadership.close();
  });
});
