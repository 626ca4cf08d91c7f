/**
 * Real processes that contend in a group of a real backend, as a fault test sees them.
 *
 * Entry of the room `tools/harness`: starts and watches the real things that tests and measurements need, such as
 * processes, a browser, folders and attacks. `test/`, `bench/` and `examples/` may import it; it may import everything
 * but the cores. It never imports a test, and is never published.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { atExit } from "../../cli/at-exit.ts";
import { statusOf } from "./backend-answers.ts";
import type { ContenderConfig, ContenderOrder } from "./contender.main.ts";
import { temporaryFolder } from "./folder.ts";
import { type History, readHistory } from "./history.ts";
import { PATIENCE_MS } from "./patience.ts";

const PROGRAM = fileURLToPath(new URL("contender.main.ts", import.meta.url));

/** A callback of a contender ran; `at` is nanoseconds on the machine's monotonic clock. */
export interface Told {
  readonly event: string;
  readonly component: string;
  readonly epoch: number;
  readonly at: string;
}

export interface Member {
  readonly name: string;
  readonly child: ChildProcess;
  /** Everything it has reported so far. */
  readonly told: readonly Told[];
  /** The components that it believes to lead. */
  readonly leads: ReadonlyMap<string, number>;
  order(order: ContenderOrder): void;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
}

export interface Cluster {
  readonly members: readonly Member[];
  start(name: string, config?: Partial<ContenderConfig>): Member;
  /** The member that has reported a grant of this component with a higher epoch than `after`. */
  leader(component: string, after?: number): Promise<Member>;
  /** Resolves with the first value that is not `undefined`; looks after every report. */
  until<T>(what: string, find: () => T | undefined): Promise<T>;
  histories(): History[];
  /** Kills all members that are left. */
  end(): Promise<void>;
}

export async function startCluster(url: string, group: string, components: readonly string[]): Promise<Cluster> {
  const folder = await temporaryFolder();
  const members: Member[] = [];
  const looks = new Set<() => void>();
  const until = <T>(what: string, find: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        looks.delete(look);
        reject(
          new Error(
            `waited in vain for ${what}; told: ${JSON.stringify(members.map(({ name, told }) => [name, told]))}`,
          ),
        );
      }, PATIENCE_MS);
      const look = (): void => {
        const value = find();
        if (value === undefined) return;
        clearTimeout(timer);
        looks.delete(look);
        resolve(value);
      };
      looks.add(look);
      look();
    });
  const changed = (): void => {
    for (const look of [...looks]) look();
  };
  const fileOf = (name: string): string => join(folder.path, `${name}.jsonl`);
  return {
    members,
    until,
    start(name, config = {}) {
      const full = { url, group, name, components, historyFile: fileOf(name), ...config };
      const member = startMember(full, changed);
      members.push(member);
      return member;
    },
    leader: (component, after = 0) =>
      until(`a leader of ${component}`, () => members.find(({ leads }) => (leads.get(component) ?? 0) > after)),
    histories: () => members.map(({ name }) => readHistory(name, fileOf(name))),
    async end() {
      for (const { child } of members) child.kill("SIGKILL");
      await Promise.all(members.map(({ ended }) => ended));
      await folder[Symbol.asyncDispose]();
    },
  };
}

function startMember(config: ContenderConfig, changed: () => void): Member {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(config)], { stdio: ["pipe", "pipe", "inherit"] });
  const takeBack = atExit(() => child.kill("SIGKILL"));
  const told: Told[] = [];
  const leads = new Map<string, number>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const event: Told = JSON.parse(line);
    told.push(event);
    if (event.event === "grant") leads.set(event.component, event.epoch);
    else leads.delete(event.component);
    changed();
  });
  child.stdin.on("error", () => undefined); // an order to a process that has been killed is lost
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => {
      takeBack();
      leads.clear();
      changed();
      resolve();
    });
  });
  return {
    name: config.name,
    child,
    told,
    leads,
    ended,
    order: (order) => void child.stdin.write(`${JSON.stringify(order)}\n`),
  };
}

const LOOK_EVERY_MS = 20;

/** Resolves when the group lists this process among the candidates of its process election. */
export async function candidate(url: string, group: string, name: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const { elections } = await statusOf(url, group);
    if (elections.some(({ candidates }) => candidates.some((other) => other.ready && other.process === name))) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  throw new Error(`waited in vain for ${name} to be a candidate of ${group}`);
}
