/** Calls inside callbacks wait for everything but what waits for them (C11). Time stands still here: a wait for a drain time hangs. */
import { describe, expect, test, vi } from "vitest";
import { ClientClosedError, type Contender, type ElectionClient, type Leadership } from "../../../client/index.ts";
import { clocksStandStill } from "../../support/seeded.ts";
import { FakeGroup, settle } from "./fake-group.ts";

/** What a platform gives a client to find out in whose callback a call is made: a process of Node, or nothing. */
const platforms = [
  ["that follows asynchronous calls", true],
  ["that does not", false],
] as const;

/** A client on such a platform. The look at it is made when the client is. */
function clientOn(follows: boolean, group = new FakeGroup()): { group: FakeGroup; client: ElectionClient } {
  if (!follows) vi.stubGlobal("process", undefined);
  try {
    return { group, client: group.client() };
  } finally {
    vi.unstubAllGlobals();
  }
}

/** Whether it has settled, without any time passing. */
async function hasSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(
    () => {
      settled = true;
    },
    () => {
      settled = true;
    },
  );
  await settle();
  return settled;
}

describe.each(platforms)("on a platform %s", (_, follows) => {
  test("[C11] [G8] onRevoke may return the close of its own contender", async () => {
    const { group, client } = clientOn(follows);
    const x: Contender = client.contend("x", { onRevoke: () => x.close() });
    await settle();
    group.revoke();
    await settle();
    expect(group.types().slice(-1)).toEqual(["bye"]);
    expect(client.state).toBe("idle");
  });

  test("[C11] [G8] onRevoke may return the close of the client", async () => {
    const { group, client } = clientOn(follows);
    client.contend("x", { onRevoke: () => client.close() });
    client.contend("y");
    await settle();
    group.revoke();
    await settle();
    expect([client.state, group.types().at(-1)]).toEqual(["closed", "bye"]);
  });

  test("[C11] [G8] siblings may close each other, and wait for it", async () => {
    const { group, client } = clientOn(follows);
    const x: Contender = client.contend("x", { onRevoke: () => y.close() });
    const y: Contender = client.contend("y", { onRevoke: () => x.close() });
    await settle();
    group.revoke();
    await settle();
    expect([client.state, group.types().at(-1)]).toEqual(["idle", "bye"]);
  });

  test("[C11] [X6] outside a callback close waits for every drain", async () => {
    const { group, client } = clientOn(follows);
    let drained = (): void => {};
    client.contend("x", {
      onRevoke: () =>
        new Promise<void>((resolve) => {
          drained = resolve;
        }),
    });
    await settle();
    const closing = client.close();
    expect(await hasSettled(closing)).toBe(false);
    expect(group.types()).not.toContain("bye");
    drained();
    expect(await hasSettled(closing)).toBe(true);
    expect(group.types().at(-1)).toBe("bye");
  });
});

describe.each(platforms)("the body of a loop, on a platform %s", (_, follows) => {
  test("[C11] [C10] may wait at once for the close of the client", async () => {
    const { group, client } = clientOn(follows);
    const loop = (async () => {
      for await (const _leadership of client.terms("x")) await client.close();
    })();
    await expect(loop).rejects.toBeInstanceOf(ClientClosedError);
    await settle();
    expect([client.state, group.types().at(-1)]).toEqual(["closed", "bye"]);
  });
});

