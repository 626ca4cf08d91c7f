/** What callbacks return and throw, and when their term is reported as over (S2, C5, C11). */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Leadership } from "../../../client/index.ts";
import { FakeGroup, leadershipOf, settle } from "./fake-group.ts";

afterEach(() => vi.restoreAllMocks());

type Callbacks = Parameters<ReturnType<FakeGroup["client"]>["contend"]>[1];

/** A client that leads with these components. */
async function leading(callbacksOf: (component: string) => Callbacks, components = ["a"]) {
  const group = new FakeGroup();
  const client = group.client();
  const contenders = components.map((component) => client.contend(component, callbacksOf(component)));
  await settle();
  return { group, client, contenders };
}

const lose = async (group: FakeGroup): Promise<void> => {
  group.electing = false;
  group.revoke();
  await settle();
};

const releases = (group: FakeGroup): number => group.types().filter((type) => type === "release").length;

describe("[S2] a term is reported as over when onRevoke has settled, as `await` sees it", () => {
  test("in the event that has ended it, where onRevoke returns nothing", async () => {
    const { group } = await leading(() => ({ onRevoke: () => {} }));
    const send = vi.spyOn(group.socket, "send");
    group.revoke();
    expect(send.mock.calls.map(([frame]) => JSON.parse(frame).type)).toContain("release");
  });

  test("not before a proxy has settled whose `then` only a read shows", async () => {
    const stopped = Promise.withResolvers<void>();
    const remote = new Proxy(() => {}, {
      get: (_, key) => (key === "then" ? stopped.promise.then.bind(stopped.promise) : undefined),
    });
    const { group } = await leading(() => ({ onRevoke: () => remote }));
    await lose(group);
    expect(releases(group)).toBe(0);
    stopped.resolve();
    await settle();
    expect(releases(group)).toBe(1);
  });

  test("not before a promise has settled whose `then` was replaced", async () => {
    const stopped = Promise.withResolvers<void>();
    vi.spyOn(stopped.promise, "then").mockReturnValue(stopped.promise);
    const { group } = await leading(() => ({ onRevoke: () => stopped.promise }));
    await lose(group);
    expect(releases(group)).toBe(0);
    stopped.resolve();
    await settle();
    expect(releases(group)).toBe(1);
  });

  test("and is reported where a `then` throws when it is read", async () => {
    const onError = vi.fn();
    const broken = new Proxy(() => {}, {
      get() {
        throw new Error("no then");
      },
    });
    const { group } = await leading(() => ({ onError, onRevoke: () => broken }));
    await lose(group);
    expect(onError).toHaveBeenCalledExactlyOnceWith(new Error("no then"));
    expect(releases(group)).toBe(1);
  });
});

describe("[C5] where even the report of an error throws", () => {
  const forbidden = new Error("console.error is forbidden here");

  /** The platform's last resort, which would end a process. */
  function catchUncaught(): unknown[] {
    const caught: unknown[] = [];
    vi.stubGlobal("queueMicrotask", (work: () => void) =>
      Promise.resolve()
        .then(work)
        .catch((error: unknown) => caught.push(error)),
    );
    vi.stubGlobal("reportError", () => {
      throw forbidden;
    });
    return caught;
  }
  afterEach(() => vi.unstubAllGlobals());

  test("an onRevoke that throws harms neither the other components nor the client", async () => {
    const revoked: string[] = [];
    const { group, client, contenders } = await leading(
      (component) => ({
        onRevoke() {
          revoked.push(component);
          if (component === "a") throw new Error("of a");
        },
      }),
      ["a", "b"],
    );
    const signals = contenders.map((contender) => leadershipOf(contender).signal);
    const caught = catchUncaught();
    await lose(group);
    expect({ revoked, aborted: signals.map(({ aborted }) => aborted), caught }).toEqual({
      revoked: ["a", "b"],
      aborted: [true, true],
      caught: [new AggregateError([new Error("of a"), forbidden], "an error could not be reported")],
    });
    const closed = vi.fn();
    void client.close().then(closed);
    await group.clock.advance(20_000);
    expect(closed).toHaveBeenCalled();
  });
});

test("[C11] a call inside a grant waits for the onRevoke of that term, even where those of the last one have just settled", async () => {
  const stops = new Map<string, PromiseWithResolvers<void>>();
  const log: string[] = [];
  let hasResigned = false;
  const callbacksOf = (component: string): Callbacks => ({
    onGrant({ epoch }: Leadership) {
      log.push(`+${component} ${epoch}`);
      if (component !== "c" || epoch === 1 || hasResigned) return;
      hasResigned = true;
      void client.resign().then(() => log.push("resigned"));
    },
    onRevoke({ epoch }: Leadership) {
      log.push(`-${component} ${epoch}`);
      if (component === "a" || (component === "c" && epoch > 1)) return undefined;
      const stop = Promise.withResolvers<void>();
      stops.set(`${component} ${epoch}`, stop);
      return stop.promise;
    },
  });
  const { group, client } = await leading(callbacksOf, ["a", "b", "c"]);
  await lose(group);
  // Their drain time is over, and both still stop when the next term is granted.
  await group.clock.advance(15_000);
  group.electing = true;
  group.elect();
  await settle();
  for (const stop of stops.values()) stop.resolve();
  await settle();
  expect(log.slice(-3)).toEqual(["-a 2", "-b 2", "-c 2"]);
  stops.get("b 2")?.resolve();
  await settle();
  expect(log.slice(-1)).toEqual(["resigned"]);
});
