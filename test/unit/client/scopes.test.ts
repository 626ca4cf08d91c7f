import { describe, expect, test, vi } from "vitest";
import { ClientClosedError, type Leadership, LeadershipLostError } from "../../../client/index.ts";
import { FakeGroup, settle } from "./fake-group.ts";

/** Work that goes on until its leadership is lost. */
const untilLost = (leadership: Leadership): Promise<void> =>
  new Promise((resolve) => leadership.signal.addEventListener("abort", () => resolve()));

describe("elect", () => {
  test("[C2] runs while leading, confirms by itself, and resolves with the result after the contender has closed", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const result = await client.elect("x", async (leadership) => {
      await settle();
      return leadership.epoch;
    });
    expect(result).toBe(1);
    await settle();
    expect(group.types()).toEqual(["hello", "renew", "confirm", "deregister", "bye"]);
    expect(client.state).toBe("idle");
  });

  test("[N2] [C8] after a loss the result is ignored, and it runs again with the next term", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const terms: number[] = [];
    const result = client.elect("x", async (leadership) => {
      terms.push(leadership.epoch);
      if (leadership.epoch < 3) await untilLost(leadership);
      return leadership.epoch;
    });
    await settle();
    group.revoke();
    await settle();
    group.revoke();
    expect(await result).toBe(3);
    expect(terms).toEqual([1, 2, 3]);
  });

  test("[C5] an error thrown while leading rejects, after the contender has closed", async () => {
    const group = new FakeGroup();
    const bang = new Error("bang");
    const client = group.client();
    await expect(
      client.elect("x", () => {
        throw bang;
      }),
    ).rejects.toBe(bang);
    expect(client.state).toBe("idle");
  });

  test("[C5] after a loss, LeadershipLostError and AbortError are nobody's concern; other errors go to onError", async () => {
    const group = new FakeGroup();
    const errors: unknown[] = [];
    const thrown = [new LeadershipLostError("lost"), new DOMException("", "AbortError"), new Error("bang")];
    const result = group.client().elect(
      "x",
      async (leadership) => {
        const error = thrown[leadership.epoch - 1];
        if (!error) return "done";
        await untilLost(leadership);
        throw error;
      },
      { onError: (error) => errors.push(error) },
    );
    for (let term = 0; term < 3; term++) {
      await settle();
      group.revoke();
    }
    expect(await result).toBe("done");
    expect(errors).toEqual([new Error("bang")]);
  });

  test("[S2] the function's promise is the drain: the release leaves only when it has returned", async () => {
    const group = new FakeGroup();
    const stopped = Promise.withResolvers<void>();
    void group.client().elect("x", () => stopped.promise);
    await settle();
    group.revoke();
    await settle();
    expect(group.types()).not.toContain("release");
    stopped.resolve();
    await settle();
    expect(group.types()).toContain("release");
  });

  test("[C10] the outer signal ends the term, waits for the function, and rejects with its reason", async () => {
    const group = new FakeGroup();
    const outer = new AbortController();
    const stopped = Promise.withResolvers<void>();
    const log: string[] = [];
    const result = group
      .client()
      .elect("x", () => stopped.promise, { signal: outer.signal })
      .catch((error) => log.push(error));
    await settle();
    outer.abort("enough");
    await group.clock.advance(60_000);
    expect(log).toEqual([]);
    stopped.resolve();
    await result;
    expect(log).toEqual(["enough"]);
  });

  test("[E1] a signal that is aborted already, or while waiting, rejects at once", async () => {
    const group = new FakeGroup();
    const client = group.client();
    await expect(client.elect("x", () => {}, { signal: AbortSignal.abort("no") })).rejects.toBe("no");
    expect(group.sockets).toEqual([]);
    group.electing = false;
    const outer = new AbortController();
    const result = client.elect("x", () => {}, { signal: outer.signal });
    await settle();
    outer.abort("enough");
    await expect(result).rejects.toBe("enough");
    expect(client.state).toBe("idle");
  });

  test("[C7] with confirm: manual nothing is published by itself; a failed automatic confirm goes to onError", async () => {
    const group = new FakeGroup();
    const client = group.client();
    void client.elect("x", untilLost, { confirm: "manual" });
    await settle();
    expect(group.types()).not.toContain("confirm");

    const other = new FakeGroup();
    const errors: unknown[] = [];
    void other.client().elect("x", untilLost, { onError: (error) => errors.push(error) });
    vi.spyOn(other, "publish").mockImplementation(() => {
      other.say({ type: "error", code: "limit_exceeded", message: "too large", id: "2" });
    });
    await settle();
    expect(errors).toMatchObject([{ code: "limit_exceeded" }]);
  });
});

