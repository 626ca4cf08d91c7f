/** Many tabs, and tabs of several browsers, in one group: exactly one leads. */
import { expect, test } from "vitest";
import { seededRandom } from "../../testing/random.ts";
import { findBrowser, startChromium } from "../../tools/harness/chromium.ts";
import { seed } from "../support/seeded.ts";
import { setting } from "./setting.ts";
import type { Tab } from "./tabs.ts";

const world = setting({ leaseMs: 4_000 });

const TABS = 20;
const AT_ONCE = 6;

test("[N4] [S8] tabs of two browsers with separate profiles are one group, and hand over to each other", async () => {
  await using other = await startChromium(await findBrowser());
  const pair = await world.pair("two-browsers", { browser: other });
  const { tabs, a, b } = pair;
  const { leads } = a;
  expect(await b.page.evaluate(() => window.tab.isLeader())).toBe(false);
  await a.page.evaluate(() => window.tab.client.resign());
  const next = await tabs.leader(leads);
  expect(next.name).toBe("b");
  await b.page.evaluate(() => window.tab.client.resign());
  expect((await tabs.leader(next.leads)).name).toBe("a");
  const close = () => a.page.close({ runBeforeUnload: true });
  expect(await world.breaks("tab closed, next in another browser", pair, close)).toBe("closed");
});

test(`[N4] [S1] [S2] ${TABS} tabs are opened, and closed, and crash, at random: never two lead, and in the end one does`, async () => {
  const random = seededRandom(seed);
  const tabs = world.group(`crowd-${seed}`);
  const open: Tab[] = [];
  const closeOne = async (): Promise<void> => {
    const [tab] = open.splice(Math.floor(random() * open.length), 1);
    const way = random();
    if (way < 0.15) void tab?.cdp.send("Page.crash").catch(() => undefined);
    else if (way < 0.5) await tab?.page.goto(world.site.url("elsewhere"));
    else await tab?.page.close({ runBeforeUnload: true });
  };
  for (let opened = 0; opened < TABS; ) {
    if (open.length === AT_ONCE || (open.length > 0 && random() < 0.4)) await closeOne();
    else open.push(await tabs.open(`tab ${++opened}`, { host: random() < 0.5 ? "localhost" : "127.0.0.1" }));
  }
  while (open.length > 1) await closeOne();
  const [last] = open;
  await tabs.until(`the last tab to lead (seed ${seed})`, () => last?.leads);
  expect(await tabs.faults(), `seed ${seed}`).toEqual([]);
  expect((await tabs.terms()).at(-1)?.process).toBe(last?.name);
});
