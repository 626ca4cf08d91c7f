/** Processes and process groups of POSIX systems: the members of a group, a signal to all of them, the parent of one. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Returns false where the group is empty. */
export function signalGroup(groupId: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(-groupId, signal);
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

const isGone = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ESRCH" || error.code === "EPERM");

/** The living members. A process that has ended and was not collected yet is still in the group, and can do nothing. */
export function membersOfGroup(groupId: number): number[] {
  return process.platform === "linux" ? membersByFiles(groupId) : membersByTool(groupId);
}

function membersByFiles(groupId: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const [state = "Z", , group = ""] = fieldsOf(name);
      return Number(group) === groupId && !"ZX".includes(state) ? [Number(name)] : [];
    });
}

/** The fields from the state on. Empty where the process has ended meanwhile. */
const fieldsOf = (processId: string): string[] => statOf(processId)?.fields ?? [];

/** The name may contain anything, so the fields begin behind the last parenthesis. */
function statOf(processId: string): { readonly name: string; readonly fields: string[] } | undefined {
  try {
    const text = readFileSync(`/proc/${processId}/stat`, "utf8");
    const end = text.lastIndexOf(")");
    return { name: text.slice(text.indexOf("(") + 1, end), fields: text.slice(end + 2).split(" ") };
  } catch {
    return undefined;
  }
}

export interface ProcessEntry {
  /** The name of the program; on some systems with its path. */
  readonly name: string;
  readonly parent: number;
}

/** `undefined` where there is no such process, or the system does not say. */
export function processEntry(processId: number): ProcessEntry | undefined {
  if (process.platform !== "linux") return entryByTool(processId);
  const stat = statOf(String(processId));
  return stat && { name: stat.name, parent: Number(stat.fields[1]) };
}

function entryByTool(processId: number): ProcessEntry | undefined {
  try {
    const line = execFileSync("ps", ["-o", "ppid=,comm=", "-p", String(processId)], { encoding: "utf8" }).trim();
    return { name: line.replace(/^\d+\s+/, ""), parent: Number.parseInt(line, 10) };
  } catch {
    return undefined;
  }
}

function membersByTool(groupId: number): number[] {
  const table = execFileSync("ps", ["-A", "-o", "pid=,pgid=,stat="], { encoding: "utf8" });
  return table.split("\n").flatMap((line) => {
    const [member = "", group = "", state = "Z"] = line.trim().split(/\s+/);
    return Number(group) === groupId && !state.startsWith("Z") ? [Number(member)] : [];
  });
}
