import { afterEach, describe, expect, test, vi } from "vitest";
import { type PageTarget, type TabTarget, visibleTab } from "../../../client/index.ts";
import { FakeGroup, settle } from "./fake-group.ts";

/** A `window` that counts who listens. Its document is itself. */
class FakeWindow extends EventTarget implements PageTarget, TabTarget {
  readonly document = this;
  visibilityState = "visible";
  isFocused = false;
  listeners = 0;

  override addEventListener(
    type: string,
    listener: (event: Event) => void,
    options: { readonly signal?: AbortSignal },
  ): void {
    super.addEventListener(type, listener, options);
    this.listeners += 1;
    options.signal?.addEventListener("abort", () => {
      this.listeners -= 1;
    });
  }

  hasFocus(): boolean {
    return this.isFocused;
  }

  happens(type: string): void {
    this.dispatchEvent(new Event(type));
  }

  become(visibilityState: "visible" | "hidden", isFocused = false): void {
    this.isFocused = isFocused;
    this.visibilityState = visibilityState;
    this.happens("visibilitychange");
  }
}

async function leading() {
  const group = new FakeGroup();
  const page = new FakeWindow();
  const lost: unknown[] = [];
  const client = group.client({ page });
  const contender = client.contend("x", { onRevoke: (_leadership, reason) => void lost.push(reason) });
  await settle();
  expect(contender.hasLeadership()).toBe(true);
  const heard = group.heard.length;
  return { group, page, client, contender, lost, said: () => group.types().slice(heard) };
}

afterEach(() => void vi.unstubAllGlobals());

describe("the life of the page", () => {
  test("[E1] it is listened to only while there is a session", async () => {
    const group = new FakeGroup();
    const page = new FakeWindow();
    const client = group.client({ page });
    await settle();
    expect(page.listeners).toBe(0);
    const contender = client.contend("x");
    await settle();
    expect(page.listeners).toBeGreaterThan(0);
    await contender.close();
    await settle();
    expect(page.listeners).toBe(0);
    client.contend("y");
    await settle();
    expect(page.listeners).toBeGreaterThan(0);
    await client.close();
    await settle();
    expect(page.listeners).toBe(0);
  });

  test.each(["pagehide", "freeze"])("[S8] at %s the terms end within the turn, and bye leaves", async (event) => {
    const { page, contender, lost, said, client } = await leading();
    page.happens(event);
    expect([contender.hasLeadership(), lost]).toEqual([false, ["frozen"]]);
    page.happens("freeze");
    await settle();
    expect(said()).toEqual(["bye"]);
    expect(client.state).toBe("idle");
  });

  test.each(["pageshow", "resume"])("[S8] [C8] at %s it contends again, as a new session", async (event) => {
    const { page, contender, client, group, said } = await leading();
    const { sessionId } = client;
    page.happens("freeze");
    await settle();
    page.happens(event);
    await settle();
    expect(said().slice(0, 2)).toEqual(["bye", "hello"]);
    expect(client.sessionId).not.toBe(sessionId);
    expect(contender.hasLeadership()).toBe(true);
    expect(group.sockets).toHaveLength(2);
  });

  test("[S9] a page that becomes visible asks at once; one that is hidden sends nothing", async () => {
    const { page, said } = await leading();
    page.become("hidden");
    await settle();
    expect(said()).toEqual([]);
    page.become("visible");
    await settle();
    expect(said()).toEqual(["renew"]);
  });

  test("[S9] `offline` is not trusted, but asks; `online` connects without back-off", async () => {
    const { page, said, group, client, contender } = await leading();
    page.happens("offline");
    await settle();
    expect(said()).toEqual(["renew"]);
    group.reachable = false;
    group.cut();
    expect(client.state).toBe("suspended");
    group.reachable = true;
    page.happens("online");
    await settle();
    expect(said()).toEqual(["renew", "hello"]);
    expect(contender.hasLeadership()).toBe(true);
  });

  test.each([
    ["opens its socket", 0],
    ["waits for its welcome", 1],
  ] as const)(
    "[S9] `online` while an attempt %s gives that one up, and connects anew at once",
    async (_, readyState) => {
      const { page, said, group, contender, lost } = await leading();
      group.reachable = false;
      group.cut();
      await group.clock.advance(250);
      const { socket } = group;
      if (readyState === 1) socket.open();
      await settle();
      expect([socket.readyState, group.sockets.length]).toEqual([readyState, 2]);
      group.reachable = true;
      page.happens("offline");
      page.happens("visible");
      expect(group.sockets).toHaveLength(2);
      page.happens("online");
      await settle();
      expect(group.sockets).toHaveLength(3);
      expect(said()).toEqual(["hello"]);
      expect([contender.hasLeadership(), lost]).toEqual([true, []]);
      socket.open(); // late, and nobody's
      await settle();
      expect(said()).toEqual(["hello"]);
    },
  );

  test.each([
    ["there is no window, as on a server", {}, undefined],
    ["the window has no events, as in React Native", {}, {}],
    ["it is turned off", { page: false } as const, new FakeWindow()],
  ])("[E1] nothing is listened to where %s", async (_where, options, platform) => {
    vi.stubGlobal("window", platform);
    const contender = new FakeGroup().client(options).contend("x");
    await settle();
    if (platform instanceof FakeWindow) platform.happens("pagehide");
    expect(contender.hasLeadership()).toBe(true);
  });

  test("[S8] otherwise the window is listened to", async () => {
    const platform = new FakeWindow();
    vi.stubGlobal("window", platform);
    const contender = new FakeGroup().client().contend("x");
    await settle();
    platform.happens("pagehide");
    expect(contender.hasLeadership()).toBe(false);
  });
});

