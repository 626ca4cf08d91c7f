/** Tabs of real browsers that contend in one group, as a test sees them. */

import type { CDPSession, Page } from "playwright-core";
import { expect, vi } from "vitest";
import { historyOf } from "../../tools/harness/backend-answers.ts";
import type { Browsing } from "../../tools/harness/chromium.ts";
import { type Entry, faultsIn, type History } from "../../tools/harness/history.ts";
import { PATIENCE_MS } from "../../tools/harness/patience.ts";
import type { TermStatus } from "../../worker/index.ts";
import type { Told } from "./pages/tab.ts";
import type { Site } from "./site.ts";

const COMPONENT = "worker";

export interface Tab {
  readonly name: string;
  readonly page: Page;
  readonly cdp: CDPSession;
  /** Everything that its page has reported so far, the newest last. */
  readonly told: readonly Told[];
  /** The epoch by which it leads, by its callbacks. */
  readonly leads: number | undefined;
}

export interface TabOptions {
  /** Another browser than the first one. */
  readonly browser?: Browsing;
  /** In the window of the other tabs, which hides them. Otherwise in a window of its own. */
  readonly inFront?: boolean;
  /** The host name of the site. A tab never shares its process with a neighbour of another host. */
  readonly host?: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Done before the page is loaded. */
  readonly before?: (page: Page) => Promise<void>;
}

/** A term that was accepted, as the server remembers it. */
export type Term = TermStatus & { readonly acceptedAt: number };

export class Tabs {
  readonly #all: OpenTab[] = [];
  readonly #looks = new Set<() => void>();
  readonly #browser: Browsing;
  readonly #site: Site;
  readonly #url: string;
  readonly #group: string;

  constructor(browser: Browsing, site: Site, url: string, group: string) {
    this.#browser = browser;
    this.#site = site;
    this.#url = url;
    this.#group = group;
  }

  async open(name: string, options: TabOptions = {}): Promise<Tab> {
    const { browser = this.#browser, inFront = false, host, query, before } = options;
    const page = await (inFront ? browser.context.newPage() : openWindow(browser));
    const tab = new OpenTab(name, page, await browser.context.newCDPSession(page));
    this.#all.push(tab);
    await tab.listen(() => this.#changed());
    await before?.(page);
    await page.goto(this.#site.url("tab", { url: this.#url, group: this.#group, name, ...query }, host));
    return tab;
  }

  /** Resolves with the first value that is not `undefined`; looks after every report. */
  until<T>(what: string, find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#looks.delete(look);
        const told = this.#all.map((tab) => [tab.name, tab.told.filter(({ type }) => type !== "believed")]);
        reject(new Error(`waited in vain for ${what}; told: ${JSON.stringify(told)}`));
      }, PATIENCE_MS);
      const look = (): void => {
        const value = find();
        if (value === undefined) return;
        clearTimeout(timer);
        this.#looks.delete(look);
        resolve(value);
      };
      this.#looks.add(look);
      look();
    });
  }

  /** The tab that leads by a higher epoch than `after`. */
  leader(after = 0): Promise<Tab & { readonly leads: number }> {
    return this.until("a leader", () =>
      this.#all.find((tab): tab is OpenTab & { leads: number } => (tab.leads ?? 0) > after),
    );
  }

  /** Resolves when the tab's page has reported such an event, after the first `from` events. */
  told(tab: Tab, what: string, is: (told: Told) => boolean, from = 0): Promise<Told> {
    return this.until(`${tab.name} to tell of ${what}`, () => tab.told.slice(from).find(is));
  }

  /** Oldest first, those that were accepted; the one by which a tab leads now is among them, though the group may learn later that it was. */
  terms(): Promise<Term[]> {
    return vi.waitFor(async () => {
      const epoch = Math.max(...this.#all.map(({ leads = 0 }) => leads));
      const terms = (await historyOf(this.#url, this.#group)).filter((term): term is Term => term.acceptedAt !== null);
      if (epoch > 0) expect(terms.map((term) => term.epoch)).toContain(epoch);
      return terms.reverse();
    }, PATIENCE_MS);
  }

  /** Everything that is wrong with what the tabs believed, in words; empty when nothing is. */
  async faults(): Promise<string[]> {
    return [...faultsIn(this.#all.map(beliefsOf)), ...early(await this.terms(), this.#all)];
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#all.splice(0).map(({ page }) => page.close().catch(() => undefined)));
  }

  #changed(): void {
    for (const look of [...this.#looks]) look();
  }
}

class OpenTab implements Tab {
  readonly name: string;
  readonly page: Page;
  readonly cdp: CDPSession;
  readonly told: Told[] = [];
  leads: number | undefined;
  readonly #heard = new Set<number>();

  constructor(name: string, page: Page, cdp: CDPSession) {
    this.name = name;
    this.page = page;
    this.cdp = cdp;
  }

  /** A binding of the debugger: it works offline, and reports before a crash arrive. */
  async listen(changed: () => void): Promise<void> {
    this.cdp.on("Runtime.bindingCalled", ({ payload }) => {
      const { number, ...told }: Told & { readonly number: number } = JSON.parse(payload);
      if (this.#heard.has(number)) return;
      this.#heard.add(number);
      this.told.push(told);
      if (told.type === "grant") this.leads = told.epoch;
      if (told.type === "revoke") this.leads = undefined;
      changed();
    });
    const ends = (): void => {
      this.leads = undefined;
      changed();
    };
    this.page.on("close", ends).on("crash", ends);
    await this.cdp.send("Runtime.enable");
    await this.cdp.send("Runtime.addBinding", { name: "tell" });
  }
}

/** One after the other: the next page that appears is taken for it. */
async function openWindow({ browser, context }: Browsing): Promise<Page> {
  const cdp = await browser.newBrowserCDPSession();
  const appears = context.waitForEvent("page");
  await cdp.send("Target.createTarget", { url: "about:blank", newWindow: true });
  await cdp.detach();
  return appears;
}

const ns = (ms: number): string => String(BigInt(Math.round(ms)) * 1_000_000n);

function beliefsOf({ name, told }: Tab): History {
  const entries = told.flatMap((entry): Entry[] => {
    if (entry.type === "state" || entry.type === "page") return [];
    const { leaderSessionId } = entry;
    const common = { component: COMPONENT, leaderSessionId };
    if (entry.type === "grant") return [{ ...common, type: "grant", at: ns(entry.at), epoch: entry.epoch }];
    if (entry.type === "revoke") return [{ ...common, type: "revoke", at: ns(entry.at), reason: entry.reason }];
    const { type, from, to, until, epoch } = entry;
    return [{ ...common, type, from: ns(from), to: ns(to), until: ns(until), epoch }];
  });
  return { process: name, entries };
}

/** Terms that began while the one before, which was not given up, still had the right to believe in itself. */
function early(terms: readonly Term[], tabs: readonly Tab[]): string[] {
  return terms.slice(1).flatMap(({ acceptedAt, process }, index) => {
    const before = terms[index];
    if (before?.reason !== "expired") return [];
    const beliefs = tabs.flatMap(({ told }) => told.filter((entry) => entry.type === "believed"));
    const own = beliefs.filter(({ leaderSessionId }) => leaderSessionId === before.leaderSessionId);
    const until = Math.max(...own.map((belief) => belief.until));
    return acceptedAt >= until
      ? []
      : [`${process} led ${until - acceptedAt} ms before the right of ${before.process} was over`];
  });
}
