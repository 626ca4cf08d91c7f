/** A leading tab stays open, and its network, its clock or its main thread fails; or it is only hidden, and leads on. */
import { expect, test } from "vitest";
import { findBrowser, startChromium } from "../../tools/harness/chromium.ts";
import { startProxy } from "../../tools/harness/proxy.ts";
import { setting } from "./setting.ts";
import type { Tab } from "./tabs.ts";

const LEASE_MS = 4_000;

const world = setting({ leaseMs: LEASE_MS });

const goes = (where: "offline" | "online", { cdp }: Tab): Promise<unknown> =>
  cdp.send("Network.emulateNetworkConditions", {
    offline: where === "offline",
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: -1,
  });

test("[S6] [S2] a tab whose main thread was blocked past its lease is no leader at its first instruction", async () => {
  // On another host, the second tab has a main thread of its own.
  const pair = await world.pair("block", {}, { host: "localhost" });
  const { tabs, a } = pair;
  const blocked = a.page.evaluate((ms) => window.tab.block(ms), LEASE_MS * 1.75);
  expect(await world.breaks("main thread blocked", pair, () => undefined)).toBe("expired");
  const { isLeader, at } = await blocked;
  expect(isLeader).toBe(false);
  expect(at).toBeGreaterThan((await tabs.terms()).at(-1)?.acceptedAt ?? 0);
  await tabs.told(a, "its loss", ({ type }) => type === "revoke");
  expect(await tabs.faults()).toEqual([]);
});

test("[S6] a tab whose machine slept is no leader at its first instruction, though its monotonic clock stood still", async () => {
  const { tabs, a, b } = await world.pair("sleep", {}, { host: "localhost" });
  const { leads } = a;
  expect(await a.page.evaluate((ms) => window.tab.sleep(ms), LEASE_MS)).toBe(false);
  expect((await tabs.leader(leads)).name).toBe(b.name);
  expect(await tabs.told(a, "its loss", ({ type }) => type === "revoke")).toMatchObject({ reason: "expired" });
});

test("[S6] [S2] so is a tab whose clocks both jump", async () => {
  // A clock that is installed is that of the whole browser.
  await using other = await startChromium(await findBrowser());
  const tabs = world.group("jump");
  const a = await tabs.open("a", { browser: other, before: (page) => page.clock.install() });
  const { leads } = await tabs.leader();
  const b = await tabs.open("b");
  await tabs.told(b, "its connection", (told) => told.type === "state" && told.state === "connected");
  await a.page.clock.fastForward("10:00");
  expect(await a.page.evaluate(() => window.tab.isLeader())).toBe(false);
  expect((await tabs.leader(leads)).name).toBe(b.name);
});

test("[S9] [N1] a tab that is offline for a moment keeps its term, and no callback runs", async () => {
  const { tabs, a } = await world.pair("offline-shortly");
  const { leads } = a;
  await goes("offline", a);
  await tabs.told(a, "its loss of the connection", (told) => told.type === "state" && told.state === "suspended");
  const before = a.told.length;
  await goes("online", a);
  await tabs.told(a, "its return", (told) => told.type === "state" && told.state === "connected", before);
  expect(await a.page.evaluate(() => window.tab.isLeader())).toBe(true);
  expect(a.leads).toBe(leads);
  expect((await tabs.terms()).map(({ epoch }) => epoch)).toEqual([leads]);
});

test("[S2] [S9] a tab that is offline for longer than its lease is succeeded, and contends again when it is back", async () => {
  const pair = await world.pair("offline", {}, { host: "localhost" });
  const { tabs, a, b } = pair;
  expect(await world.breaks("offline", pair, () => goes("offline", a))).toBe("expired");
  expect(await tabs.told(a, "its loss", ({ type }) => type === "revoke")).toMatchObject({ reason: "expired" });
  const before = a.told.length;
  await goes("online", a);
  await tabs.told(a, "its return", (told) => told.type === "state" && told.state === "connected", before);
  const { leads } = await tabs.leader();
  await b.page.evaluate(() => window.tab.client.resign());
  expect((await tabs.leader(leads)).name).toBe("a");
  expect(await tabs.faults()).toEqual([]);
});

test("[S2] [S4] a tab whose network fails silently stops before the next one starts, and contends again when it heals", async () => {
  const proxy = await startProxy(world.backend.port);
  try {
    const pair = await world.pair("partition", { query: { url: proxy.url } });
    const { tabs, a, b } = pair;
    expect(await world.breaks("network partition", pair, () => proxy.partition("up", "down"))).toBe("expired");
    const before = a.told.length;
    proxy.heal();
    await tabs.told(a, "its return", (told) => told.type === "state" && told.state === "connected", before);
    const { leads } = await tabs.leader();
    await b.page.evaluate(() => window.tab.client.resign());
    expect((await tabs.leader(leads)).name).toBe("a");
    expect(await tabs.faults()).toEqual([]);
  } finally {
    await proxy.close();
  }
});
