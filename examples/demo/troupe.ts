/** The processes of the demo, as their parent sees them: what each has reported about its leaderships. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { atExit } from "../../cli/at-exit.ts";
import type { CallbackReport, Order, Report } from "./messages.ts";

const PROGRAM = fileURLToPath(new URL("process.ts", import.meta.url));

export interface Member {
  readonly name: string;
  /** The current grants, by component. */
  readonly leads: ReadonlyMap<string, CallbackReport>;
  /** Callbacks that have run so far. */
  readonly callbacks: readonly CallbackReport[];
  send(order: Order): void;
  /** Resolves with the exit code once the process has ended, or with `null` if the signal ended it at once. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts a process. `onChange` is called after each of its callbacks. */
export function startMember(
  url: string,
  group: string,
  name: string,
  components: readonly string[],
  onChange: () => void,
): Member {
  const child = spawn(process.execPath, [PROGRAM, url, group, name, ...components], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  atExit(() => child.kill("SIGKILL"));
  child.stdin.on("error", () => undefined); // an order to a process that has ended is lost
  const leads = new Map<string, CallbackReport>();
  const callbacks: CallbackReport[] = [];
  const receive = (report: Report): void => {
    if (report.callback === "error") return;
    if (report.callback === "grant") leads.set(report.component, report);
    else leads.delete(report.component);
    callbacks.push(report);
    onChange();
  };
  createInterface({ input: child.stdout }).on("line", (line) => receive(JSON.parse(line) as Report));
  return {
    name,
    leads,
    callbacks,
    send: (order) => void child.stdin.write(`${JSON.stringify(order)}\n`),
    end: (signal) => endProcess(child, signal),
  };
}

async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, "close");
  child.kill(signal);
  const [code] = await ended;
  return typeof code === "number" ? code : null;
}
