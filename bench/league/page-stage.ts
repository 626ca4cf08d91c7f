/** Members that are pages of one browser, each in a renderer of its own. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { findBrowser, startChromium } from "../../tools/harness/chromium.ts";
import { requireTabElection } from "../peers/tab-election.ts";
import { pause } from "../sockets.ts";
import { openBackend } from "./backend.ts";
import { Counter, serveCounters } from "./counters.ts";
import { electionsOf, type Member, type Setting, type Stage, storeOf } from "./stage.ts";
import type { Look, MemberConfig } from "./work.ts";

export type PageName = "ours-in-pages" | "web-locks" | "tab-election";

const SCRIPTS: Readonly<Record<PageName, string>> = {
  "ours-in-pages": "ours",
  "web-locks": "web-locks",
  "tab-election": "tab-election",
};
const PAGES = 3;
/** The league stops renderers itself; a page behind others shall run like the first. */
const UNTHROTTLED = [
  "--disable-background-timer-throttling",
  "--disable-renderer-backgrounding",
  "--disable-backgrounding-occluded-windows",
];

export async function withPages<T>(
  product: PageName,
  setting: Setting,
  work: (stage: Stage) => Promise<T>,
): Promise<T> {
  if (product === "tab-election") await requireTabElection();
  await using owned = new AsyncDisposableStack();
  const elections = electionsOf(setting);
  const counters = elections.map(() => new Counter());
  const site = owned.use(await serveCounters(counters, await scriptOf(product)));
  const port = product === "ours-in-pages" ? owned.use(await openBackend("ours", setting)).port : 0;
  const chromium = owned.use(await startChromium(await findBrowser(), UNTHROTTLED));
  const members: Member[] = [];
  for (let index = 0; index < PAGES; index++) {
    const page = await chromium.context.newPage();
    await page.goto(site.url);
    const { leaseMs } = setting;
    await enter(page, { port, leaseMs, elections, store: storeOf(site) });
    members.push(new MemberPage(page, await rendererOf(page, chromium.browser)));
  }
  owned.defer(() => {
    for (const member of members) member.resume(); // a stopped one would not let its browser end
  });
  const now = (): number => performance.timeOrigin + performance.now();
  return await work({ members, counters, now });
}

async function scriptOf(product: PageName): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`pages/${SCRIPTS[product]}.ts`, import.meta.url))],
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    nodePaths: [fileURLToPath(new URL("../peers/node_modules", import.meta.url))],
    write: false,
  });
  return outputFiles.map(({ text }) => text).join("\n");
}

async function enter(page: Page, config: MemberConfig): Promise<void> {
  await page.waitForFunction("'enter' in globalThis");
  await page.evaluate(`enter(${JSON.stringify(config)})`);
}

class MemberPage implements Member {
  readonly #page: Page;
  readonly #renderer: number;

  constructor(page: Page, renderer: number) {
    this.#page = page;
    this.#renderer = renderer;
  }

  async stand(): Promise<void> {
    await this.#page.evaluate("stand()");
  }

  look(): Promise<Look> {
    return this.#page.evaluate<Look>("look()");
  }

  stop(): void {
    process.kill(this.#renderer, "SIGSTOP");
  }

  resume(): void {
    process.kill(this.#renderer, "SIGCONT");
  }
}

const ANSWERS_MS = 1_000;

/** The process id of the page's renderer. The browser does not say which it is, but only that one answers while all others are stopped. */
async function rendererOf(page: Page, browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const renderers = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
  for (const renderer of renderers) {
    const others = renderers.filter((id) => id !== renderer);
    for (const other of others) process.kill(other, "SIGSTOP");
    const answers = await Promise.race([page.evaluate<boolean>("true"), pause(ANSWERS_MS).then(() => false)]);
    for (const other of others) process.kill(other, "SIGCONT");
    if (answers) return renderer;
  }
  throw new Error("can't tell which renderer is the page's");
}