describe("after an await, where asynchronous calls are followed", () => {
  test("[C11] onRevoke may wait for the close of its contender and of its client", async () => {
    for (const leave of ["contender", "client"] as const) {
      const { group, client } = clientOn(true);
      const x = client.contend("x", {
        async onRevoke() {
          await settle();
          await (leave === "contender" ? x : client).close();
        },
      });
      await settle();
      group.revoke();
      await settle();
      await settle();
      expect([client.state, group.types().at(-1)]).toEqual([leave === "contender" ? "idle" : "closed", "bye"]);
    }
  });

  test("[C11] [C10] the function of elect may wait for the close of the client", async () => {
    const { group, client } = clientOn(true);
    const elected = client.elect("x", async () => {
      await settle();
      await client.close();
      return "done";
    });
    await expect(elected).rejects.toBeInstanceOf(ClientClosedError);
    await settle();
    expect([client.state, group.types().at(-1)]).toEqual(["closed", "bye"]);
  });

  test("[C11] [C10] the body of a loop of terms may wait for the close of the client", async () => {
    const { group, client } = clientOn(true);
    const loop = (async () => {
      for await (const leadership of client.terms("x")) {
        expect(leadership.isLeader()).toBe(true);
        await settle();
        await client.close();
      }
    })();
    await expect(loop).rejects.toBeInstanceOf(ClientClosedError);
    await settle();
    expect([client.state, group.types().at(-1)]).toEqual(["closed", "bye"]);
  });

  test.each(["isLeader", "remainingMs", "drainMs", "assertLeader"] as const)(
    "[C11] %s is a use of the leadership: the body of a loop is followed after it",
    async (use) => {
      const { group, client } = clientOn(true);
      const loop = (async () => {
        for await (const leadership of client.terms("x")) {
          leadership[use]();
          await settle();
          await client.close();
        }
      })();
      await expect(loop).rejects.toBeInstanceOf(ClientClosedError);
      await settle();
      expect(group.types().at(-1)).toBe("bye");
    },
  );

  test("[C11] the body of a loop may do so after an await, in its first term and in the next one", async () => {
    for (const turns of [1, 2]) {
      const { group, client } = clientOn(true);
      let turn = 0;
      const loop = (async () => {
        for await (const { signal } of client.terms("x")) {
          await settle();
          turn += 1;
          if (turn === turns) await client.close();
          else if (!signal.aborted) group.revoke();
        }
      })();
      await expect(loop).rejects.toBeInstanceOf(ClientClosedError);
      await settle();
      expect([client.state, group.types().at(-1), turn]).toEqual(["closed", "bye", turns]);
    }
  });

  test("[C11] [C10] code that has begun a loop is not in its body, and waits for it", async () => {
    const { group, client } = clientOn(true);
    let drained = (): void => {};
    const loop = (async () => {
      for await (const leadership of client.terms("x")) {
        expect(leadership.isLeader()).toBe(true);
        await new Promise<void>((resolve) => {
          drained = resolve;
        });
      }
    })();
    const ended = expect(loop).rejects.toBeInstanceOf(ClientClosedError);
    await settle();
    const closing = client.close();
    expect(await hasSettled(closing)).toBe(false);
    expect(group.types()).not.toContain("bye");
    drained();
    expect(await hasSettled(closing)).toBe(true);
    await ended;
  });

  test("[C11] a call inside still waits for the others", async () => {
    const { group, client } = clientOn(true);
    let drained = (): void => {};
    const order: string[] = [];
    client.contend("y", {
      onRevoke: () =>
        new Promise<void>((resolve) => {
          drained = resolve;
        }).then(() => void order.push("y has stopped")),
    });
    client.contend("x", {
      async onRevoke() {
        await settle();
        await client.close();
        order.push("x goes on");
      },
    });
    await settle();
    group.revoke();
    await settle();
    await settle();
    expect(order).toEqual([]);
    drained();
    await settle();
    expect(order).toEqual(["y has stopped", "x goes on"]);
    expect(client.state).toBe("closed");
  });

  test("[C11] a listener that is called on the way is in nobody's callback", async () => {
    const { client } = clientOn(true);
    let closing: Promise<void> | undefined;
    let drained = (): void => {};
    client.onError(() => {
      closing ??= client.close();
    });
    client.contend("x", {
      onGrant() {
        throw new Error("its listener closes the client");
      },
      onRevoke: () =>
        new Promise<void>((resolve) => {
          drained = resolve;
        }),
    });
    await settle();
    expect(closing && (await hasSettled(closing))).toBe(false);
    drained();
    expect(closing && (await hasSettled(closing))).toBe(true);
  });

  test("[C11] so is a listener of a term's signal, for any callback that has ended the term", async () => {
    const { client } = clientOn(true);
    let closing: Promise<void> | undefined;
    let drained = (): void => {};
    client.contend("x", {
      async onGrant({ resign }) {
        await settle();
        void resign();
      },
      onRevoke: () =>
        new Promise<void>((resolve) => {
          drained = resolve;
        }),
    });
    client.contend("y", {
      onGrant({ signal }) {
        signal.addEventListener("abort", () => {
          closing = client.close();
        });
      },
    });
    await settle();
    await settle();
    expect(closing && (await hasSettled(closing))).toBe(false);
    drained();
    expect(closing && (await hasSettled(closing))).toBe(true);
  });
});

describe("nobody is called for a term that is over", () => {
  interface Scene {
    readonly client: ElectionClient;
    readonly sibling: Contender;
    readonly leadership: Leadership;
    readonly group: FakeGroup;
  }
  const BLOCKS = "blocks past the lease";
  const acts: [string, (scene: Scene) => unknown][] = [
    ["closes its sibling", ({ sibling }) => sibling.close()],
    ["closes the client", ({ client }) => client.close()],
    ["resigns", ({ leadership }) => leadership.resign()],
    [BLOCKS, ({ group }) => group.clock.block(8_001)],
  ];

  test.each(acts)(
    "[C1] [K4] where the first onGrant %s, the second is not called, nor its onRevoke",
    async (name, act) => {
      const group = new FakeGroup();
      const client = group.client();
      const told: string[] = [];
      let isFirst = true;
      client.contend("x", {
        onGrant(leadership) {
          if (isFirst) void act({ client, sibling: y, leadership, group });
          isFirst = false;
        },
      });
      const y = client.contend("y", {
        onGrant: (leadership) => void told.push(`+${leadership.epoch}`),
        onRevoke: (leadership) => void told.push(`-${leadership.epoch}`),
      });
      await settle();
      await group.clock.advance(1);
      // A clock that stands still meanwhile does not know.
      const isUnknown = clocksStandStill && name === BLOCKS;
      expect(told.filter((entry) => entry.endsWith("1"))).toEqual(isUnknown ? ["+1", "-1"] : []);
      await group.clock.advance(20_000);
      // Later callbacks alternate: a term that it was never called for does not block the next one.
      expect(told.map((entry) => entry[0]).join("")).toMatch(/^(\+-)*\+?$/);
    },
  );

  test("[C1] [C10] the function of elect does not run where an earlier callback has closed the client", async () => {
    const group = new FakeGroup();
    const client = group.client();
    client.contend("x", { onGrant: () => void client.close() });
    const ran = vi.fn();
    await expect(client.elect("y", ran)).rejects.toBeInstanceOf(ClientClosedError);
    expect(ran).not.toHaveBeenCalled();
  });
});
