/** What a process costs, as Linux counts it. */
import { readFile } from "node:fs/promises";

/** Linux counts in hundredths of a second, whatever its clock. */
const MS_A_TICK = 10;

/** User and system time so far, in milliseconds. */
export async function cpuMs(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8"))
    .replace(/^.*\) /, "")
    .split(" ")
    .map(Number);
  const [user = 0, system = 0] = fields.slice(11);
  return (user + system) * MS_A_TICK;
}

/** Resident memory now. */
export async function residentMb(pid: number): Promise<number> {
  const [, kilobytes = 0] = /^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? [];
  return Math.round(Number(kilobytes) / 1_024);
}
