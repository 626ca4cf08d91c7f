/** tab-election, which uses Web Locks, between two pages of one origin. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { requireClient } from "./installed.ts";
import { withPages } from "./pages.ts";
import type { HandOver } from "./server.ts";

/** Its file. */
export const requireTabElection = (): Promise<string> =>
  requireClient("tab-election", async () => import.meta.resolve("tab-election"));

/** From `relinquishLeadership` in one page to the callback of `waitForLeadership` in the other. */
export async function withTabElection<T>(work: (handOver: HandOver) => Promise<T>): Promise<T> {
  const library = await requireTabElection();
  return withPages(`${await asScript(fileURLToPath(library))}\n${SCRIPT}`, work);
}

async function asScript(file: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    format: "iife",
    globalName: "tabElection",
    write: false,
  });
  return outputFiles.map(({ text }) => text).join("\n");
}

/** The browser takes requests in order, so an answer to a query shows that the request before it has arrived. */
const SCRIPT = `
  const tab = new tabElection.Tab("bench");
  globalThis.request = () => new Promise((granted) => void tab.waitForLeadership(() => { granted(now()); }));
  globalThis.release = () => { const at = now(); tab.relinquishLeadership(); return at; };
  globalThis.isQueued = async () => void await navigator.locks.query();
`;
