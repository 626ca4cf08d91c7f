import { readdir } from "node:fs/promises";
import { inRepository } from "./paths.ts";

/** Every TypeScript file below these folders of the repository, as `folder/file.ts`, sorted, without packages. A missing folder is empty. */
export async function sourceFiles(folders: readonly string[]): Promise<string[]> {
  const found = await Promise.all(folders.map(filesBelow));
  return found.flat().sort();
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(inRepository(folder), { recursive: true, withFileTypes: true }).catch(() => []);
  const root = inRepository("");
  return entries
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(root.length))
    .filter((file) => !file.includes("/node_modules/"));
}
