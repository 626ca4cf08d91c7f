import { fileURLToPath } from "node:url";

/** The repository's root, however the tool was started. */
export const repositoryRoot = fileURLToPath(new URL("../", import.meta.url));

export function inRepository(path: string): string {
  return fileURLToPath(new URL(path, new URL("../", import.meta.url)));
}
