/** The sources of the pages: nothing in them turns data into HTML or code. */
import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { sourceFiles } from "../../../tools/source-files.ts";

const SINKS =
  /\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|setHTMLUnsafe|createContextualFragment|eval)\b|\bnew Function\b|setAttribute\(\s*["']on/;

test("no page writes HTML or runs text", async () => {
  const files = (await sourceFiles(["worker"])).filter((file) => file.startsWith("worker/pages/"));
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) {
    const source = await readFile(new URL(`../../../${file}`, import.meta.url), "utf8");
    expect([file, SINKS.exec(source)?.[0]]).toEqual([file, undefined]);
  }
  expect(SINKS.test('element.innerHTML = "<b>"')).toBe(true);
});

test("no page has inline code or style", async () => {
  const folder = new URL("../../../worker/pages/", import.meta.url);
  const pages = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith(".html"));
  expect(pages.length).toBeGreaterThan(0);
  for (const page of pages) {
    const text = await readFile(new URL(page, folder), "utf8");
    expect([page, /<script(?![^>]*\bsrc=)|\son\w+\s*=|javascript:|<style/i.exec(text)?.[0]]).toEqual([page, undefined]);
  }
});
