/** What runs over the pipe between `edge-election run` and its supervisor. */
import type { Instant } from "./instant.ts";

export type Order =
  /** First of all it starts the command; every one after it says that a renewal was answered. */
  | { readonly type: "lease"; readonly terminateAt: Instant; readonly killAt: Instant }
  /** The term has ended: SIGTERM now, SIGKILL after the grace. */
  | { readonly type: "stop"; readonly graceMs: number }
  | { readonly type: "signal"; readonly signal: NodeJS.Signals };

export type News =
  | { readonly type: "started" }
  | { readonly type: "failed"; readonly code: string; readonly message: string }
  /** `stopped`: it had been told to end. Others of its process group may still live. */
  | {
      readonly type: "ended";
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
      readonly stopped: boolean;
    };
