/** The rooms of the source: how large each is, and whether its entry says what it is for. */
import { readFile } from "node:fs/promises";
import { inRepository } from "./paths.ts";
import { sourceFiles } from "./source-files.ts";

const houses = ["shared", "worker", "client", "testing", "cli", "tools", "bench"];
/** The largest part of all lines of the source. */
const LARGEST_SHARE = 0.25;

export interface Room {
  /** `worker/group`, or `client` for its own files. */
  readonly name: string;
  readonly lines: number;
  /** The comments that begin with `Entry of the room ...`. There must be one. */
  readonly entries: readonly string[];
}

/** The largest first. Folders within a room belong to it. */
export async function rooms(): Promise<Room[]> {
  const found = new Map<string, Room>();
  for (const file of await sourceFiles(houses)) {
    const name = roomOf(file);
    const source = await readFile(inRepository(file), "utf8");
    const { lines, entries } = found.get(name) ?? { lines: 0, entries: [] };
    found.set(name, {
      name,
      lines: lines + source.split("\n").length - 1,
      entries: [...entries, ...entryComments(source, name)],
    });
  }
  return [...found.values()].sort((left, right) => right.lines - left.lines);
}

function roomOf(file: string): string {
  const folders = file.split("/").slice(0, -1);
  return folders.slice(0, folders[0] === "bench" ? 1 : 2).join("/");
}

/** The paragraph of the file's first comment that begins with `Entry of the room`, as one line. */
export function entryComments(source: string, room: string): string[] {
  const comment = /^(?:#!.*\n)?\/\*\*([\s\S]*?)\*\//.exec(source)?.[1] ?? "";
  const paragraphs = comment.replace(/^\s*\* ?/gm, "").split("\n\n");
  const texts = paragraphs.map((paragraph) => paragraph.replace(/\s+/g, " ").trim());
  return texts.filter((text) => text.startsWith(`Entry of the room \`${room}\``));
}

const total = (all: readonly Room[]): number => all.reduce((sum, { lines }) => sum + lines, 0);

const percent = ({ lines }: Room, all: readonly Room[]): number => Math.round((100 * lines) / total(all));

/** `worker/group 3805 (17 %), ...` */
export const roomsText = (all: readonly Room[]): string =>
  all.map((room) => `${room.name} ${room.lines} (${percent(room, all)} %)`).join(", ");

/** Rooms that are too large, or whose entry is missing or says too little; one clause each. */
export const roomProblems = (all: readonly Room[]): string[] => all.flatMap((room) => problemsOf(room, all));

function problemsOf(room: Room, all: readonly Room[]): string[] {
  const isLarge = room.lines > LARGEST_SHARE * total(all);
  return [
    ...(isLarge ? [`${room.name} holds ${percent(room, all)} % of the source: move a part to a room of its own`] : []),
    ...entryProblems(room),
  ];
}

function entryProblems({ name, entries: [entry, ...others] }: Room): string[] {
  if (entry === undefined) {
    return [
      `${name} has no entry: begin its main file with a comment that has a paragraph "Entry of the room \`${name}\`"`,
    ];
  }
  if (others.length > 0) return [`${name} has ${others.length + 1} entries`];
  const missing = [
    ...(/\bimports? (it|them|its)\b/.test(entry) ? [] : ["who imports it"]),
    ...(/\bnever\b/.test(entry) ? [] : ["what it never does"]),
  ];
  return missing.map((what) => `the entry of ${name} does not say ${what}`);
}
