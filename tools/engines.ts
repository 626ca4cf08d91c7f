/** Whether everything that is installed runs on the Node that this project names. */
import { readFile } from "node:fs/promises";
import { inRepository } from "./paths.ts";

type Version = readonly [major: number, minor: number, patch: number];

interface Installed {
  readonly engines?: { readonly node?: string } | readonly string[];
  readonly dev?: boolean;
  readonly optional?: boolean;
}

/** Packages of the lock file that do not run on the Node for which they are installed; one clause each. */
export async function engineProblems(): Promise<string[]> {
  const read = (file: string): Promise<string> => readFile(inRepository(file), "utf8");
  const lock: { readonly packages: Readonly<Record<string, Installed>> } = JSON.parse(await read("package-lock.json"));
  const { engines }: { engines: { node: string } } = JSON.parse(await read("package.json"));
  const used = versionIn(engines.node);
  const checkout = /Both run in this checkout, on Node ([\d.]+)/.exec(await read("README.md"))?.[1];
  if (checkout === undefined) return ['README.md does not say "Both run in this checkout, on Node ..."'];
  return Object.entries(lock.packages).flatMap(([path, { engines: own, dev, optional }]) => {
    const range = own !== undefined && "node" in own ? own.node : undefined;
    if (path === "" || optional === true || range === undefined) return [];
    const version = dev === true ? versionIn(checkout) : used;
    return fits(version, range) ? [] : [`${path} needs Node ${range}, and is to run on ${version.join(".")}`];
  });
}

/** For the ranges that packages use for `engines`; throws for others. */
export const fits = (version: Version, range: string): boolean =>
  range.split("||").some((part) => fitsPart(version, part.trim()));

function fitsPart(version: Version, part: string): boolean {
  if (part === "*" || part === "") return true;
  const [, operator = "", wanted] = /^(>=|\^|)\s*(\d[\d.]*?)(?:\.[*x])*$/.exec(part) ?? [];
  if (wanted === undefined) throw new Error(`the range ${part} is not understood: extend tools/engines.ts`);
  const least = versionIn(wanted);
  return isAtLeast(version, least) && (operator === ">=" || version[0] === least[0]);
}

function isAtLeast(version: Version, least: Version): boolean {
  const at = version.findIndex((number, place) => number !== least[place]);
  return at === -1 || (version[at] ?? 0) > (least[at] ?? 0);
}

function versionIn(text: string): Version {
  const [major = 0, minor = 0, patch = 0] = (/[\d.]+/.exec(text)?.[0] ?? "").split(".").map(Number);
  return [major, minor, patch];
}
