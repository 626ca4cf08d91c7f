/** What every file of dashboard tests needs: real processes' clients here in Node, and pages that show their groups. */
import type { Page } from "playwright-core";
import { afterEach } from "vitest";
import { createElectionClient } from "../../client/node/index.ts";
import type { GroupStatus } from "../../shared/protocol/status.ts";
import { statusOf } from "../../tools/harness/backend-answers.ts";
import { type Setting, setting } from "./setting.ts";

/** Long: nothing here waits for its end, and no leader is to lose it on a busy machine. */
export const LEASE_MS = 10_000;

export type Client = ReturnType<typeof createElectionClient>;
type Process = NonNullable<Parameters<typeof createElectionClient>[0]["process"]>;

interface RunOptions {
  readonly process: Process;
  readonly url?: string;
}

interface Opened extends AsyncDisposable {
  readonly page: Page;
  /** What the browser has complained about: errors, and what the content policy forbids. */
  readonly complaints: readonly string[];
}

export const leads = (page: Page, name: string, card = page.locator(".card").first()): Promise<void> =>
  card.locator(".leader").getByText(name, { exact: true }).waitFor();

/** Reload, and this is gone. */
export const mark = (page: Page): Promise<void> =>
  page.evaluate(() => document.documentElement.setAttribute("data-marked", "yes"));
export const isMarked = (page: Page): Promise<boolean> =>
  page.evaluate(() => document.documentElement.hasAttribute("data-marked"));

/** One for each file. */
export class Dashboards {
  readonly world: Setting = setting({ leaseMs: LEASE_MS });
  /** They are closed after the test. */
  readonly clients: Client[] = [];

  constructor() {
    afterEach(() => this.closeClients());
  }

  closeClients(): Promise<unknown> {
    return Promise.all(this.clients.splice(0).map((client) => client.close()));
  }

  /** A process that runs for leadership, and publishes its address when it leads. */
  run(group: string, { process, url = this.world.backend.url }: RunOptions): Client {
    const client = createElectionClient({ url, group, process, signals: false });
    client.contend("dispatcher", { onGrant: (leadership) => leadership.confirm(), onError: () => undefined });
    this.clients.push(client);
    return client;
  }

  /** They queue up in this order. */
  async runInOrder(page: Page, group: string, names: readonly string[], url?: string): Promise<void> {
    for (const [index, name] of names.entries()) {
      this.run(group, { process: { name }, ...(url !== undefined && { url }) });
      if (index === 0) await leads(page, name);
      else
        await page
          .locator(".queue li")
          .nth(index - 1)
          .getByText(name, { exact: true })
          .waitFor();
    }
  }

  async open(group: string, { width = 1_200, url = this.world.backend.url } = {}): Promise<Opened> {
    const page = await this.world.browser.context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => void (message.type() === "error" && complaints.push(message.text())));
    page.on("pageerror", (error) => void complaints.push(error.message));
    await page.setViewportSize({ width, height: 1_000 });
    await page.goto(`${url}/?group=${group}`);
    return { page, complaints, [Symbol.asyncDispose]: () => page.close() };
  }

  status(group: string): Promise<GroupStatus> {
    return statusOf(this.world.backend.url, group);
  }
}
