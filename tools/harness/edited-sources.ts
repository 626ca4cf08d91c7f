/** The sources with some text replaced while they are bundled, so that the product has no hooks for it. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Plugin } from "esbuild";

export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  /** White space matches any white space. */
  readonly from: string;
  readonly to: string;
}

/** The text with one replacement; throws unless there is exactly one place for it. */
export function replaceOnce(source: string, { file, from, to }: Edit): string {
  const pattern = from
    .trim()
    .split(/\s+/)
    .map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const found = [...source.matchAll(new RegExp(pattern.join("\\s+"), "g"))];
  const [match] = found;
  if (match === undefined || found.length > 1) {
    throw new Error(`${file} has ${found.length} places that read "${from}": an edit needs exactly one`);
  }
  return source.slice(0, match.index) + to + source.slice(match.index + match[0].length);
}

/** Applies the edits to the files that a bundle needs. */
export const editing = (root: string, edits: readonly Edit[]): Plugin => ({
  name: "edited-sources",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const own = edits.filter(({ file }) => path === join(root, file));
      return { contents: own.reduce(replaceOnce, source), loader: "ts", resolveDir: dirname(path) };
    });
  },
});
