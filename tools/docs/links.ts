import { existsSync } from "node:fs";
import { posix } from "node:path";
import { inRepository } from "../paths.ts";
import type { Link, Page } from "./markdown.ts";

/** Pages that need no link, because tools read them or the code host shows them. */
const needNoLink = new Set(["README.md"]);

/** Links to missing files or anchors, and pages without a link to them, one clause each. Other hosts are not asked. */
export function linkProblems(
  pages: readonly Page[],
  exists = (path: string) => existsSync(inRepository(path)),
): string[] {
  const byPath = new Map(pages.map((page) => [page.path, page]));
  const broken = pages.flatMap((page) =>
    page.links.flatMap((link) => {
      const problem = problemOf(page, link, byPath, exists);
      return problem === undefined ? [] : [`${page.path}:${link.line} links to ${link.target}: ${problem}`];
    }),
  );
  const reached = new Set(
    pages.flatMap((page) => page.links.map(({ target }) => fileOf(page, target)).filter((file) => file !== page.path)),
  );
  const orphans = pages.filter(({ path }) => !needNoLink.has(path) && !reached.has(path));
  return [...broken, ...orphans.map(({ path }) => `no page links to ${path}`)];
}

function problemOf(
  page: Page,
  { target }: Link,
  pages: ReadonlyMap<string, Page>,
  exists: (path: string) => boolean,
): string | undefined {
  if (/^(https?|mailto):/.test(target)) return undefined;
  const file = fileOf(page, target);
  if (file.startsWith("..")) return "that is outside of the repository";
  if (!exists(file)) return "there is no such file";
  const anchor = /#(.+)$/.exec(target)?.[1];
  if (anchor === undefined) return undefined;
  const headings = pages.get(file)?.anchors;
  if (headings === undefined) return "an anchor needs a page";
  return headings.has(decodeURIComponent(anchor)) ? undefined : `${file} has no heading with that anchor`;
}

/** The file of the repository to which a link of the page leads. */
export function fileOf(page: Page, target: string): string {
  const [path = ""] = target.split("#");
  if (path === "") return page.path;
  return posix.normalize(posix.join(posix.dirname(page.path), decodeURIComponent(path))).replace(/\/$/, "");
}
