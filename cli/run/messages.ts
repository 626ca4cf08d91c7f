/** The messages on the pipe between `edge-election run` and its supervisor. */
import type { Instant } from "./instant.ts";

/** From `edge-election run`. */
export type Order =
  /** The first one starts the command. Each later one says that a renewal was answered. */
  | { readonly type: "lease"; readonly terminateAt: Instant; readonly killAt: Instant }
  /** The term has ended: SIGTERM now, SIGKILL after the grace. */
  | { readonly type: "stop"; readonly graceMs: number }
  | { readonly type: "signal"; readonly signal: NodeJS.Signals };

/** From the supervisor. */
export type Report =
  | { readonly type: "started" }
  | { readonly type: "failed"; readonly code: string; readonly message: string }
  /** `stopped`: the command had been told to end. Other processes of its group may still live. */
  | {
      readonly type: "ended";
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
      readonly stopped: boolean;
    };
