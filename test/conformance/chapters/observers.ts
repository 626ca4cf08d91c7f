/** O: records and observers. */
import { expect } from "vitest";
import { ElectionError } from "../../../shared/errors.ts";
import type { Chapter } from "../behaviour.ts";

export const observers: Chapter = (test) => {
  test("[O13] whoever waits for a leader gets the one that is confirmed, otherwise the next", {
    needs: ["client"],
  }, async (play) => {
    const { client } = play.member("watcher");
    const waiting = [client.leader("x"), client.leader("x")];
    const first = play.join("first");
    const term = await play.leads(first);
    let isTold = false;
    void waiting[0]?.then(() => {
      isTold = true;
    });
    await play.stage.turn();
    expect(isTold).toBe(false);
    await play.settled(term.confirm("tcp://first"));
    for (const leader of [...waiting, client.leader("x")])
      expect(await play.settled(leader)).toMatchObject({ process: "first", address: "tcp://first", epoch: term.epoch });
  });

  test("[O13] waiting for a leader ends with its signal, with the client, and with a name that is none", {
    needs: ["client"],
  }, async (play) => {
    const { client } = play.member("watcher");
    const ended = new AbortController();
    const aborted = client.leader("x", { signal: ended.signal });
    const closed = client.leader("x");
    await play.until("the watch", () => client.state === "connected");
    ended.abort(new Error("no longer"));
    await expect(play.settled(aborted)).rejects.toThrow("no longer");
    await expect(client.leader("no name")).rejects.toThrow(expect.objectContaining({ code: "invalid_argument" }));
    const both = Promise.all([
      expect(closed).rejects.toThrow(expect.objectContaining({ code: "client_closed" })),
      client.close(),
    ]);
    await play.settled(both);
  });

  test("[O1] losing the leadership removes the record, and so does the end of the session", {}, async (play) => {
    const watch = play.watch(play.member("watcher"));
    await play.until("the first state", () => watch.seen.length === 1);
    const first = play.join("first");
    await play.settled((await play.leads(first)).confirm("tcp://first"));
    await play.until("the first leader", () => watch.seen.at(-1)?.process === "first");
    const second = play.join("second");
    await play.waits(second.member);
    await play.settled(first.member.resign());
    await play.settled((await play.leads(second)).confirm("tcp://second"));
    await play.until("the second leader", () => watch.seen.at(-1)?.process === "second");
    await play.settled(first.contender.close());
    await play.settled(second.member.close());
    await play.until("nobody", () => watch.seen.at(-1) === null);
    expect(watch.seen.map((leader) => leader?.process ?? null)).toEqual([null, "first", null, "second", null]);
  });

  test("[O2] [C12] a late observer gets the present leader, a blip repeats nothing, and an observer that has left is not called", {
    needs: ["client", "connection"],
  }, async (play) => {
    const part = play.join("one");
    const term = await play.leads(part);
    await play.settled(term.confirm("tcp://a"));
    const [watcher, leaver] = [play.member("watcher"), play.member("leaver")];
    const [watch, left] = [play.watch(watcher), play.watch(leaver)];
    await play.until("the present leader", () => watch.seen.length === 1 && left.seen.length === 1);
    left.stop();
    // It may be shorter than a turn.
    const states: string[] = [];
    watcher.client.onStateChange((state) => void states.push(state));
    watcher.cut();
    await play.until("a blip and its end", () => states.length > 1 && watcher.client.state === "connected");
    await play.settled(term.confirm("tcp://b"));
    await play.until("the new address", () => watch.seen.length === 2);
    expect(watch.seen.map((leader) => leader?.address)).toEqual(["tcp://a", "tcp://b"]);
    expect(left.seen.map((leader) => leader?.address)).toEqual(["tcp://a"]);
  });

  test("[O3] [O4] over hand-overs an observer sees each confirm once, epochs that grow, and nobody in between", {}, async (play) => {
    const watch = play.watch(play.member("watcher"));
    const script = {
      onGrant: (leadership: { confirm(address: string): Promise<void> }) => leadership.confirm("tcp://it"),
    };
    const parts = await play.line(
      () => play.join("first", "x", script),
      () => play.join("second", "x", script),
      () => play.join("third", "x", script),
    );
    for (const [index, part] of parts.entries()) {
      await play.until(`confirm ${index}`, () => watch.seen.at(-1)?.process === part.member.name);
      await play.settled(part.member.close());
    }
    await play.until("nobody", () => watch.seen.at(-1) === null);
    const seen = watch.seen.slice(watch.seen[0] === null ? 1 : 0);
    expect(seen.map((leader) => leader?.process ?? null)).toEqual(["first", null, "second", null, "third", null]);
    const epochs = seen.flatMap((leader) => leader?.epoch ?? []);
    expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
    expect(new Set(epochs).size).toBe(3);
  });

  test("[O5] the observer of one name too many is refused with the limit and the remedy; the others are notified further, over reconnects too", {
    needs: ["client", "connection"],
  }, async (play) => {
    const part = play.join("one", "x0");
    const watcher = play.member("watcher");
    const watches = Array.from({ length: 257 }, (_, index) => play.watch(watcher, `x${index}`));
    await play.until("the first state of 256 names", () => watches.slice(0, 256).every(({ seen }) => seen.length > 0));
    const error = await play.until("the refusal of the last", () => watches[256]?.error);
    expect(error).toBeInstanceOf(ElectionError);
    expect(error).toMatchObject({ code: "limit_exceeded", message: expect.stringMatching(/256.*observe\(\)/) });
    for (const watch of watches.slice(0, 256)) expect(watch.error).toBeUndefined();
    await play.settled((await play.leads(part)).confirm("tcp://a"));
    await play.until("the leader", () => watches[0]?.seen.at(-1)?.address === "tcp://a");

    const states: string[] = [];
    watcher.client.onStateChange((state) => void states.push(state));
    watcher.cut();
    await play.until("a blip and its end", () => states.length > 1 && watcher.client.state === "connected");
    await play.settled(part.member.close());
    await play.until("that it has left", () => watches[0]?.seen.at(-1) === null);
    for (const watch of watches.slice(0, 256)) expect(watch.error).toBeUndefined();

    watches[1]?.stop();
    await play.until("that one has left", () => watches[1]?.error !== undefined);
    const again = play.watch(watcher, "x256");
    await play.until("the name in the free place", () => again.seen.length === 1);
  });

  test("[O6] [C12] thousands observe one name: each gets the present state first, then each change, over a reconnect too", {
    needs: ["client", "connection"],
  }, async (play) => {
    const part = play.join("one");
    const term = await play.leads(part);
    await play.settled(term.confirm("tcp://a"));
    const watcher = play.member("watcher");
    const watches = Array.from({ length: 4_097 }, () => play.watch(watcher));
    await play.until("the present state", () => watches.every(({ seen }) => seen.length === 1));
    watches.push(play.watch(watcher));
    await play.until("the present state of a late one", () => watches.at(-1)?.seen.length === 1);
    const states: string[] = [];
    watcher.client.onStateChange((state) => void states.push(state));
    watcher.cut();
    await play.until("a blip and its end", () => states.length > 1 && watcher.client.state === "connected");
    await play.settled(term.confirm("tcp://b"));
    await play.until("the new address", () => watches.every(({ seen }) => seen.length === 2));
    for (const { seen } of watches) expect(seen.map((leader) => leader?.address)).toEqual(["tcp://a", "tcp://b"]);
  });
};
