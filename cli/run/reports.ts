/** What `edge-election run` writes to standard error: its standard output belongs to the command. */
import type { LossReason } from "../../client/index.ts";
import { legible, legibleJson } from "../../shared/legible.ts";
import { unreachable } from "../../shared/unreachable.ts";

export type RunEvent =
  | { readonly event: "connection"; readonly state: "lost" | "back" }
  | { readonly event: "leading"; readonly epoch: number; readonly leaderSessionId: string }
  | { readonly event: "started"; readonly epoch: number }
  | { readonly event: "ended"; readonly code: number | null; readonly signal: NodeJS.Signals | null }
  | { readonly event: "stopped"; readonly epoch: number }
  | { readonly event: "lost"; readonly epoch: number; readonly reason: LossReason }
  /** The occurrence was not run here. `by`: who has run it; `null`: nobody will. */
  | { readonly event: "elsewhere"; readonly outcome: string; readonly by: string | null }
  /** The command was not run. `by`: who leads; `null`: nobody that is known. */
  | { readonly event: "led"; readonly by: string | null; readonly epoch: number | null }
  | { readonly event: "warning"; readonly message: string };

export interface Reporter {
  report(event: RunEvent): void;
  /** Shown on a terminal only, in place. An empty text clears it. */
  progress(text: string): void;
}

interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export function createReporter(terminal: Terminal, { json, quiet }: { json: boolean; quiet: boolean }): Reporter {
  const showsProgress = terminal.isTTY === true && !json && !quiet;
  let isShown = false;
  const clear = (): void => {
    if (isShown) terminal.write("\r\u001b[K");
    isShown = false;
  };
  return {
    report(event) {
      if (json) return void terminal.write(`${legibleJson({ at: Date.now(), ...event })}\n`);
      if (quiet && event.event !== "warning") return;
      clear();
      terminal.write(`edge-election: ${textOf(event)}\n`);
    },
    progress(text) {
      if (!showsProgress) return;
      clear();
      isShown = text !== "";
      if (isShown) terminal.write(`edge-election: ${legible(text)}`);
    },
  };
}

const CONNECTION = {
  lost: "the connection is lost: trying again while the lease runs",
  back: "the connection is back",
} as const;

function textOf(event: RunEvent): string {
  switch (event.event) {
    case "connection":
      return CONNECTION[event.state];
    case "leading":
      return `leading with epoch ${event.epoch}`;
    case "started":
      return "the command has started";
    case "ended":
      return event.signal === null ? `the command ended with ${event.code}` : `the command ended by ${event.signal}`;
    case "stopped":
      return "the command was stopped, and its process group is gone";
    case "lost":
      return `no longer leading: ${event.reason}`;
    case "elsewhere":
      return `not run here: ${event.outcome}${event.by === null ? "" : ` by ${legible(event.by)}`}`;
    case "led":
      if (event.by === null) return "not run: others come first, or the group grants nothing now";
      return `not run: ${legible(event.by)} leads, epoch ${event.epoch}`;
    case "warning":
      return legible(event.message);
    default:
      return unreachable(event);
  }
}
