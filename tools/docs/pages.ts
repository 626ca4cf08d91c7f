import { readdir, readFile } from "node:fs/promises";
import { inRepository, repositoryRoot } from "../paths.ts";
import { type Page, parsePage } from "./markdown.ts";

/** Folders that Git ignores, or that are not ours. */
const notOurs = /^(node_modules|dist|dist\..*|reports|coverage|\.git|\.tsbuild|\.wrangler|\.data)(\/|$)/;

/** Every Markdown page of the repository, as a path relative to it, sorted. */
export async function pagePaths(): Promise<string[]> {
  const top = await readdir(repositoryRoot, { withFileTypes: true });
  const found = await Promise.all(
    top
      .filter(({ name }) => !notOurs.test(name))
      .map(async (entry) => {
        if (!entry.isDirectory()) return [entry.name];
        const below = await readdir(inRepository(entry.name), { recursive: true, withFileTypes: true });
        return below.map(({ parentPath, name }) => `${parentPath}/${name}`.slice(repositoryRoot.length));
      }),
  );
  return found
    .flat()
    .filter((path) => path.endsWith(".md") && !path.includes("node_modules/"))
    .sort();
}

export async function readPages(): Promise<Page[]> {
  return Promise.all(
    (await pagePaths()).map(async (path) => parsePage(path, await readFile(inRepository(path), "utf8"))),
  );
}
