/** Process groups of POSIX systems: who is in one, and telling all of them at once. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** False where nobody is in the group any more. */
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

/** The living ones. Those that have ended and were not collected yet are in the group still, and can do nothing. */
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

/** From its state on: what comes before is its name, which may hold anything. Empty where it has ended meanwhile. */
function fieldsOf(processId: string): string[] {
  try {
    const text = readFileSync(`/proc/${processId}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

function membersByTool(groupId: number): number[] {
  const table = execFileSync("ps", ["-A", "-o", "pid=,pgid=,stat="], { encoding: "utf8" });
  return table.split("\n").flatMap((line) => {
    const [member = "", group = "", state = "Z"] = line.trim().split(/\s+/);
    return Number(group) === groupId && !state.startsWith("Z") ? [Number(member)] : [];
  });
}