describe("visibleTab", () => {
  async function preferring(tab: FakeWindow) {
    const group = new FakeGroup();
    const client = group.client({ page: false, priority: visibleTab(tab) });
    const contender = client.contend("x");
    await settle();
    const priorities = () =>
      group.heard.flatMap((message) =>
        (message.type === "hello" || message.type === "priority") && message.priority !== undefined
          ? [message.priority]
          : [],
      );
    return { client, contender, priorities };
  }

  test("[Q2] the priority is 2 with the focus, 1 while visible, 0 while hidden, and only changes are sent", async () => {
    const tab = new FakeWindow();
    tab.isFocused = true;
    const { priorities } = await preferring(tab);
    expect(priorities()).toEqual([2]);
    tab.happens("focus");
    tab.isFocused = false;
    tab.happens("blur");
    tab.happens("blur");
    tab.become("hidden");
    tab.become("visible", true);
    await settle();
    expect(priorities()).toEqual([2, 1, 0, 2]);
  });

  test("[Q2] it is up to date whenever a session begins, and unheard without one", async () => {
    const tab = new FakeWindow();
    const { client, contender, priorities } = await preferring(tab);
    expect(tab.listeners).toBeGreaterThan(0);
    await contender.close();
    await settle();
    expect(tab.listeners).toBe(0);
    tab.become("hidden");
    client.contend("y");
    await settle();
    expect(priorities()).toEqual([1, 0]);
  });

  test("[E1] without a tab, as on a server, it stays 0", async () => {
    const group = new FakeGroup();
    group.client({ priority: visibleTab() }).contend("x");
    await settle();
    expect(group.heard[0]).toMatchObject({ type: "hello", priority: 0 });
    expect(group.types()).not.toContain("priority");
  });

  test("[E2] a priority that is none never leaves", async () => {
    const group = new FakeGroup();
    const errors: unknown[] = [];
    const priority = (set: (value: number) => void): void => {
      try {
        set(Number.NaN);
      } catch (error) {
        errors.push(error);
      }
    };
    group.client({ priority }).contend("x");
    await settle();
    expect(errors).toMatchObject([{ code: "invalid_argument" }]);
    expect(group.types()).not.toContain("priority");
  });

  test("[E2] [C5] a source that throws is reported, in every session, and leaves no listener on the page", async () => {
    const group = new FakeGroup();
    const errors: unknown[] = [];
    const signals: AbortSignal[] = [];
    const page = {
      addEventListener: (_: string, __: unknown, { signal }: { signal: AbortSignal }) => signals.push(signal),
    };
    const client = group.client({
      page,
      priority() {
        throw new Error("no tab");
      },
    });
    client.onError((error) => errors.push(error));
    for (const sessions of [1, 2]) {
      const contender = client.contend("x");
      await settle();
      await contender.close();
      await settle();
      expect(errors).toMatchObject(Array(sessions).fill({ message: "no tab" }));
    }
    expect(signals.filter(({ aborted }) => !aborted)).toEqual([]);
  });
});
