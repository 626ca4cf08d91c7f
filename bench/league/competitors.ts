/** Who takes part, and in which faults not. */
import type { EntrantName } from "./entrants/entrants.ts";
import type { FaultName } from "./faults.ts";
import { type PageName, withPages } from "./page-stage.ts";
import { withProcesses } from "./process-stage.ts";
import type { Setting, Stage } from "./stage.ts";

export interface Competitor {
  readonly id: EntrantName | PageName;
  readonly name: string;
  readonly isOurs?: true;
  /** Faults that do not apply, and why. */
  readonly excused?: Readonly<Partial<Record<FaultName, string>>>;
  readonly on: <T>(setting: Setting, work: (stage: Stage) => Promise<T>) => Promise<T>;
}

const processes = (id: EntrantName, name: string): Competitor => ({
  id,
  name,
  on: (setting, work) => withProcesses(id, setting, work),
});

const pages = (id: PageName, name: string, why: Readonly<Record<"path" | "server" | "clock", string>>): Competitor => ({
  id,
  name,
  excused: {
    "half-open": why.path,
    backend: why.server,
    "clock-forward": why.clock,
    "clock-back": why.clock,
    "clock-back-half-open": why.clock,
  },
  on: (setting, work) => withPages(id, setting, work),
});

const IN_ONE_BROWSER = {
  path: "there is no path: the browser's own process keeps the locks",
  server: "the server is the browser, which takes its pages with it",
  clock: "there is no time-out, so no clock",
};

const AS_IN_NODE = "the same code as in Node, whose row shows it";

export const COMPETITORS: readonly Competitor[] = [
  { ...processes("ours", "edge-election"), isOurs: true },
  processes("zookeeper", "ZooKeeper"),
  processes("etcd", "etcd"),
  processes("redlock", "Redis, redlock"),
  processes("safe-redis-leader", "Redis, safe-redis-leader"),
  {
    ...pages("ours-in-pages", "edge-election in pages", { path: AS_IN_NODE, server: AS_IN_NODE, clock: AS_IN_NODE }),
    isOurs: true,
  },
  pages("web-locks", "Web Locks", IN_ONE_BROWSER),
  pages("tab-election", "tab-election", IN_ONE_BROWSER),
];
