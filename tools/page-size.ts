import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { bundleAssets } from "./bundle-assets.ts";

/** Small enough for an operator who opens the dashboard at night, on a telephone. */
export const DASHBOARD_LIMIT_BYTES = 72_000;
const page = "dashboard/dashboard.html";

/** Gzipped bytes of the dashboard: the page and every file that it names, each once. */
export async function dashboardBytes(): Promise<number> {
  const folder = await bundleAssets();
  const read = (file: string): Promise<Buffer> => readFile(`${folder}/${file}`);
  const files = [page, ...filesOf((await read(page)).toString())];
  const sizes = await Promise.all(files.map(async (file) => gzipSync(await read(file), { level: 9 }).length));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Scripts are bundled and styles import nothing, so a page names every file that it loads. */
export const filesOf = (html: string): string[] => [
  ...new Set([...html.matchAll(/(?:href|src)="\/([^"?#]+\.\w+)"/g)].map((match) => match[1] ?? "")),
];

/** Problems of that size, one clause each. */
export const dashboardSizeProblems = (bytes: number): string[] =>
  bytes > DASHBOARD_LIMIT_BYTES
    ? [
        `the dashboard is ${bytes} bytes gzipped, ${bytes - DASHBOARD_LIMIT_BYTES} over the limit of ${DASHBOARD_LIMIT_BYTES}`,
      ]
    : [];