describe("resign inside a body", () => {
  test("[N3] [C11] elect: it waits for the siblings, not for its own body, which is the drain", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const stopped = Promise.withResolvers<void>();
    const log: string[] = [];
    client.contend("sibling", { onRevoke: () => stopped.promise });
    const outer = new AbortController();
    const elected = client.elect(
      "x",
      async (leadership) => {
        if (leadership.epoch > 1) return untilLost(leadership);
        await settle();
        await leadership.resign({ successor: "S9" });
        log.push("resigned");
        await settle();
        expect(group.types()).not.toContain("resign");
        log.push("left");
      },
      { signal: outer.signal },
    );
    await settle();
    await settle();
    expect(log).toEqual([]);
    stopped.resolve();
    await settle();
    await settle();
    expect(log).toEqual(["resigned", "left"]);
    expect(group.types()).toContain("resign");
    outer.abort("enough");
    await expect(elected).rejects.toBe("enough");
  });

  test("[N3] [C11] terms: the loop goes on with the next term", async () => {
    const group = new FakeGroup();
    const epochs: number[] = [];
    for await (const leadership of group.client().terms("x")) {
      epochs.push(leadership.epoch);
      if (epochs.length === 2) break;
      await leadership.resign();
      expect(leadership.isLeader()).toBe(false);
    }
    expect(epochs).toEqual([1, 2]);
    expect(group.types().filter((type) => type === "resign")).toHaveLength(1);
  });
});

describe("terms", () => {
  test("[N2] one loop body is one term, and its drain", async () => {
    const group = new FakeGroup();
    const epochs: number[] = [];
    const loop = (async () => {
      for await (const leadership of group.client().terms("x")) {
        epochs.push(leadership.epoch);
        await untilLost(leadership);
        await settle();
        expect(group.types().filter((type) => type === "release")).toHaveLength(epochs.length - 1);
        if (epochs.length === 3) break;
      }
    })();
    for (let term = 0; term < 3; term++) {
      await group.clock.advance(0);
      await group.clock.advance(0);
      group.revoke();
    }
    await loop;
    expect(epochs).toEqual([1, 2, 3]);
  });

  test("[N2] a signal that aborts right after a loss ends the loop, and leaves no rejection behind", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    for (let turns = 0; turns < 8; turns++) {
      const group = new FakeGroup();
      const stop = new AbortController();
      const abortLater = async (): Promise<void> => {
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        stop.abort(new Error("lost"));
      };
      const loop = (async () => {
        for await (const { signal } of group.client().terms("x", { signal: stop.signal })) {
          signal.addEventListener("abort", abortLater);
        }
      })();
      const ended = expect(loop).rejects.toThrow("lost");
      await settle();
      group.revoke();
      await ended;
    }
    await new Promise(setImmediate);
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  test("[C1] a body that ends early waits for the end of its term", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const terms = client.terms("x");
    expect((await terms.next()).value?.epoch).toBe(1);
    const second = terms.next();
    await settle();
    expect(group.epoch).toBe(1);
    group.revoke();
    expect((await second).value?.epoch).toBe(2);
    await terms.return();
    expect(client.state).toBe("idle");
  });

  test("[C1] a term that ended before its body began is skipped", async () => {
    const group = new FakeGroup();
    const say = group.say.bind(group);
    vi.spyOn(group, "say").mockImplementation((message) => {
      say(message);
      if (message.type === "renewed" && message.held.includes("L1")) group.revoke();
    });
    const terms = group.client().terms("x");
    expect((await terms.next()).value?.epoch).toBe(2);
    await terms.return();
  });

  test("[C1] [N2] whoever reads late drains late: its term ends for the group once it asks for the next one", async () => {
    const group = new FakeGroup();
    const terms = group.client().terms("x");
    await terms.next();
    group.revoke();
    await settle();
    expect(group.types()).not.toContain("release");
    expect(group.epoch).toBe(1);
    expect((await terms.next()).value?.epoch).toBe(2);
    expect(group.types()).toContain("release");
    await terms.return();
  });

  test("[C10] break closes the contender; abort throws the signal's reason", async () => {
    const group = new FakeGroup();
    const client = group.client();
    for await (const leadership of client.terms("x")) {
      expect(leadership.isLeader()).toBe(true);
      break;
    }
    expect(client.state).toBe("idle");

    const outer = new AbortController();
    const terms = client.terms("x", { signal: outer.signal });
    await terms.next();
    const next = terms.next();
    outer.abort("enough");
    await expect(next).rejects.toBe("enough");
    expect(client.state).toBe("idle");
  });

  test("[C10] a closed client ends the loop with ClientClosedError", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const terms = client.terms("x");
    await terms.next();
    const next = expect(terms.next()).rejects.toBeInstanceOf(ClientClosedError);
    await client.close();
    await next;
  });
});

