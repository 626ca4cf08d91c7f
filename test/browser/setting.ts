/** What every file of browser tests needs: a backend, a site, a browser, and two tabs of which one leads. */
import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";
import { type LocalBackend, startLocalBackend } from "../../tools/harness/backend.ts";
import { type Browsing, controlChromium, findBrowser, startChromium } from "../../tools/harness/chromium.ts";
import { record } from "./measured.ts";
import { type Site, siteAt } from "./site.ts";
import { type Tab, type TabOptions, Tabs } from "./tabs.ts";

export type Leader = Tab & { readonly leads: number };

/** `a` leads, and `b` waits. */
export interface Pair {
  readonly tabs: Tabs;
  readonly a: Leader;
  readonly b: Tab;
}

export interface Setting {
  readonly backend: LocalBackend;
  readonly site: Site;
  readonly browser: Browsing;
  /** A group of its own, and no tabs. They are closed after the test. */
  group(name: string): Tabs;
  pair(group: string, first?: TabOptions, second?: TabOptions): Promise<Pair>;
  /** Breaks `a`, waits until `b` leads, writes down how long that took, and gives back why the term of `a` ended. */
  breaks(fault: string, pair: Pair, how: () => unknown): Promise<string | null>;
}

interface Options {
  readonly leaseMs: number;
  readonly bindings?: Readonly<Record<string, string>>;
  /** Switches of the browser. */
  readonly switches?: readonly string[];
}

type Borrowed = Browsing & AsyncDisposable;

/** The browser of this worker. It stays for the next file, and without the tabs of this one. */
async function borrow(site: Site): Promise<Borrowed> {
  const browsing = await controlChromium(await site.browser(process.env["VITEST_POOL_ID"] ?? ""));
  const before = new Set(browsing.context.pages());
  return {
    ...browsing,
    async [Symbol.asyncDispose]() {
      for (const page of browsing.context.pages()) if (!before.has(page)) await page.close();
      await browsing.browser.close();
    },
  };
}

/** For one file. What it gives back is there when its tests run. */
export function setting({ leaseMs, bindings = {}, switches = [] }: Options): Setting {
  const opened: Tabs[] = [];
  const parts: { backend?: LocalBackend; browser?: Borrowed } = {};
  const site = siteAt(inject("sitePort"));
  beforeAll(async () => {
    parts.backend = await startLocalBackend({
      bindings: { OPEN_MODE: "loopback", LEASE_MS: String(leaseMs), ...bindings },
    });
    parts.browser = switches.length > 0 ? await startChromium(await findBrowser(), switches) : await borrow(site);
  });
  afterEach(() => Promise.all(opened.splice(0).map((tabs) => tabs.closeAll())));
  afterAll(async () => {
    await parts.browser?.[Symbol.asyncDispose]();
    await parts.backend?.stop();
  });

  const there = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error("the setting is there only while tests run");
    return part;
  };
  const setup: Setting = {
    get backend() {
      return there(parts.backend);
    },
    site,
    get browser() {
      return there(parts.browser);
    },
    group(name) {
      const tabs = new Tabs(setup.browser, setup.site, setup.backend.url, name);
      opened.push(tabs);
      return tabs;
    },
    async pair(group, first, second) {
      const tabs = setup.group(group);
      await tabs.open("a", first);
      const a = await tabs.leader();
      const b = await tabs.open("b", second);
      await tabs.told(b, "its connection", (told) => told.type === "state" && told.state === "connected");
      return { tabs, a, b };
    },
    async breaks(fault, { tabs, a, b }, how) {
      const { product } = setup.browser;
      const { leads } = a;
      const faultAt = Date.now();
      await how();
      expect((await tabs.leader(leads)).name).toBe(b.name);
      const [before, after] = (await tabs.terms()).slice(-2);
      expect([before?.process, after?.process]).toEqual([a.name, b.name]);
      const acceptedAt = after?.acceptedAt ?? 0;
      const [handOverMs, gapMs] = [acceptedAt - faultAt, acceptedAt - (before?.endedAt ?? 0)];
      await record({ fault, browser: product, leaseMs, handOverMs, gapMs });
      expect(await tabs.faults()).toEqual([]);
      return before?.reason ?? null;
    },
  };
  return setup;
}
