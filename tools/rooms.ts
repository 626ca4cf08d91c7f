/** The rooms of the source, and how large each is: none is to become a house of its own. */
import { readFile } from "node:fs/promises";
import { inRepository } from "./paths.ts";
import { sourceFiles } from "./source-files.ts";

const houses = ["shared", "worker", "client", "testing", "cli", "tools"];
/** Of all lines of the source. */
const LARGEST_SHARE = 0.25;

export interface Room {
  /** `worker/group`, or `client` for what is in no folder of it. */
  readonly name: string;
  readonly lines: number;
}

/** The largest first. Folders within a room belong to it. */
export async function rooms(): Promise<Room[]> {
  const lines = new Map<string, number>();
  for (const file of await sourceFiles(houses)) {
    const room = roomOf(file);
    const source = await readFile(inRepository(file), "utf8");
    lines.set(room, (lines.get(room) ?? 0) + source.split("\n").length - 1);
  }
  return Array.from(lines, ([name, count]) => ({ name, lines: count })).sort((left, right) => right.lines - left.lines);
}

export const roomOf = (file: string): string => file.split("/").slice(0, -1).slice(0, 2).join("/");

const total = (all: readonly Room[]): number => all.reduce((sum, { lines }) => sum + lines, 0);

const percent = ({ lines }: Room, all: readonly Room[]): number => Math.round((100 * lines) / total(all));

/** One line: `worker/group 3805 (17 %), ...`. */
export const roomsText = (all: readonly Room[]): string =>
  all.map((room) => `${room.name} ${room.lines} (${percent(room, all)} %)`).join(", ");

/** Rooms that hold more than a quarter of the source, one clause each. */
export const roomProblems = (all: readonly Room[]): string[] =>
  all
    .filter(({ lines }) => lines > LARGEST_SHARE * total(all))
    .map((room) => `${room.name} holds ${percent(room, all)} % of the source: move a part of it to a room of its own`);