describe("acquire", () => {
  test("[C10] gives one term, and closes its contender at the end of the scope", async () => {
    const group = new FakeGroup();
    const client = group.client();
    {
      await using leadership = await client.acquire("x");
      expect(leadership.isLeader()).toBe(true);
      await settle();
      expect(group.types()).toContain("confirm");
    }
    expect(client.state).toBe("idle");
    expect(group.types().slice(-2)).toEqual(["deregister", "bye"]);
  });

  test("[C8] a lost acquisition closes its contender when its scope is left, and is never granted again", async () => {
    const group = new FakeGroup();
    const client = group.client();
    const leadership = await client.acquire("x");
    group.revoke();
    expect(leadership.signal.aborted).toBe(true);
    await settle();
    expect(group.types()).not.toContain("deregister");
    await leadership.close();
    await leadership.close();
    expect(group.types().filter((type) => type === "renew")).toHaveLength(1);
    expect(client.state).toBe("idle");
  });

  test("[C8] one that resigns is never granted again, though a new term begins at once, and its promise settles", async () => {
    const group = new FakeGroup();
    const client = group.client();
    client.contend("y");
    const acquired = await client.acquire("x");
    await settle();
    let resigned = false;
    void acquired.resign().then(() => {
      resigned = true;
    });
    await settle();
    expect(resigned).toBe(true);
    expect(client.health()).toMatchObject({ leads: [{ component: "y" }], waits: [] });
  });

  test("[N3] resign inside the scope hands over at once, to the successor, and closes the contender", async () => {
    const group = new FakeGroup();
    const client = group.client();
    await using leadership = await client.acquire("x");
    await expect(leadership.resign({ successor: "" })).rejects.toMatchObject({ code: "invalid_argument" });
    expect(leadership.isLeader()).toBe(true);
    group.electing = false;
    await leadership.resign({ successor: "S9" });
    expect(leadership.isLeader()).toBe(false);
    await settle();
    expect(group.heard.filter(({ type }) => type === "resign")).toMatchObject([{ successor: "S9" }]);
    expect(group.types().slice(-3)).toEqual(["resign", "deregister", "bye"]);
    await leadership.resign();
    expect(client.state).toBe("idle");
  });

  test("[C10] rejects with the signal's reason while it waits, and when the client is closed", async () => {
    const group = new FakeGroup();
    group.electing = false;
    const client = group.client();
    const outer = new AbortController();
    const first = client.acquire("x", { signal: outer.signal });
    await settle();
    outer.abort("enough");
    await expect(first).rejects.toBe("enough");
    const second = expect(client.acquire("x")).rejects.toBeInstanceOf(ClientClosedError);
    await settle();
    await client.close();
    await second;
  });
});
