/**
 * A real Chromium, not launched by Playwright, which forces every page visible, so that no page hides or freezes.
 *
 * It is `CHROME_PATH`, else an installed Chrome or Chromium, else the headless shell from the package registry. A headless
 * shell can't run tests that need a hidden page: there, a second tab does not hide the first one.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { access, constants, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { type Browser, type BrowserContext, chromium as playwright } from "playwright-core";
import { atExit } from "../../cli/at-exit.ts";
import { temporaryFolder } from "./folder.ts";
import { PATIENCE_MS } from "./patience.ts";

export interface Binary {
  readonly path: string;
  /** The folder of the shell's own libraries and fonts. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A browser that is under control. */
export interface Browsing {
  /** Such as `Chrome/156.0.8078.79`; a headless shell begins with `HeadlessChrome`. */
  readonly product: string;
  /** False for a headless shell: it neither hides a tab behind another one nor keeps a page for going back. */
  readonly isFull: boolean;
  readonly browser: Browser;
  /** The default context: a tab that is opened there hides the one before. */
  readonly context: BrowserContext;
}

/** The processes of a browser with a profile of its own. */
export interface Launched extends AsyncDisposable {
  /** Where its debugger listens. */
  readonly address: string;
  /** Ends all of its processes at once, as the operating system does when memory is short. */
  kill(): Promise<void>;
}

const NAMES = ["google-chrome", "google-chrome-stable", "chromium", "chromium-browser", "chrome"];
const MAC_APPLICATIONS = ["Google Chrome", "Chromium"].map(
  (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
);

const ARGUMENTS = [
  "--headless=new",
  "--no-sandbox",
  "--remote-debugging-port=0",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
  "--disable-gpu",
  "--site-per-process",
  "--disable-dev-shm-usage",
  "--mute-audio",
  // Two pages behind the address bar of each window, which took more processor time than most pages under test.
  "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup",
];

export async function findBrowser(): Promise<Binary> {
  const given = process.env["CHROME_PATH"];
  const path = given || (await installed());
  if (path === undefined) return headlessShell();
  return { path, environment: {} };
}

async function installed(): Promise<string | undefined> {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  for (const path of [...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))), ...MAC_APPLICATIONS]) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

/** Unpacked once for each version, in a folder that appears when it is complete: several processes may ask at once. */
async function headlessShell(): Promise<Binary> {
  const manifest = createRequire(import.meta.url)
    .resolve("@sparticuz/chromium")
    .replace(/build.*/, "package.json");
  const { version } = JSON.parse(await readFile(manifest, "utf8"));
  const folder = join(tmpdir(), `edge-election-chromium-${version}`);
  if (!existsSync(folder)) {
    const fresh = await mkdtemp(`${folder}-`);
    const unpack = 'import("@sparticuz/chromium").then(({ default: { executablePath } }) => executablePath())';
    // The package unpacks the libraries that it needs only if it takes the machine for a Lambda.
    const env = { ...process.env, TMPDIR: fresh, AWS_LAMBDA_JS_RUNTIME: "nodejs22.x" };
    await promisify(execFile)(process.execPath, ["--eval", unpack], { env, cwd: import.meta.dirname });
    // Its own configuration names the fonts of a Lambda. Without any font a page with text ends the browser.
    const fonts = `<fontconfig><dir>${join(folder, "fonts", "fonts")}</dir></fontconfig>`;
    await writeFile(join(fresh, "fonts", "fonts.conf"), `<?xml version="1.0"?>\n${fonts}\n`);
    await rename(fresh, folder).catch(() => rm(fresh, { recursive: true, force: true }));
  }
  const environment = { LD_LIBRARY_PATH: join(folder, "al2023", "lib"), FONTCONFIG_PATH: join(folder, "fonts") };
  return { path: join(folder, "chromium"), environment };
}

export type Chromium = Browsing & Launched;

export async function startChromium(binary: Binary, features: readonly string[] = []): Promise<Chromium> {
  const launched = await launchChromium(binary, features);
  try {
    return { ...launched, ...(await controlChromium(launched.address)) };
  } catch (error) {
    await launched.kill();
    throw error;
  }
}

/** Takes control of a browser that runs, beside others that may have it. */
export async function controlChromium(address: string): Promise<Browsing> {
  const browser = await playwright.connectOverCDP(address, { noDefaults: true });
  const [context] = browser.contexts();
  if (!context) throw new Error("Chromium has no default context");
  context.setDefaultTimeout(PATIENCE_MS);
  const { product } = await (await browser.newBrowserCDPSession()).send("Browser.getVersion");
  return { product, isFull: !product.startsWith("Headless"), browser, context };
}

export async function launchChromium(
  { path, environment }: Binary,
  features: readonly string[] = [],
): Promise<Launched> {
  const profile = await temporaryFolder();
  const child = spawn(path, [...ARGUMENTS, ...features, `--user-data-dir=${profile.path}`, "about:blank"], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const takeBack = atExit(() => killGroup(child));
  const kill = async (): Promise<void> => {
    killGroup(child);
    await ended;
    takeBack(); // its number may be another one's from now on
    await profile[Symbol.asyncDispose]();
  };
  try {
    return { address: await debuggerAddress(child), kill, [Symbol.asyncDispose]: kill };
  } catch (error) {
    await kill();
    throw error;
  }
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

function debuggerAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.once("error", reject);
    child.once("close", (code) => reject(new Error(`Chromium ended with ${code}:\n${said.slice(-4_000)}`)));
    if (!child.stderr) return;
    createInterface({ input: child.stderr }).on("line", (line) => {
      said += `${line}\n`;
      const address = /DevTools listening on (ws:\S+)/.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
  });
}
